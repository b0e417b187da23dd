"""The table of tags."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Index,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)
from sqlmodel import Field

from todo.domain.tag import TAG_NAME_MAX
from todo.domain.text import SORT_KEY_MAX
from todo.models.base import LOGGED, Base, owner_column

NAME_UNIQUE = "uq_tags_user_id_name"
OWNER_EXISTS = "fk_tags_users"


class Tag(Base, table=True):
    """A tag of one user. Its name is unique among the tags of this user (DB-003)."""

    __tablename__ = "tags"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "id"),
        UniqueConstraint("user_id", "name", name=NAME_UNIQUE),
        CheckConstraint("name ~ '\\S'", name="name"),
        CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name="color"),
        Index("idx_tags_user_id", "user_id", "name_key", "id"),
        {"info": LOGGED},
    )

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    name: str = Field(sa_column=Column(String(TAG_NAME_MAX), nullable=False))
    name_key: str = Field(sa_column=Column(String(SORT_KEY_MAX, collation="C"), nullable=False))
    color: str | None = Field(default=None, sa_column=Column(Text))
    version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
