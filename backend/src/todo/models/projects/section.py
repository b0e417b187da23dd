"""The table of sections."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field

from todo.domain.identifiers import EXTERNAL_ID_MAX
from todo.domain.projects.position import POSITION_MAX
from todo.domain.projects.section import SECTION_NAME_MAX
from todo.models.base import LOGGED, Base, instant_column

PROJECT_EXISTS = "fk_sections_projects"
EXTERNAL_ID_UNIQUE = "uq_sections_user_id_external_id"


class Section(Base, table=True):
    """A section of a project. The foreign key of tasks has the project too, so a task is in the project of its section.

    Without a `position` the place of the section follows from its id (ADR 0064).
    """

    __tablename__ = "sections"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "id"),
        UniqueConstraint("user_id", "project_id", "id"),
        ForeignKeyConstraint(
            ["user_id", "project_id"], ["projects.user_id", "projects.id"], name=PROJECT_EXISTS, ondelete="CASCADE"
        ),
        CheckConstraint("name ~ '\\S'", name="name"),
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

    user_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    project_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    name: str = Field(sa_column=Column(String(SECTION_NAME_MAX), nullable=False))
    position: str | None = Field(default=None, sa_column=Column(String(POSITION_MAX, collation="C")))
    external_id: str | None = Field(default=None, sa_column=Column(String(EXTERNAL_ID_MAX)))
    version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    created_at: datetime = Field(sa_column=instant_column())
    updated_at: datetime = Field(sa_column=instant_column())
