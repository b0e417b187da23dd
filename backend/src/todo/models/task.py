"""The table of tasks."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    PrimaryKeyConstraint,
    String,
    Text,
    Uuid,
    text,
)
from sqlmodel import Field

from todo.domain.identifiers import EXTERNAL_ID_MAX
from todo.domain.recurrence import RECURRENCE_RULE_MAX
from todo.domain.task import DESCRIPTION_MAX, TITLE_MAX
from todo.models.base import Base, instant_column

PRIORITIES = "ARRAY['high', 'medium', 'low']"
"""The priorities in their order; their places in it, from 1, are what `idx_tasks_user_priority` is sorted by."""
DUE = "coalesce(due_date, 'infinity'::timestamptz)"
"""When a task is due, with never for those without a date: last ascending, first descending."""
TITLE = "lower(title)"
SEPARATOR = "\x1f"
SEARCHED = "lower((title::text || chr(31)) || (COALESCE(description, ''::character varying))::text)"
"""What a search looks in; the separator, chr(31), keeps it from finding what begins in the title and ends in the
description.

In PostgreSQL's own words, so that Alembic finds no difference.
"""
OWNER_EXISTS = "fk_tasks_users"


class Task(Base, table=True):
    """Something a user means to do. Rows of one user lie together: every key begins with the user.

    Each index ends in the columns of an order that lists have, so that a page is read from it without a sort, and has
    what its expressions are made of, so that pages are skipped without the rows; the names that the specification
    asks for are kept (ADR 0008, ADR 0034).
    """

    __tablename__ = "tasks"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "id"),
        CheckConstraint("title ~ '\\S'", name="title"),
        CheckConstraint("priority IN ('low', 'medium', 'high')", name="priority"),
        CheckConstraint("recurrence_rule <> ''", name="recurrence_rule"),
        CheckConstraint("external_id <> ''", name="external_id"),
        Index(
            "uq_tasks_user_id_external_id",
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
        Index("idx_tasks_user_due_date", "user_id", text(DUE), "id", postgresql_include=["due_date"]),
        Index("idx_tasks_user_title", "user_id", text(TITLE), "id", postgresql_include=["title"]),
        Index(
            "idx_tasks_search",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
            postgresql_with={"gin_pending_list_limit": 1024},
        ),
    )

    user_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("users.id", name=OWNER_EXISTS, ondelete="CASCADE"), nullable=False)
    )
    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    title: str = Field(sa_column=Column(String(TITLE_MAX), nullable=False))
    description: str | None = Field(default=None, sa_column=Column(String(DESCRIPTION_MAX)))
    completed: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    priority: str = Field(default="medium", sa_column=Column(Text, nullable=False, server_default="medium"))
    due_date: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    recurrence_rule: str | None = Field(default=None, sa_column=Column(String(RECURRENCE_RULE_MAX)))
    search_text: str = Field(sa_column=Column(Text, Computed(SEARCHED, persisted=True)))
    external_id: str | None = Field(default=None, sa_column=Column(String(EXTERNAL_ID_MAX)))
    version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    created_at: datetime = Field(sa_column=instant_column())
    updated_at: datetime = Field(sa_column=instant_column())
