"""Occurrences in undo and in the trash: recorded again, removed again, and deleted with their task (ADR 0062)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json

from todo.core.database.session import Session
from todo.services.occurrences import statements
from todo.services.shared.log.logged_values import stored_values
from todo.services.shared.log.writer import Writer

Records = Mapping[str, Mapping[str, Any] | None]
"""Records as the log has them, by their number; null for one that does not exist."""


class RevertedOccurrences(NamedTuple):
    """The records that a change added to a task or removed from it.

    Attributes:
        seq: the number of the change.
        task_id: the task.
        old: the records before the change, which are written again.
        new: the records after the change.
    """

    seq: int
    task_id: int
    old: Records
    new: Records


async def revert_occurrences(writer: Writer, changes: Sequence[RevertedOccurrences]) -> None:
    """Write the records from before the changes, each as a change of its task."""
    for change in changes:
        for number, record in change.old.items():
            values: dict[str, Any] = {
                "task_id": change.task_id,
                "undoes": change.seq,
                "number": int(number),
                "before": to_json({"occurrences": {number: change.new[number]}}).decode(),
                "after": to_json({"occurrences": {number: record}}).decode(),
            }
            if record is None:
                await writer.write_one(statements.REMOVE_OCCURRENCE, **values)
                continue
            columns = dict.fromkeys(statements.RECORD_COLUMNS) | stored_values(statements.OCCURRENCES, record)
            await writer.write_one(statements.RESTORE_OCCURRENCE, **(columns | values))


async def delete_occurrences(session: Session, user_id: UUID, task_ids: Sequence[int]) -> None:
    """Delete the records of tasks that do not exist."""
    await session.fetch_all(statements.DELETE_OCCURRENCES, user_id=user_id, ids=task_ids)
