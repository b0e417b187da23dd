"""Statements of the operator on the accounts of users."""

from sqlalchemy import String, Text, Uuid, bindparam, delete, func, select, update

from todo.core.database.statement import Statement
from todo.models import AccessToken, LoginSession, User
from todo.services.accounts.statements import NO_PENDING_EMAIL, NOW, PUBLIC_COLUMNS
from todo.services.shared.tables import table_of

USERS, LOGIN_SESSIONS, TOKENS = table_of(User), table_of(LoginSession), table_of(AccessToken)
IS_USER = USERS.c.id == bindparam("user_id", type_=Uuid)

_token_use = select(func.max(TOKENS.c.last_used_at)).where(TOKENS.c.user_id == USERS.c.id).scalar_subquery()
_summaries = select(*PUBLIC_COLUMNS, USERS.c.disabled_at, _token_use.label("token_used_at"))
SELECT_SUMMARIES = Statement(_summaries.order_by(USERS.c.email_key))
SELECT_SUMMARY = Statement(_summaries.where(USERS.c.email_key == bindparam("email_key", type_=Text)))
_session_uses = (
    select(
        LOGIN_SESSIONS.c.user_id,
        func.count().label("login_sessions"),
        func.max(LOGIN_SESSIONS.c.last_used_at).label("last_used_at"),
    )
    .where(LOGIN_SESSIONS.c.revoked_at.is_(None), LOGIN_SESSIONS.c.expires_at > NOW)
    .group_by(LOGIN_SESSIONS.c.user_id)
)
SELECT_ALL_SESSION_USES = Statement(_session_uses)
SELECT_SESSION_USES = Statement(_session_uses.where(LOGIN_SESSIONS.c.user_id == bindparam("user_id", type_=Uuid)))
"""Both count the live login sessions of users who have some. Citus joins no accounts with the sessions of all nodes."""
DISABLE_USER = Statement(update(USERS).where(IS_USER, USERS.c.disabled_at.is_(None)).values(disabled_at=NOW))
CANCEL_EMAIL_CHANGE = Statement(update(USERS).where(IS_USER).values(**NO_PENDING_EMAIL))
ENABLE_USER = Statement(update(USERS).where(IS_USER).values(disabled_at=None))
SET_PASSWORD = Statement(
    update(USERS).where(IS_USER).values(password_hash=bindparam("password_hash", type_=String), **NO_PENDING_EMAIL)
)
"""A pending address may be that of a stranger, so it is cancelled."""
DELETE_USER = Statement(delete(USERS).where(IS_USER))
