"""The user's tags."""

from fastapi import APIRouter, status

from todo.core.errors import MalformedRequestError, PayloadTooLargeError
from todo.core.types import InvalidColorError, InvalidTagNameError, RowId
from todo.routers.dependencies import CurrentUser, Session
from todo.routers.error_handlers import errors
from todo.schemas.tag import TagPublic, TagWrite
from todo.services import tag_service
from todo.services.tag_service import TagAlreadyExistsError, TagNotFoundError

router = APIRouter(prefix="/tags", tags=["tags"])

BODY_ERRORS = (
    InvalidTagNameError,
    InvalidColorError,
    TagAlreadyExistsError,
    PayloadTooLargeError,
    MalformedRequestError,
)


@router.post("", status_code=status.HTTP_201_CREATED, responses=errors(*BODY_ERRORS))
async def create_tag(tag: TagWrite, session: Session, user: CurrentUser) -> TagPublic:
    """Create a tag. Its name is unique among the user's."""
    return await tag_service.create_tag(session, user.sub, tag)


@router.get("")
async def list_tags(session: Session, user: CurrentUser) -> list[TagPublic]:
    """Return all tags of the user by name."""
    return await tag_service.list_tags(session, user.sub)


@router.put("/{tag_id}", responses=errors(TagNotFoundError, *BODY_ERRORS))
async def update_tag(tag_id: RowId, tag: TagWrite, session: Session, user: CurrentUser) -> TagPublic:
    """Replace a tag's name and colour; every task that carries it shows the change."""
    return await tag_service.update_tag(session, user.sub, tag_id, tag)


@router.delete(
    "/{tag_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(TagNotFoundError, MalformedRequestError),
)
async def delete_tag(tag_id: RowId, session: Session, user: CurrentUser) -> None:
    """Delete a tag and take it off all tasks; the tasks stay."""
    await tag_service.delete_tag(session, user.sub, tag_id)
