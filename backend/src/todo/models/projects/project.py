"""The table of projects."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    PrimaryKeyConstraint,
    String,
    Text,
    text,
)
from sqlmodel import Field

from todo.domain.identifiers import EXTERNAL_ID_MAX
from todo.domain.projects.position import POSITION_MAX
from todo.domain.projects.project import PROJECT_NAME_MAX
from todo.models.base import LOGGED, Base, instant_column, owner_column

OWNER_EXISTS = "fk_projects_users"
EXTERNAL_ID_UNIQUE = "uq_projects_user_id_external_id"


class Project(Base, table=True):
    """A project of one user. Names need not be unique.

    Without a `position` the place of the project follows from its id (ADR 0064).
    """

    __tablename__ = "projects"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "id"),
        CheckConstraint("name ~ '\\S'", name="name"),
        CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name="color"),
        CheckConstraint("external_id <> ''", name="external_id"),
        Index(
            EXTERNAL_ID_UNIQUE,
            "user_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        {"info": LOGGED},
    )

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    name: str = Field(sa_column=Column(String(PROJECT_NAME_MAX), nullable=False))
    color: str | None = Field(default=None, sa_column=Column(Text))
    archived: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    position: str | None = Field(default=None, sa_column=Column(String(POSITION_MAX, collation="C")))
    external_id: str | None = Field(default=None, sa_column=Column(String(EXTERNAL_ID_MAX)))
    version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    created_at: datetime = Field(sa_column=instant_column())
    updated_at: datetime = Field(sa_column=instant_column())
