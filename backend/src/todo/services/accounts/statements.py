"""Statements on users."""

from functools import cache

from sqlalchemy import DateTime, String, Text, Uuid, bindparam, case, delete, insert, null, select, update

from todo.core.database.statement import Statement
from todo.models import User
from todo.models.accounts.user import EMAIL_UNIQUE
from todo.schemas.user import UserPublic
from todo.services.accounts.errors import EmailAlreadyExistsError
from todo.services.shared.tables import binds_of, columns_of, table_of

USERS = table_of(User)
USER_ID = bindparam("user_id", type_=Uuid)
PASSWORD_HASH = bindparam("password_hash", type_=String)
NOW = bindparam("now", type_=DateTime(timezone=True))
STORED_COLUMNS = columns_of(USERS, UserPublic, without=["pending_email"])
PUBLIC_COLUMNS = (
    *STORED_COLUMNS,
    case((USERS.c.pending_email_expires_at > NOW, USERS.c.pending_email)).label("pending_email"),
)
NO_PENDING_EMAIL = dict.fromkeys(("pending_email", "pending_email_token_hash", "pending_email_expires_at"))
"""The columns of an address that waits for confirmation, all null."""
IS_OWN_ACCOUNT = USERS.c.id == USER_ID
PASSWORD_UNCHANGED = (IS_OWN_ACCOUNT, USERS.c.password_hash == PASSWORD_HASH)
"""The password was verified before the statement. If it was changed since, the statement matches no row."""

INSERT_USER = Statement(
    insert(USERS)
    .values(binds_of(USERS, ("email", "email_key", "password_hash", "name")))
    .returning(*STORED_COLUMNS, null().label("pending_email")),
    violations={EMAIL_UNIQUE: EmailAlreadyExistsError},
)
SELECT_CREDENTIALS = Statement(
    select(USERS.c.id, USERS.c.email, USERS.c.password_hash, USERS.c.totp_enabled, USERS.c.disabled_at).where(
        USERS.c.email_key == bindparam("email_key", type_=Text)
    )
)
SELECT_USER = Statement(select(*PUBLIC_COLUMNS).where(IS_OWN_ACCOUNT))
SELECT_PASSWORD = Statement(select(USERS.c.email_key, USERS.c.password_hash).where(IS_OWN_ACCOUNT))
UPDATE_PASSWORD = Statement(
    update(USERS)
    .where(*PASSWORD_UNCHANGED)
    .values(password_hash=bindparam("new_hash", type_=String), **NO_PENDING_EMAIL)
    .returning(USERS.c.id)
)
DELETE_USER = Statement(delete(USERS).where(*PASSWORD_UNCHANGED).returning(USERS.c.id))

SELECT_DISABLED = Statement(
    select(USERS.c.id, USERS.c.disabled_at).where(
        USERS.c.disabled_at > bindparam("since", type_=DateTime(timezone=True))
    )
)


@cache
def update_user(fields: frozenset[str]) -> Statement:
    """Return the statement that writes these fields; a new e-mail address only while the password is unchanged.

    A new address is in `email`, or in `pending_email` until it is confirmed.
    """
    condition = PASSWORD_UNCHANGED if "pending_email" in fields else (IS_OWN_ACCOUNT,)
    return Statement(
        update(USERS).where(*condition).values(binds_of(USERS, sorted(fields))).returning(*PUBLIC_COLUMNS),
        violations={EMAIL_UNIQUE: EmailAlreadyExistsError},
    )
