"""The table of personal access tokens."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)
from sqlmodel import Field

from todo.domain.access_token import TOKEN_NAME_MAX
from todo.models.base import Base, instant_column, owner_column

TOKEN_NAME_UNIQUE = "uq_access_tokens_user_id_name"  # noqa: S105 -- a constraint's name
OWNER_EXISTS = "fk_access_tokens_users"


class AccessToken(Base, table=True):
    """A personal access token. The table has only the hash of the token."""

    __tablename__ = "access_tokens"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "id"),
        UniqueConstraint("user_id", "name", name=TOKEN_NAME_UNIQUE),
        UniqueConstraint("token_hash"),
        CheckConstraint("cardinality(scopes) > 0", name="scopes"),
    )

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    name: str = Field(sa_column=Column(String(TOKEN_NAME_MAX), nullable=False))
    token_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    created_at: datetime = Field(sa_column=instant_column())
    expires_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    last_used_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
