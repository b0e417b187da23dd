"""The statements on sessions; each carries the condition that makes it safe to run at the same time as another."""

from sqlalchemy import DateTime, LargeBinary, String, Uuid, bindparam, delete, insert, select, tuple_, update

from todo.core.database.session import Statement
from todo.models import LoginSession, User
from todo.models.base import table_of
from todo.schemas.login_session import SessionPublic

SWEPT_AT_ONCE = 1000

SESSIONS, USERS = table_of(LoginSession), table_of(User)
USER_ID = bindparam("user_id", type_=Uuid)
SESSION_ID = bindparam("session_id", type_=Uuid)
NOW = bindparam("now", type_=DateTime(timezone=True))
EXPIRES_AT = bindparam("expires_at", type_=DateTime(timezone=True))
TOKEN_HASH = bindparam("token_hash", type_=LargeBinary)
MINE = (SESSIONS.c.user_id == USER_ID, SESSIONS.c.id == SESSION_ID)
LIVE = (SESSIONS.c.revoked_at.is_(None), SESSIONS.c.expires_at > NOW)
OWNED = SESSIONS.c.user_id == USERS.c.id

# The lock makes a change of the password wait for the session, which it then ends, or the session for the change.
_unchanged_user = (
    select(
        USERS.c.id,
        SESSION_ID,
        TOKEN_HASH,
        bindparam("user_agent", type_=String),
        bindparam("address", type_=String),
        NOW,
        NOW,
        NOW,
        EXPIRES_AT,
    )
    .where(USERS.c.id == USER_ID, USERS.c.password_hash == bindparam("password_hash", type_=String))
    .with_for_update(read=True)
)
INSERT_SESSION = Statement(
    insert(SESSIONS)
    .from_select(
        [
            "user_id",
            "id",
            "token_hash",
            "user_agent",
            "address",
            "created_at",
            "last_used_at",
            "rotated_at",
            "expires_at",
        ],
        _unchanged_user,
    )
    .returning(SESSIONS.c.id)
)
ROTATE_TOKEN = Statement(
    update(SESSIONS)
    .where(*MINE, *LIVE, OWNED, SESSIONS.c.token_hash == TOKEN_HASH)
    .values(
        previous_hash=SESSIONS.c.token_hash,
        token_hash=bindparam("new_hash", type_=LargeBinary),
        rotated_at=NOW,
        last_used_at=NOW,
        expires_at=EXPIRES_AT,
    )
    .returning(USERS.c.email)
)
SELECT_SESSION = Statement(
    select(SESSIONS.c.token_hash, SESSIONS.c.previous_hash, SESSIONS.c.rotated_at, USERS.c.email)
    .join(USERS, OWNED)
    .where(*MINE, *LIVE)
)
SELECT_SESSIONS = Statement(
    select(*(SESSIONS.c[name] for name in SessionPublic.model_fields if name != "current"))
    .where(SESSIONS.c.user_id == USER_ID, *LIVE)
    .order_by(SESSIONS.c.last_used_at.desc(), SESSIONS.c.id)
)
END = update(SESSIONS).values(revoked_at=NOW).returning(SESSIONS.c.id)
END_SESSION = Statement(END.where(*MINE, *LIVE))
END_SESSIONS = Statement(END.where(SESSIONS.c.user_id == USER_ID, *LIVE))
END_OTHER_SESSIONS = Statement(END.where(SESSIONS.c.user_id == USER_ID, SESSIONS.c.id != SESSION_ID, *LIVE))
_over = (
    select(SESSIONS.c.user_id, SESSIONS.c.id)
    .where(SESSIONS.c.expires_at < NOW)
    .order_by(SESSIONS.c.expires_at)
    .limit(SWEPT_AT_ONCE)
    .with_for_update(skip_locked=True)
)
SWEEP = Statement(delete(SESSIONS).where(tuple_(SESSIONS.c.user_id, SESSIONS.c.id).in_(_over)).returning(SESSIONS.c.id))
