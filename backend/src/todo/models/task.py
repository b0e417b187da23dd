"""The table of tasks."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    text,
)
from sqlmodel import Field

from todo.domain.dates.time_zones import TIME_ZONE_MAX
from todo.domain.identifiers import EXTERNAL_ID_MAX
from todo.domain.projects.position import POSITION_MAX
from todo.domain.recurrence.rule import PLACE_MAX, RECURRENCE_RULE_MAX
from todo.domain.task import DESCRIPTION_MAX, ESTIMATE_MAX, TITLE_MAX
from todo.domain.text import SORT_KEY_MAX
from todo.models.base import LOGGED, Base, instant_column, owner_column

PRIORITIES = "ARRAY['high', 'medium', 'low']"
"""The priorities in order. `idx_tasks_user_priority` is sorted by the position in this array, from 1."""
DUE_KEY = "coalesce(coalesce(due_date, timezone('UTC', due_day + '23:59:59.999999'::time)), 'infinity'::timestamptz)"
"""A day counts as its last moment in UTC. Tasks without a due come last in ascending order, first in descending order.
"""
IS_LISTED = text("NOT archived")
"""The condition of the indexes of lists: a list without a filter shows no tasks of archived projects.

Indexes of expressions include the column instead, because PostgreSQL ignores the statistics of partial indexes.
"""
OWNER_EXISTS = "fk_tasks_users"
PROJECT_EXISTS = "fk_tasks_projects"
SECTION_EXISTS = "fk_tasks_sections"
SECTION_HAS_PROJECT = "ck_tasks_section_id"
PARENT_EXISTS = "fk_tasks_parents"
EXTERNAL_ID_UNIQUE = "uq_tasks_user_id_external_id"


class Task(Base, table=True):
    """A task of one user. Every key begins with the user (ADR 0006).

    Each index ends with the columns of a sort order, so a page is read from the index without a sort. The included
    columns let PostgreSQL skip pages without reading rows. The specification defines some of the names (ADR 0008).

    A task without a `project_id` is in the inbox. `archived` is that of its project (ADR 0063). Without a `position`
    the place of the task follows from its id (ADR 0064). A task with a `parent_id` is a subtask. It has the project,
    the section and `archived` of its parent (ADR 0067).
    """

    __tablename__ = "tasks"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "id"),
        CheckConstraint("title ~ '\\S'", name="title"),
        CheckConstraint("priority IN ('low', 'medium', 'high')", name="priority"),
        CheckConstraint("recurrence_rule <> ''", name="recurrence_rule"),
        CheckConstraint("external_id <> ''", name="external_id"),
        CheckConstraint("recurrence_basis IN ('due', 'completion')", name="recurrence_basis"),
        CheckConstraint("due_day IS NULL OR due_date IS NULL", name="due_day"),
        CheckConstraint("due_time_zone IS NULL OR due_date IS NOT NULL", name="due_time_zone"),
        CheckConstraint(f"estimated_minutes BETWEEN 1 AND {ESTIMATE_MAX}", name="estimated_minutes"),
        CheckConstraint("completed_at IS NULL OR completed", name="completed_at"),
        CheckConstraint("project_id IS NOT NULL OR NOT archived", name="archived"),
        ForeignKeyConstraint(
            ["user_id", "project_id"], ["projects.user_id", "projects.id"], name=PROJECT_EXISTS, ondelete="CASCADE"
        ),
        CheckConstraint("section_id IS NULL OR project_id IS NOT NULL", name="section_id"),
        ForeignKeyConstraint(
            ["user_id", "project_id", "section_id"],
            ["sections.user_id", "sections.project_id", "sections.id"],
            name=SECTION_EXISTS,
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["user_id", "parent_id"], ["tasks.user_id", "tasks.id"], name=PARENT_EXISTS, ondelete="CASCADE"
        ),
        Index(
            EXTERNAL_ID_UNIQUE,
            "user_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index("idx_tasks_user_id", "user_id", "created_at", "id", postgresql_where=IS_LISTED),
        Index("idx_tasks_user_completed", "user_id", "completed", "created_at", "id", postgresql_where=IS_LISTED),
        Index(
            "idx_tasks_user_priority",
            "user_id",
            text(f"array_position({PRIORITIES}, priority)"),
            "id",
            postgresql_include=["priority", "archived"],
        ),
        Index(
            "idx_tasks_user_due_date",
            "user_id",
            text(DUE_KEY),
            "id",
            postgresql_include=["due_date", "due_day", "archived"],
        ),
        Index("idx_tasks_user_title", "user_id", "title_key", "id", postgresql_where=IS_LISTED),
        Index(
            "idx_tasks_user_project",
            "user_id",
            "project_id",
            "section_id",
            "id",
            postgresql_where=text("project_id IS NOT NULL"),
        ),
        Index(
            "idx_tasks_user_parent",
            "user_id",
            "parent_id",
            "id",
            postgresql_include=["completed"],
            postgresql_where=text("parent_id IS NOT NULL"),
        ),
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
    due_day: date | None = Field(default=None, sa_column=Column(Date))
    due_time_zone: str | None = Field(default=None, sa_column=Column(String(TIME_ZONE_MAX)))
    start_day: date | None = Field(default=None, sa_column=Column(Date))
    deadline_day: date | None = Field(default=None, sa_column=Column(Date))
    estimated_minutes: int | None = Field(default=None, sa_column=Column(Integer))
    recurrence_rule: str | None = Field(default=None, sa_column=Column(String(RECURRENCE_RULE_MAX)))
    recurrence_basis: str = Field(default="due", sa_column=Column(Text, nullable=False, server_default="due"))
    recurrence_start: str | None = Field(default=None, sa_column=Column(String(PLACE_MAX)))
    project_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    section_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    parent_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    position: str | None = Field(default=None, sa_column=Column(String(POSITION_MAX, collation="C")))
    archived: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    external_id: str | None = Field(default=None, sa_column=Column(String(EXTERNAL_ID_MAX)))
    version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    created_at: datetime = Field(sa_column=instant_column())
    updated_at: datetime = Field(sa_column=instant_column())
    completed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
