"""History and undo."""

from typing import Annotated

from fastapi import Query

from todo.domain.identifiers import RowId
from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies.principal import CurrentUser
from todo.http.dependencies.resources import Session
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import errors
from todo.http.resource_route import make_router
from todo.schemas.changes.history import ChangePage, HistoryQuery, UndoRequest, UndoResult
from todo.services.filters.errors import FilterNotFoundError
from todo.services.filters.statements import FILTER
from todo.services.history import service as history_service
from todo.services.history.errors import AlreadyUndoneError, ChangeNotFoundError, ChangePurgedError, UndoConflictError
from todo.services.history.undo import undo_change
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.projects.statements import PROJECT
from todo.services.sections.errors import ProjectOfSectionGoneError, SectionNotFoundError
from todo.services.sections.statements import SECTION
from todo.services.tags.errors import TagNameTakenError, TagNotFoundError
from todo.services.tags.statements import TAG
from todo.services.tasks.errors import ExternalIdTakenError, TaskNotFoundError
from todo.services.tasks.write_statements import TASK

pages = make_router("", "changes", route_class=DeclaredRoute)
router = make_router("/changes", "changes")


@pages.get("/changes")
async def list_changes(query: Annotated[HistoryQuery, Query()], session: Session, user: CurrentUser) -> ChangePage:
    """Return who changed which field from what to what, the newest change first.

    A personal access token gets the changes of the types that its scopes can read.
    """
    return await history_service.list_changes(session, user, query)


@pages.get("/tasks/{task_id}/changes", responses=errors(TaskNotFoundError))
async def task_changes(
    task_id: RowId, query: Annotated[HistoryQuery, Query()], session: Session, user: CurrentUser
) -> ChangePage:
    """Return the changes of a task, the newest first. The task may be deleted."""
    return await history_service.list_changes_of(session, user.id, TASK, task_id, query)


@pages.get("/tags/{tag_id}/changes", responses=errors(TagNotFoundError))
async def tag_changes(
    tag_id: RowId, query: Annotated[HistoryQuery, Query()], session: Session, user: CurrentUser
) -> ChangePage:
    """Return the changes of a tag, the newest first. The tag may be deleted."""
    return await history_service.list_changes_of(session, user.id, TAG, tag_id, query)


@pages.get("/projects/{project_id}/changes", responses=errors(ProjectNotFoundError))
async def project_changes(
    project_id: RowId, query: Annotated[HistoryQuery, Query()], session: Session, user: CurrentUser
) -> ChangePage:
    """Return the changes of a project, the newest first. The project may be deleted."""
    return await history_service.list_changes_of(session, user.id, PROJECT, project_id, query)


@pages.get("/sections/{section_id}/changes", responses=errors(SectionNotFoundError))
async def section_changes(
    section_id: RowId, query: Annotated[HistoryQuery, Query()], session: Session, user: CurrentUser
) -> ChangePage:
    """Return the changes of a section, the newest first. The section may be deleted."""
    return await history_service.list_changes_of(session, user.id, SECTION, section_id, query)


@pages.get("/filters/{filter_id}/changes", responses=errors(FilterNotFoundError))
async def filter_changes(
    filter_id: RowId, query: Annotated[HistoryQuery, Query()], session: Session, user: CurrentUser
) -> ChangePage:
    """Return the changes of a saved filter, the newest first. The filter may be deleted."""
    return await history_service.list_changes_of(session, user.id, FILTER, filter_id, query)


@router.post(
    "/{seq}/undo",
    responses=errors(
        ChangeNotFoundError,
        AlreadyUndoneError,
        UndoConflictError,
        ChangePurgedError,
        TagNameTakenError,
        ExternalIdTakenError,
        ProjectOfSectionGoneError,
    ),
)
async def undo(seq: RowId, request: UndoRequest, writer: CurrentWriter, user: CurrentUser) -> UndoResult:
    """Undo the whole request that this change was part of. To redo it, undo the undo.

    If a field was changed since, the response is 409 `UNDO_CONFLICT` and names the fields. `force` undoes it
    nevertheless. A personal access token needs the write scope of each type that the request changed.
    """
    return await undo_change(writer, user, seq, force=request.force)
