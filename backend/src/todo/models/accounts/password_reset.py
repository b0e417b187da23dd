"""The tables of password resets: the requests, and the tokens in the mails."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, LargeBinary, PrimaryKeyConstraint, Text, Uuid
from sqlmodel import Field

from todo.models.base import Base, instant_column, owner_column

OWNER_EXISTS = "fk_password_resets_users"


class PasswordResetRequest(Base, table=True):
    """A request for a mail, for an address that has an account or has none.

    The row is written without a look at the accounts, so its cost does not depend on them (ADR 0047).
    """

    __tablename__ = "password_reset_requests"
    __table_args__: ClassVar = (Index("idx_password_reset_requests_created_at", "created_at"),)

    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    email_key: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
    created_at: datetime = Field(sa_column=instant_column())


class PasswordReset(Base, table=True):
    """The hash of a token that sets a new password.

    The digest of the account's address and password hash ends the token when one of them changes.
    """

    __tablename__ = "password_resets"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "token_hash"),
        Index("idx_password_resets_expires_at", "expires_at"),
    )

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    token_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    account_digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
