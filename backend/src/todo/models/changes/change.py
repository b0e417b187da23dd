"""The table of changes."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Index, PrimaryKeyConstraint, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from todo.models.base import Base, instant_column, owner_column

OWNER_EXISTS = "fk_changes_users"
REQUEST_ID_MAX = 64
IN_TRASH = "action = 'delete' AND before IS NOT NULL AND undone_by IS NULL AND NOT deleted_again"
"""The condition of a deleted resource that can be restored."""
PARENT_ID = "(before ->> 'parent_id')::bigint"
IS_SUBTASK = "type = 'task' AND (before ->> 'parent_id') IS NOT NULL"


class Change(Base, table=True):
    """A change of a task, a tag or another logged resource (ADR 0052).

    All changes of one request have the same `batch`, which is the number of its first change. `before` and `after`
    have the changed fields alone. A change without a login session and without an access token was made by the service.
    `deleted_again` marks a deletion whose undo was undone, so that a later deletion of the resource is in the trash.
    """

    __tablename__ = "changes"
    __table_args__: ClassVar = (
        PrimaryKeyConstraint("user_id", "seq"),
        Index("idx_changes_user_type_id", "user_id", "type", "id", "seq"),
        Index("idx_changes_user_trash", "user_id", "seq", postgresql_where=text(IN_TRASH)),
        Index(
            "idx_changes_user_parent",
            "user_id",
            text(f"({PARENT_ID})"),
            postgresql_where=text(f"{IN_TRASH} AND {IS_SUBTASK}"),
        ),
        Index("idx_changes_trash_at", "at", postgresql_where=text(IN_TRASH)),
        Index("idx_changes_at", "at"),
    )

    user_id: UUID = Field(sa_column=owner_column(OWNER_EXISTS))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    batch: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: datetime = Field(sa_column=instant_column())
    action: str = Field(sa_column=Column(Text, nullable=False))
    type: str = Field(sa_column=Column(Text, nullable=False))
    id: int | None = Field(default=None, sa_column=Column(BigInteger))
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    login_session_id: UUID | None = Field(default=None, sa_column=Column(Uuid))
    access_token_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    request_id: str | None = Field(default=None, sa_column=Column(String(REQUEST_ID_MAX)))
    undoes: int | None = Field(default=None, sa_column=Column(BigInteger))
    undone_by: int | None = Field(default=None, sa_column=Column(BigInteger))
    deleted_again: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
