"""The table of links between tasks and tags."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Uuid
from sqlmodel import Field

from todo.models.base import LOGGED, Base

TASK_EXISTS = "fk_task_tag_link_tasks"
TAG_EXISTS = "fk_task_tag_link_tags"


class TaskTagLink(Base, table=True):
    """A link between a task and a tag (DB-005). Both foreign keys contain the user, so no link crosses users.

    The primary key is also the index from a task to its tags and has the name of that index (ADR 0008).
    """

    __tablename__ = "task_tag_link"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "task_id", "tag_id", name="idx_task_tag_link_task"),
        ForeignKeyConstraint(
            ["user_id", "task_id"], ["tasks.user_id", "tasks.id"], name=TASK_EXISTS, ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["user_id", "tag_id"], ["tags.user_id", "tags.id"], name=TAG_EXISTS, ondelete="CASCADE"),
        Index("idx_task_tag_link_tag", "user_id", "tag_id", "task_id"),
        {"info": LOGGED},
    )

    user_id: UUID = Field(sa_column=Column(Uuid, nullable=False))
    task_id: int = Field(sa_column=Column(BigInteger, nullable=False))
    tag_id: int = Field(sa_column=Column(BigInteger, nullable=False))
