"""Occurrences of repeating tasks."""

from typing import Annotated

from fastapi import Query

from todo.core.clock import utc_now
from todo.domain.identifiers import RowId
from todo.domain.recurrence.expansion import RecurrenceTooComplexError
from todo.http.dependencies.change_base import ChangeBase
from todo.http.dependencies.principal import CurrentUser
from todo.http.dependencies.resources import Session
from todo.http.dependencies.versions import IfMatch
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import errors
from todo.http.resource_route import make_router
from todo.schemas.tasks.occurrence import (
    CompletionRequest,
    OccurrencePage,
    OccurrenceQuery,
    OccurrenceRequest,
    OccurrenceResult,
    UpcomingOccurrences,
    UpcomingQuery,
)
from todo.services.occurrences import service as occurrence_service
from todo.services.occurrences.errors import OccurrenceNotCurrentError, TaskDoesNotRepeatError
from todo.services.occurrences.service import OccurrenceWrite
from todo.services.occurrences.subtasks import SubtaskChoice
from todo.services.tasks.errors import TaskNotFoundError

router = make_router("/tasks", "tasks")

COMPLETION, SKIP = CompletionRequest(), OccurrenceRequest()


@router.post(
    "/{task_id}/complete",
    responses=errors(TaskNotFoundError, OccurrenceNotCurrentError, RecurrenceTooComplexError),
)
async def complete_task(
    task_id: RowId,
    writer: CurrentWriter,
    entity_tags: IfMatch,
    base: ChangeBase,
    request: CompletionRequest = COMPLETION,
) -> OccurrenceResult:
    """Record the current occurrence of a repeating task and move the task to its next date in the future.

    Missed dates are skipped. After the last date the task is completed. A task that does not repeat is completed at
    once. `PATCH` with `completed` completes a series as a whole. The completed subtasks of a task that moves to its
    next date are opened, and `with_subtasks` completes the open subtasks of a task that is completed. All changes are
    one batch, and one undo takes them back.
    """
    subtasks = SubtaskChoice(with_subtasks=request.with_subtasks, reopen=request.reopen_subtasks)
    write = OccurrenceWrite(task_id, "completed", request.occurrence, subtasks, entity_tags, base)
    return await occurrence_service.record_occurrence(writer, write, utc_now())


@router.post(
    "/{task_id}/skip",
    responses=errors(TaskNotFoundError, OccurrenceNotCurrentError, RecurrenceTooComplexError, TaskDoesNotRepeatError),
)
async def skip_task(
    task_id: RowId, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase, request: OccurrenceRequest = SKIP
) -> OccurrenceResult:
    """Record the current occurrence of a repeating task as skipped, and move the task to its next date.

    The completed subtasks of a task that moves are opened, unless `reopen_subtasks` is false.
    """
    subtasks = SubtaskChoice(with_subtasks=False, reopen=request.reopen_subtasks)
    write = OccurrenceWrite(task_id, "skipped", request.occurrence, subtasks, entity_tags, base)
    return await occurrence_service.record_occurrence(writer, write, utc_now())


@router.get("/{task_id}/occurrences", responses=errors(TaskNotFoundError))
async def list_occurrences(
    task_id: RowId, query: Annotated[OccurrenceQuery, Query()], session: Session, user: CurrentUser
) -> OccurrencePage:
    """Return the completed and skipped occurrences of a task, the last recorded first."""
    return await occurrence_service.list_occurrences(session, user.id, task_id, query)


@router.get("/{task_id}/occurrences/upcoming", responses=errors(TaskNotFoundError, RecurrenceTooComplexError))
async def upcoming_occurrences(
    task_id: RowId, query: Annotated[UpcomingQuery, Query()], session: Session, user: CurrentUser
) -> UpcomingOccurrences:
    """Preview the current occurrence of a repeating task and those after it.

    With the basis `completion` each date follows from the one before, as if it is completed then.
    """
    return await occurrence_service.list_upcoming(session, user.id, task_id, query.limit, utc_now())
