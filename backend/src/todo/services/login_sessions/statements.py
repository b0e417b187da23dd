"""Statements on login sessions; each has the condition that makes it safe beside concurrent ones."""

from sqlalchemy import DateTime, Integer, LargeBinary, String, Uuid, bindparam, delete, insert, select, update

from todo.core.database.statement import Statement
from todo.models import LoginSession, User
from todo.models.accounts.login_session import OWNER_EXISTS
from todo.schemas.login_session import SessionPublic
from todo.services.authentication import InvalidTokenError
from todo.services.shared.batches import in_batch, in_batch_of_shards
from todo.services.shared.tables import binds_of, columns_of, table_of

SWEEP_BATCH = 1000

LOGIN_SESSIONS, USERS = table_of(LoginSession), table_of(User)
USER_ID = bindparam("user_id", type_=Uuid)
LOGIN_SESSION_ID = bindparam("login_session_id", type_=Uuid)
NOW = bindparam("now", type_=DateTime(timezone=True))
EXPIRES_AT = bindparam("expires_at", type_=DateTime(timezone=True))
TOKEN_HASH = bindparam("token_hash", type_=LargeBinary)
IS_OWN_SESSION = (LOGIN_SESSIONS.c.user_id == USER_ID, LOGIN_SESSIONS.c.id == LOGIN_SESSION_ID)
IS_LIVE = (LOGIN_SESSIONS.c.revoked_at.is_(None), LOGIN_SESSIONS.c.expires_at > NOW)
IS_OWNER = LOGIN_SESSIONS.c.user_id == USERS.c.id

VERIFIED = binds_of(USERS, ("password_hash", "totp_enabled", "disabled_at"))
"""The columns of a user that a log-in was checked against."""
_new_session = {
    "user_id": USER_ID,
    "id": LOGIN_SESSION_ID,
    "token_hash": TOKEN_HASH,
    "user_agent": bindparam("user_agent", type_=String),
    "address": bindparam("address", type_=String),
    "created_at": NOW,
    "last_used_at": NOW,
    "rotated_at": NOW,
    "expires_at": EXPIRES_AT,
}
_is_unchanged = (USERS.c[name].is_not_distinct_from(value) for name, value in VERIFIED.items())
INSERT_LOGIN_SESSION = Statement(
    insert(LOGIN_SESSIONS)
    .from_select([*_new_session], select(*_new_session.values()).where(USERS.c.id == USER_ID, *_is_unchanged))
    .returning(LOGIN_SESSIONS.c.id),
    violations={OWNER_EXISTS: InvalidTokenError},
)
"""Inserts nothing if the user was deleted or one of the columns of VERIFIED has changed."""
ROTATE_TOKEN = Statement(
    update(LOGIN_SESSIONS)
    .where(*IS_OWN_SESSION, *IS_LIVE, IS_OWNER, LOGIN_SESSIONS.c.token_hash == TOKEN_HASH)
    .values(
        previous_hash=LOGIN_SESSIONS.c.token_hash,
        token_hash=bindparam("new_hash", type_=LargeBinary),
        rotated_at=NOW,
        last_used_at=NOW,
        expires_at=EXPIRES_AT,
    )
    .returning(USERS.c.email)
)
SELECT_LOGIN_SESSION = Statement(
    select(LOGIN_SESSIONS.c.token_hash, LOGIN_SESSIONS.c.previous_hash, LOGIN_SESSIONS.c.rotated_at, USERS.c.email)
    .join(USERS, IS_OWNER)
    .where(*IS_OWN_SESSION, *IS_LIVE)
)
SELECT_LOGIN_SESSIONS = Statement(
    select(*columns_of(LOGIN_SESSIONS, SessionPublic, without=["current"]))
    .where(LOGIN_SESSIONS.c.user_id == USER_ID, *IS_LIVE)
    .order_by(LOGIN_SESSIONS.c.last_used_at.desc(), LOGIN_SESSIONS.c.id)
)
# The expiry lets the next sweep delete the row.
_end = update(LOGIN_SESSIONS).values(revoked_at=NOW, expires_at=NOW).returning(LOGIN_SESSIONS.c.id)
END_LOGIN_SESSION = Statement(_end.where(*IS_OWN_SESSION, *IS_LIVE))
END_ALL_LOGIN_SESSIONS = Statement(_end.where(LOGIN_SESSIONS.c.user_id == USER_ID, *IS_LIVE))
END_OTHER_LOGIN_SESSIONS = Statement(
    _end.where(LOGIN_SESSIONS.c.user_id == USER_ID, LOGIN_SESSIONS.c.id != LOGIN_SESSION_ID, *IS_LIVE)
)
_surplus = (
    select(LOGIN_SESSIONS.c.id)
    .where(LOGIN_SESSIONS.c.user_id == USER_ID, LOGIN_SESSIONS.c.id != LOGIN_SESSION_ID, *IS_LIVE)
    .order_by(LOGIN_SESSIONS.c.last_used_at.desc())
    .offset(bindparam("others", type_=Integer))
)
END_SURPLUS_LOGIN_SESSIONS = Statement(
    _end.where(LOGIN_SESSIONS.c.user_id == USER_ID, LOGIN_SESSIONS.c.id.in_(_surplus))
)
"""Keeps this login session and the most recently used `others`, and ends the rest."""
_expired = (
    select(LOGIN_SESSIONS.c.user_id, LOGIN_SESSIONS.c.id)
    .where(LOGIN_SESSIONS.c.expires_at < NOW)
    .order_by(LOGIN_SESSIONS.c.expires_at)
    .limit(SWEEP_BATCH)
)
_sweep = delete(LOGIN_SESSIONS).returning(LOGIN_SESSIONS.c.id)
SWEEP = Statement(_sweep.where(in_batch(LOGIN_SESSIONS, _expired)))
SWEEP_SHARDS = Statement(_sweep.where(in_batch_of_shards(LOGIN_SESSIONS, _expired)))
