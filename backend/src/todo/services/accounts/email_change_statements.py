"""Statements on addresses that wait for confirmation."""

from sqlalchemy import LargeBinary, String, bindparam, select, update

from todo.core.database.statement import Statement
from todo.models.accounts.user import EMAIL_UNIQUE
from todo.services.accounts.errors import EmailAlreadyExistsError
from todo.services.accounts.statements import IS_OWN_ACCOUNT, NO_PENDING_EMAIL, NOW, PUBLIC_COLUMNS, USERS
from todo.services.shared.tables import binds_of

SWEEP_BATCH = 1000
PENDING_EMAIL = bindparam("pending_email", type_=String)
TOKEN_HASH = bindparam("token_hash", type_=LargeBinary)
IS_PENDING = (IS_OWN_ACCOUNT, USERS.c.pending_email == PENDING_EMAIL, USERS.c.pending_email_expires_at > NOW)
HAS_TOKEN = (
    IS_OWN_ACCOUNT,
    USERS.c.disabled_at.is_(None),
    USERS.c.pending_email_token_hash == TOKEN_HASH,
    USERS.c.pending_email_expires_at > NOW,
)

SET_TOKEN = Statement(
    update(USERS)
    .where(*IS_PENDING)
    .values(
        pending_email_token_hash=TOKEN_HASH,
        pending_email_expires_at=bindparam("pending_email_expires_at", type_=USERS.c.pending_email_expires_at.type),
    )
    .returning(USERS.c.id)
)
SELECT_PENDING = Statement(select(USERS.c.email, USERS.c.pending_email).where(*HAS_TOKEN))
CONFIRM_EMAIL = Statement(
    update(USERS)
    .where(*HAS_TOKEN, USERS.c.pending_email == binds_of(USERS, ["email"])["email"])
    .values(**binds_of(USERS, ("email", "email_key")), **NO_PENDING_EMAIL)
    .returning(*PUBLIC_COLUMNS),
    violations={EMAIL_UNIQUE: EmailAlreadyExistsError},
)
SELECT_EXPIRED = Statement(
    select(USERS.c.id)
    .where(USERS.c.pending_email_expires_at < NOW)
    .order_by(USERS.c.pending_email_expires_at)
    .limit(SWEEP_BATCH)
)
CLEAR_EXPIRED = Statement(
    update(USERS).where(IS_OWN_ACCOUNT, USERS.c.pending_email_expires_at < NOW).values(**NO_PENDING_EMAIL)
)
