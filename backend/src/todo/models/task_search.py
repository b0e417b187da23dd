"""The table of folded texts, which searches read."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, PrimaryKeyConstraint, Text, Uuid
from sqlmodel import Field

from todo.models.base import Base

SEARCHED_TASK_EXISTS = "fk_task_search_tasks"


class TaskSearch(Base, table=True):
    """The folded title and description of a task, in a narrow table apart from the task (ADR 0008).

    A search scans the rows of its user. A change of other fields writes nothing here.
    """

    __tablename__ = "task_search"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "task_id"),
        ForeignKeyConstraint(
            ["user_id", "task_id"], ["tasks.user_id", "tasks.id"], name=SEARCHED_TASK_EXISTS, ondelete="CASCADE"
        ),
    )

    user_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    task_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    title: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
    description: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
