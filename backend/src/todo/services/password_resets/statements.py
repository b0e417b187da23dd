"""Statements on password resets."""

from sqlalchemy import DateTime, Integer, LargeBinary, String, Text, bindparam, delete, insert, select, update

from todo.core.database.statement import Statement
from todo.models import PasswordReset, PasswordResetRequest, User
from todo.models.accounts.password_reset import OWNER_EXISTS
from todo.services.accounts.statements import IS_OWN_ACCOUNT, NO_PENDING_EMAIL
from todo.services.authentication import InvalidTokenError
from todo.services.shared.batches import in_batch
from todo.services.shared.tables import binds_of, table_of

TAKE_BATCH = 100
SWEEP_BATCH = 1000

REQUESTS, RESETS, USERS = table_of(PasswordResetRequest), table_of(PasswordReset), table_of(User)
NOW = bindparam("now", type_=DateTime(timezone=True))
OWN = binds_of(RESETS, ("user_id", "token_hash", "account_digest", "expires_at"))
IS_OWN_RESET = RESETS.c.user_id == OWN["user_id"]

INSERT_REQUEST = Statement(insert(REQUESTS).values(**binds_of(REQUESTS, ("id", "email_key")), created_at=NOW))
_oldest = select(REQUESTS.c.id).order_by(REQUESTS.c.created_at).limit(TAKE_BATCH)
TAKE_REQUESTS = Statement(
    delete(REQUESTS).where(in_batch(REQUESTS, _oldest)).returning(REQUESTS.c.email_key, REQUESTS.c.created_at)
)
LOCK_RECIPIENT = Statement(
    select(USERS.c.id, USERS.c.email)
    .where(USERS.c.email_key == bindparam("email_key", type_=Text), USERS.c.disabled_at.is_(None))
    .with_for_update(read=True, key_share=True)
)
"""Reads the address of an account that is not disabled, and keeps the account from being deleted in the transaction."""
INSERT_RESET = Statement(insert(RESETS).values(OWN), violations={OWNER_EXISTS: InvalidTokenError})
_surplus = (
    select(RESETS.c.token_hash)
    .where(IS_OWN_RESET)
    .order_by(RESETS.c.expires_at.desc())
    .offset(bindparam("kept", type_=Integer))
)
DELETE_SURPLUS_RESETS = Statement(delete(RESETS).where(IS_OWN_RESET, RESETS.c.token_hash.in_(_surplus)))
SELECT_RESET = Statement(
    select(RESETS.c.token_hash).where(
        IS_OWN_RESET,
        RESETS.c.token_hash == bindparam("token_hash", type_=LargeBinary),
        RESETS.c.expires_at > NOW,
    )
)
LOCK_ACCOUNT = Statement(
    select(USERS.c.email_key, USERS.c.password_hash)
    .where(IS_OWN_ACCOUNT, USERS.c.disabled_at.is_(None))
    .with_for_update(key_share=True)
)
"""Locks an account that is not disabled, as `LOCK_USER` does. The second of two concurrent resets finds no token."""
TAKE_RESETS = Statement(
    delete(RESETS).where(IS_OWN_RESET).returning(RESETS.c.token_hash, RESETS.c.account_digest, RESETS.c.expires_at)
)
SET_PASSWORD = Statement(
    update(USERS).where(IS_OWN_ACCOUNT).values(password_hash=bindparam("new_hash", type_=String), **NO_PENDING_EMAIL)
)
_expired = (
    select(RESETS.c.user_id, RESETS.c.token_hash)
    .where(RESETS.c.expires_at < NOW)
    .order_by(RESETS.c.expires_at)
    .limit(SWEEP_BATCH)
)
SWEEP = Statement(delete(RESETS).where(in_batch(RESETS, _expired)).returning(RESETS.c.user_id))
SWEEP_REQUESTS = Statement(delete(REQUESTS).where(REQUESTS.c.created_at < NOW))
