"""The table of saved filters."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, PrimaryKeyConstraint, String, Text
from sqlmodel import Field

from todo.domain.filters.parser import FILTER_MAX
from todo.domain.filters.values import FILTER_NAME_MAX
from todo.domain.projects.position import POSITION_MAX
from todo.models.base import LOGGED, Base, instant_column, owner_column

OWNER_EXISTS = "fk_filters_users"


class SavedFilter(Base, table=True):
    """A saved filter of one user. Names need not be unique. Without a `position` the place follows from the id."""

    __tablename__ = "filters"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "id"),
        CheckConstraint("name ~ '\\S'", name="name"),
        CheckConstraint("query ~ '\\S'", name="query"),
        CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name="color"),
        {"info": LOGGED},
    )

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    name: str = Field(sa_column=Column(String(FILTER_NAME_MAX), nullable=False))
    query: str = Field(sa_column=Column(String(FILTER_MAX), nullable=False))
    color: str | None = Field(default=None, sa_column=Column(Text))
    position: str | None = Field(default=None, sa_column=Column(String(POSITION_MAX, collation="C")))
    version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    created_at: datetime = Field(sa_column=instant_column())
    updated_at: datetime = Field(sa_column=instant_column())
