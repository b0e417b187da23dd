"""Saved filters."""

from fastapi import status

from todo.domain.identifiers import RowId
from todo.http.dependencies.change_base import ChangeBase
from todo.http.dependencies.principal import CurrentUser
from todo.http.dependencies.resources import Resources, Session
from todo.http.dependencies.versions import IfMatch
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import errors, merge_patch
from todo.http.resource_route import make_router
from todo.schemas.projects.move import Move
from todo.schemas.saved_filter import FilterCreate, FilterPublic, FilterReplace, FilterUpdate
from todo.services.filters import service as filter_service
from todo.services.filters.errors import FilterNotFoundError, TooManyFiltersError
from todo.services.placement import moves
from todo.services.placement.errors import SiblingNotFoundError

router = make_router("/filters", "filters")


@router.post("", status_code=status.HTTP_201_CREATED, responses=errors(TooManyFiltersError))
async def create_filter(saved_filter: FilterCreate, writer: CurrentWriter, resources: Resources) -> FilterPublic:
    """Save a filter, the last in the order. You can have 200, unless the operator allows more."""
    return await filter_service.create_filter(writer, saved_filter, max_filters=resources.settings.max_filters)


@router.get("")
async def list_filters(session: Session, user: CurrentUser) -> list[FilterPublic]:
    """Return all your filters in their order."""
    return await filter_service.list_filters(session, user.id)


@router.get("/{filter_id}", responses=errors(FilterNotFoundError))
async def get_filter(filter_id: RowId, session: Session, user: CurrentUser) -> FilterPublic:
    """Return one of your filters. Send its `query` as the parameter `filter` of a list of tasks."""
    return await filter_service.get_filter(session, user.id, filter_id)


@router.put("/{filter_id}", responses=errors(FilterNotFoundError))
async def replace_filter(
    filter_id: RowId, saved_filter: FilterReplace, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase
) -> FilterPublic:
    """Replace a filter's name, query and colour. Its place stays."""
    return await filter_service.update_filter(writer, filter_id, saved_filter, entity_tags, base)


@router.patch("/{filter_id}", responses=errors(FilterNotFoundError), openapi_extra=merge_patch(FilterUpdate))
async def update_filter(
    filter_id: RowId, saved_filter: FilterUpdate, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase
) -> FilterPublic:
    """Change some fields of a filter. Absent fields stay, and null clears the colour."""
    return await filter_service.update_filter(writer, filter_id, saved_filter, entity_tags, base)


@router.post("/{filter_id}/move", responses=errors(FilterNotFoundError, SiblingNotFoundError))
async def move_filter(
    filter_id: RowId, move: Move, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase
) -> FilterPublic:
    """Move a filter among all your filters. Two moves at once leave one order."""
    return await moves.move_filter(writer, filter_id, move, entity_tags, base)


@router.delete("/{filter_id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(FilterNotFoundError))
async def delete_filter(filter_id: RowId, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase) -> None:
    """Delete a filter. The tasks that it found stay."""
    await filter_service.delete_filter(writer, filter_id, entity_tags, base)
