"""Tags."""

from fastapi import status

from todo.domain.identifiers import RowId
from todo.http.dependencies.change_base import ChangeBase
from todo.http.dependencies.principal import CurrentUser
from todo.http.dependencies.resources import Resources, Session
from todo.http.dependencies.versions import IfMatch
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import errors
from todo.http.resource_route import make_router
from todo.schemas.tag import TagCreate, TagPublic, TagReplace
from todo.services.tags import service as tag_service
from todo.services.tags.errors import TagAlreadyExistsError, TagNotFoundError, TooManyTagsError

router = make_router("/tags", "tags")


@router.post("", status_code=status.HTTP_201_CREATED, responses=errors(TagAlreadyExistsError, TooManyTagsError))
async def create_tag(tag: TagCreate, writer: CurrentWriter, resources: Resources) -> TagPublic:
    """Create a tag. Its name is unique among your tags. You can have 1000, unless the operator allows more."""
    return await tag_service.create_tag(writer, tag, max_tags=resources.settings.max_tags)


@router.get("")
async def list_tags(session: Session, user: CurrentUser) -> list[TagPublic]:
    """Return all your tags, ordered by name."""
    return await tag_service.list_tags(session, user.id)


@router.get("/{tag_id}", responses=errors(TagNotFoundError))
async def get_tag(tag_id: RowId, session: Session, user: CurrentUser) -> TagPublic:
    """Return one of your tags."""
    return await tag_service.get_tag(session, user.id, tag_id)


@router.put("/{tag_id}", responses=errors(TagNotFoundError, TagAlreadyExistsError))
async def update_tag(
    tag_id: RowId, tag: TagReplace, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase
) -> TagPublic:
    """Replace a tag's name and colour. All tasks with the tag show the change."""
    return await tag_service.update_tag(writer, tag_id, tag, entity_tags, base)


@router.delete("/{tag_id}", status_code=status.HTTP_204_NO_CONTENT, responses=errors(TagNotFoundError))
async def delete_tag(tag_id: RowId, writer: CurrentWriter, entity_tags: IfMatch, base: ChangeBase) -> None:
    """Delete a tag and remove it from all tasks. The tasks stay."""
    await tag_service.delete_tag(writer, tag_id, entity_tags, base)
