"""The table of occurrences of repeating tasks."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, DateTime, Integer, PrimaryKeyConstraint, String, Text
from sqlmodel import Field

from todo.domain.recurrence.rule import PLACE_MAX
from todo.models.base import Base, owner_column

OCCURRENCE_OWNER_EXISTS = "fk_task_occurrences_users"
OCCURRENCE_UNIQUE = "pk_task_occurrences"


class TaskOccurrence(Base, table=True):
    """A completed or skipped occurrence of a repeating task (ADR 0062).

    The log row of the task has the occurrence too. The rows stay while the task is in the trash, so the table has no
    foreign key to tasks.
    """

    __tablename__ = "task_occurrences"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "task_id", "number"),
        CheckConstraint("(due_day IS NULL) <> (due_date IS NULL)", name="due"),
        CheckConstraint("status IN ('completed', 'skipped')", name="status"),
        CheckConstraint("(status = 'completed') = (completed_at IS NOT NULL)", name="completed_at"),
    )

    user_id: UUID = Field(sa_column=owner_column(OCCURRENCE_OWNER_EXISTS))
    task_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    number: int = Field(sa_column=Column(Integer, nullable=False))
    due_day: date | None = Field(default=None, sa_column=Column(Date))
    due_date: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    completed_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    status: str = Field(sa_column=Column(Text, nullable=False))
    place: str = Field(sa_column=Column(String(PLACE_MAX), nullable=False))
    next_place: str | None = Field(default=None, sa_column=Column(String(PLACE_MAX)))
    position: int = Field(sa_column=Column(Integer, nullable=False))
