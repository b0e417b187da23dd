"""The trash."""

from typing import Annotated

from fastapi import Query, status

from todo.domain.identifiers import RowId
from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies.principal import CurrentUser
from todo.http.dependencies.resources import Resources, Session
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import errors
from todo.http.resource_route import StepwiseRoute, make_router
from todo.schemas.changes.history import HistoryQuery
from todo.schemas.changes.trash import RestoreResult, TrashPage
from todo.services.sections.errors import ProjectOfSectionGoneError
from todo.services.tags.errors import TagNameTakenError
from todo.services.tasks.errors import ExternalIdTakenError
from todo.services.trash import service as trash_service
from todo.services.trash.errors import TrashEntryNotFoundError

pages = make_router("/trash", "trash", route_class=DeclaredRoute)
router = make_router("/trash", "trash")


@pages.get("")
async def list_trash(
    query: Annotated[HistoryQuery, Query()], session: Session, resources: Resources, user: CurrentUser
) -> TrashPage:
    """Return the deleted resources, the last deleted first.

    Entries are kept for 30 days, unless the operator chose another time. A personal access token gets the types that
    its scopes can read.
    """
    return await trash_service.list_trash(session, user, query, resources.settings.trash_retention)


@router.post(
    "/{seq}/restore",
    responses=errors(TrashEntryNotFoundError, TagNameTakenError, ExternalIdTakenError, ProjectOfSectionGoneError),
)
async def restore_entry(seq: RowId, writer: CurrentWriter, resources: Resources, user: CurrentUser) -> RestoreResult:
    """Restore a deleted resource with its id, its fields, its tags and its contents.

    Tags, projects and sections that are gone are left out.
    """
    return await trash_service.restore(writer, user, seq, resources.settings.trash_retention)


@router.delete("/{seq}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(TrashEntryNotFoundError))
async def purge_entry(seq: RowId, writer: CurrentWriter, resources: Resources, user: CurrentUser) -> None:
    """Delete an entry for good, with the old values in its history."""
    await trash_service.purge(writer, user, seq, resources.settings.trash_retention)


async def empty_trash(writer: CurrentWriter, resources: Resources, user: CurrentUser) -> None:
    """Delete all entries for good, with the old values in their history.

    Entries are deleted in batches, and your other requests run in between. After an error send the request again.
    """
    await trash_service.purge_all(writer, user, resources.settings.trash_retention)


router.add_api_route(
    "", empty_trash, methods=["DELETE"], status_code=status.HTTP_204_NO_CONTENT, route_class_override=StepwiseRoute
)
