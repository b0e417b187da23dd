"""Occurrences of repeating tasks: complete, skip, list and preview them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic_core import to_json

from todo.core.database.session import Session
from todo.schemas.page import CursorQuery
from todo.schemas.tasks.occurrence import (
    OccurrenceExported,
    OccurrencePage,
    OccurrencePublic,
    OccurrenceResult,
    UpcomingOccurrences,
)
from todo.services.accounts.time_zones import get_time_zone
from todo.services.occurrences import statements
from todo.services.occurrences.errors import OccurrenceNotCurrentError, TaskDoesNotRepeatError
from todo.services.occurrences.state import (
    RepeatingTask,
    Status,
    due_fields,
    logged_record,
    preview,
    read_occurrence,
    read_state,
    record_current,
)
from todo.services.occurrences.subtasks import SubtaskChoice, write_subtasks
from todo.services.shared.cursors import read_number
from todo.services.shared.log.change_base import based_on
from todo.services.shared.log.writer import Writer
from todo.services.shared.versions import EntityTags, check_entity_tags
from todo.services.tasks import service as task_service
from todo.services.tasks.errors import TaskNotFoundError
from todo.services.tasks.list_statements import read_row
from todo.services.tasks.write_statements import TASK


class OccurrenceWrite(NamedTuple):
    """A request to record an occurrence.

    Attributes:
        task_id: the task.
        status: whether the occurrence is completed or skipped.
        due: the due of the occurrence; None for the current one.
        subtasks: what happens to the subtasks.
        entity_tags: the entity tags of the task that the request accepts; None for any.
        base: the number of the last change that the client knew; None for a request that is not based on one.
    """

    task_id: int
    status: Status
    due: date | None
    subtasks: SubtaskChoice
    entity_tags: EntityTags | None = None
    base: int | None = None


async def record_occurrence(writer: Writer, request: OccurrenceWrite, now: datetime) -> OccurrenceResult:
    """Record an occurrence of a task, and move the task to its next date (REP-001 to REP-012).

    An occurrence that is recorded already changes nothing, and a completed task stays as it is. A task that does not
    repeat is completed. If another request writes the task at the same time, this one reads it again. The subtasks of a
    task are written in the same transaction, if the task is written (SUB-060 to SUB-068).

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user.
        PreconditionFailedError: the task has none of the entity tags.
        OccurrenceNotCurrentError: the occurrence is neither the current one nor recorded.
        TaskDoesNotRepeatError: the task does not repeat, and the request skips an occurrence.
        RecurrenceTooComplexError: the next date takes too long to compute.
        FieldConflictError: the due or the completion was changed after the base.
    """
    state = await _read_state(writer.session, writer.user_id, request.task_id, now)
    result = None if state.has_subtasks else await _try_to_record(writer, request, state)
    if result is not None:
        return result
    async with writer.transaction():
        current = await _read_state(writer.session, writer.user_id, request.task_id, now)
        if current.task["version"] != state.task["version"]:
            # The request meant the occurrence that it read, not the one after it.
            request = request._replace(due=request.due or state.due)
        result = await _try_to_record(writer, request, current)
    assert result is not None
    return result


async def list_occurrences(session: Session, user_id: UUID, task_id: int, query: CursorQuery) -> OccurrencePage:
    """Return the recorded occurrences of a task, the last recorded first (REP-020).

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user.
        InvalidCursorError: the cursor is malformed.
    """
    rows = await session.fetch_all(
        statements.SELECT_OCCURRENCES,
        user_id=user_id,
        task_id=task_id,
        before=read_number(query.cursor),
        limit=query.limit + 1,
    )
    if not rows:
        await task_service.get_task(session, user_id, task_id)
    shown = rows[: query.limit]
    return OccurrencePage(
        items=[read_occurrence(row) for row in shown],
        next_cursor=str(shown[-1]["number"]) if len(rows) > query.limit else None,
    )


async def list_upcoming(
    session: Session, user_id: UUID, task_id: int, limit: int, now: datetime
) -> UpcomingOccurrences:
    """Return the current occurrence of a task and those after it; none if the task does not repeat or is completed.

    Raises:
        TaskNotFoundError: the task does not exist, or belongs to another user.
        RecurrenceTooComplexError: the dates take too long to compute.
    """
    state = await _read_state(session, user_id, task_id, now)
    if state.task["recurrence_rule"] is None or state.task["completed"]:
        return UpcomingOccurrences(items=[])
    return UpcomingOccurrences(items=await preview(state, limit))


async def list_occurrences_after(
    session: Session, user_id: UUID, position: tuple[int, int], limit: int
) -> list[OccurrenceExported]:
    """Return the next records of all tasks of a user, after the id of a task and the number of its record."""
    task_id, number = position
    rows = await session.fetch_all(
        statements.SELECT_OCCURRENCES_AFTER, user_id=user_id, task_id=task_id, number=number, limit=limit
    )
    return [cast("OccurrenceExported", dict(row)) for row in rows]


async def _read_state(session: Session, user_id: UUID, task_id: int, now: datetime) -> RepeatingTask:
    row = await session.fetch_one(statements.SELECT_REPEATING_TASK, user_id=user_id, task_id=task_id)
    if row is None:
        raise TaskNotFoundError
    is_at_instant = row["due_date"] is not None
    zone = ZoneInfo(row["due_time_zone"] or "UTC") if is_at_instant else await get_time_zone(session, user_id)
    return read_state(row, zone, now)


async def _try_to_record(writer: Writer, request: OccurrenceWrite, state: RepeatingTask) -> OccurrenceResult | None:
    """Return the result, or None if the task was changed since its state was read."""
    task = state.task
    check_entity_tags(request.entity_tags, task)
    recorded = await _find_recorded(writer, request, state)
    if recorded is not None or task["completed"]:
        return OccurrenceResult(task=task, occurrence=recorded or _final_occurrence(state))
    if task["recurrence_rule"] is None:
        if request.status == "skipped":
            raise TaskDoesNotRepeatError
        completed = await task_service.complete_task(writer, task["id"], request.entity_tags, request.base)
        result: OccurrenceResult | None = OccurrenceResult(task=completed, occurrence=None)
    else:
        values, record = await record_current(state, request.status)
        result = await _write_record(writer, request, state, values, record)
    if state.has_subtasks and result is not None:
        await write_subtasks(writer, task["id"], request.subtasks, is_completed=result["task"]["completed"])
    return result


async def _find_recorded(writer: Writer, request: OccurrenceWrite, state: RepeatingTask) -> OccurrencePublic | None:
    """Return the record of the request's due, if it is not the current one.

    Raises:
        OccurrenceNotCurrentError: the due is neither the current one nor recorded.
    """
    if request.due is None or (request.due == state.due and not state.is_repeated(request.due)):
        return None
    row = await writer.session.fetch_one(
        statements.SELECT_BY_DUE, user_id=writer.user_id, task_id=request.task_id, **due_fields(request.due)
    )
    if row is None:
        raise OccurrenceNotCurrentError
    return read_occurrence(row)


async def _write_record(
    writer: Writer,
    request: OccurrenceWrite,
    state: RepeatingTask,
    values: Mapping[str, Any],
    record: Mapping[str, Any],
) -> OccurrenceResult | None:
    """Write the record and the task, unless the task was changed since its state was read."""
    number = str(record["number"])

    async def read_task() -> Mapping[str, Any]:
        return await task_service.get_task(writer.session, writer.user_id, request.task_id)

    async with based_on(request.base, writer, TASK, read_task, values):
        row = await writer.write_one(
            statements.RECORD[request.status],
            task_id=request.task_id,
            version=state.task["version"],
            before=to_json({"occurrences": {number: None}}).decode(),
            after=to_json({"occurrences": {number: logged_record(record)}}).decode(),
            **values,
            **{f"record_{name}": value for name, value in record.items()},
        )
    return None if row is None else OccurrenceResult(task=read_row(row), occurrence=read_occurrence(record))


def _final_occurrence(state: RepeatingTask) -> OccurrencePublic | None:
    """Return the record that ended the series of a completed task; None if it was completed as a whole."""
    return None if state.last is None or state.last["next_place"] is not None else read_occurrence(state.last)
