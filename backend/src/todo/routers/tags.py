"""The user's tags."""

from fastapi import status

from todo.core.errors import (
    MalformedRequestError,
    PayloadTooLargeError,
    PreconditionFailedError,
    UnsupportedMediaTypeError,
)
from todo.domain.identifiers import RowId
from todo.domain.tag import InvalidColorError, InvalidTagNameError
from todo.http.dependencies import CurrentUser, IfMatch, Session
from todo.http.errors import errors
from todo.http.resource_route import make_router
from todo.schemas.tag import TagPublic, TagWrite
from todo.services.tags import service as tag_service
from todo.services.tags.service import TagAlreadyExistsError, TagNotFoundError

router = make_router("/tags", "tags")

BODY_ERRORS = (
    InvalidTagNameError,
    InvalidColorError,
    TagAlreadyExistsError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
    MalformedRequestError,
)


@router.post("", status_code=status.HTTP_201_CREATED, responses=errors(*BODY_ERRORS))
async def create_tag(tag: TagWrite, session: Session, user: CurrentUser) -> TagPublic:
    """Create a tag. Its name is unique among the user's."""
    return await tag_service.create_tag(session, user.id, tag)


@router.get("")
async def list_tags(session: Session, user: CurrentUser) -> list[TagPublic]:
    """Return all tags of the user by name."""
    return await tag_service.list_tags(session, user.id)


@router.get("/{tag_id}", responses=errors(TagNotFoundError, MalformedRequestError))
async def get_tag(tag_id: RowId, session: Session, user: CurrentUser) -> TagPublic:
    """Return one tag of the user's."""
    return await tag_service.get_tag(session, user.id, tag_id)


@router.put("/{tag_id}", responses=errors(TagNotFoundError, PreconditionFailedError, *BODY_ERRORS))
async def update_tag(tag_id: RowId, tag: TagWrite, session: Session, user: CurrentUser, versions: IfMatch) -> TagPublic:
    """Replace a tag's name and colour; every task that carries it shows the change."""
    return await tag_service.update_tag(session, user.id, tag_id, tag, versions)


@router.delete(
    "/{tag_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(TagNotFoundError, PreconditionFailedError, MalformedRequestError),
)
async def delete_tag(tag_id: RowId, session: Session, user: CurrentUser, versions: IfMatch) -> None:
    """Delete a tag and take it off all tasks; the tasks stay."""
    await tag_service.delete_tag(session, user.id, tag_id, versions)
