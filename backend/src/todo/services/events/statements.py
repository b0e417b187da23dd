"""Statements on the change log and on credentials, for live events."""

from sqlalchemy import ARRAY, BigInteger, DateTime, Text, Uuid, any_, bindparam, or_, select

from todo.core.database.statement import Statement
from todo.models import AccessToken, Change, ChangeClock, LoginSession, User
from todo.services.shared.tables import table_of

CHANGES, CLOCKS, USERS = table_of(Change), table_of(ChangeClock), table_of(User)
LOGIN_SESSIONS, TOKENS = table_of(LoginSession), table_of(AccessToken)
USER_IDS = bindparam("user_ids", type_=ARRAY(Uuid))
NOW = bindparam("now", type_=DateTime(timezone=True))

SELECT_EVENTS = Statement(
    select(CHANGES.c.seq, CHANGES.c.batch, CHANGES.c.at, CHANGES.c.type, CHANGES.c.id, CHANGES.c.action)
    .where(
        CHANGES.c.user_id == bindparam("user_id", type_=Uuid),
        CHANGES.c.seq > bindparam("seq", type_=BigInteger),
        CHANGES.c.type == any_(bindparam("types", type_=ARRAY(Text))),
    )
    .order_by(CHANGES.c.seq)
    .limit(bindparam("limit", type_=BigInteger))
)
SELECT_CLOCKS = Statement(select(CLOCKS.c.user_id, CLOCKS.c.seq).where(CLOCKS.c.user_id == any_(USER_IDS)))
"""Returns the numbers of the last changes of several users."""
SELECT_LIVE_LOGIN_SESSIONS = Statement(
    select(LOGIN_SESSIONS.c.id).where(
        LOGIN_SESSIONS.c.user_id == any_(USER_IDS),
        LOGIN_SESSIONS.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))),
        LOGIN_SESSIONS.c.revoked_at.is_(None),
        LOGIN_SESSIONS.c.expires_at > NOW,
    )
)
"""Returns the login sessions among `ids` that have not ended."""
SELECT_LIVE_TOKENS = Statement(
    select(TOKENS.c.id)
    .join(USERS, USERS.c.id == TOKENS.c.user_id)
    .where(
        TOKENS.c.user_id == any_(USER_IDS),
        TOKENS.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger))),
        or_(TOKENS.c.expires_at.is_(None), TOKENS.c.expires_at > NOW),
        USERS.c.disabled_at.is_(None),
    )
)
"""Returns the personal access tokens among `ids` that are accepted."""
