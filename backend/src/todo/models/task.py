"""The table of tasks."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    PrimaryKeyConstraint,
    String,
    Text,
    text,
)
from sqlmodel import Field

from todo.domain.identifiers import EXTERNAL_ID_MAX
from todo.domain.recurrence import RECURRENCE_RULE_MAX
from todo.domain.task import DESCRIPTION_MAX, TITLE_MAX
from todo.domain.text import SORT_KEY_MAX
from todo.models.base import LOGGED, Base, instant_column, owner_column

PRIORITIES = "ARRAY['high', 'medium', 'low']"
"""The priorities in order. `idx_tasks_user_priority` is sorted by the position in this array, from 1."""
DUE_DATE_OR_INFINITY = "coalesce(due_date, 'infinity'::timestamptz)"
"""Tasks without a due date come last in ascending order, first in descending order."""
OWNER_EXISTS = "fk_tasks_users"
EXTERNAL_ID_UNIQUE = "uq_tasks_user_id_external_id"


class Task(Base, table=True):
    """A task of one user. Every key begins with the user (ADR 0006).

    Each index ends with the columns of a sort order, so a page is read from the index without a sort. The included
    columns let PostgreSQL skip pages without reading rows. The specification defines some of the names (ADR 0008).
    """

    __tablename__ = "tasks"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "id"),
        CheckConstraint("title ~ '\\S'", name="title"),
        CheckConstraint("priority IN ('low', 'medium', 'high')", name="priority"),
        CheckConstraint("recurrence_rule <> ''", name="recurrence_rule"),
        CheckConstraint("external_id <> ''", name="external_id"),
        Index(
            EXTERNAL_ID_UNIQUE,
            "user_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index("idx_tasks_user_id", "user_id", "created_at", "id"),
        Index("idx_tasks_user_completed", "user_id", "completed", "created_at", "id"),
        Index(
            "idx_tasks_user_priority",
            "user_id",
            text(f"array_position({PRIORITIES}, priority)"),
            "id",
            postgresql_include=["priority"],
        ),
        Index("idx_tasks_user_due_date", "user_id", text(DUE_DATE_OR_INFINITY), "id", postgresql_include=["due_date"]),
        Index("idx_tasks_user_title", "user_id", "title_key", "id"),
        {"info": LOGGED},
    )

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    title: str = Field(sa_column=Column(String(TITLE_MAX), nullable=False))
    title_key: str = Field(sa_column=Column(String(SORT_KEY_MAX, collation="C"), nullable=False))
    description: str | None = Field(default=None, sa_column=Column(String(DESCRIPTION_MAX)))
    completed: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    priority: str = Field(default="medium", sa_column=Column(Text, nullable=False, server_default="medium"))
    due_date: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    recurrence_rule: str | None = Field(default=None, sa_column=Column(String(RECURRENCE_RULE_MAX)))
    external_id: str | None = Field(default=None, sa_column=Column(String(EXTERNAL_ID_MAX)))
    version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    created_at: datetime = Field(sa_column=instant_column())
    updated_at: datetime = Field(sa_column=instant_column())
