"""Updates of some fields of one row, for every type of resources that is one row of a table."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from todo.core.database.session import Row
from todo.core.errors import PreconditionFailedError
from todo.services.shared.log.change_base import based_on
from todo.services.shared.log.writer import Writer
from todo.services.shared.log.writes import Write
from todo.services.shared.versions import EntityTags, check_entity_tags, condition_values

Resource = TypeVar("Resource", bound=Mapping[str, Any])


class RowUpdate(NamedTuple):
    """A request to update a row.

    Attributes:
        entity: the type of the resource in the change log.
        id: the id of the row.
        fields: the fields to write; empty for a request that only checks its conditions.
        entity_tags: the entity tags that the request accepts; None for any.
        base: the number of the last change that the client knew; None for a write without this check.
    """

    entity: str
    id: int
    fields: Mapping[str, object]
    entity_tags: EntityTags | None
    base: int | None


async def update_row(
    writer: Writer,
    request: RowUpdate,
    make_write: Callable[..., Write],
    read: Callable[[], Awaitable[Resource]],
    read_row: Callable[[Row], Resource],
) -> Resource:
    """Write fields of a row, and return the resource.

    Args:
        writer: the writer of the request.
        request: the fields and the conditions.
        make_write: returns the write of these fields, `conditional` or not, which has the parameter `id`.
        read: returns the current resource, or raises its `NotFoundError`.
        read_row: returns the resource of a written row.

    Raises:
        NotFoundError: the resource does not exist, or belongs to another user.
        PreconditionFailedError: the resource has none of the entity tags.
        FieldConflictError: a field was changed after the base.
    """
    _, id_, fields, entity_tags, base = request
    if not fields:
        resource = await read()
        check_entity_tags(entity_tags, resource)
        return resource
    write = make_write(frozenset(fields), conditional=entity_tags is not None)
    async with based_on(base, writer, request.entity, read, fields):
        row = await writer.write_one(write, id=id_, **fields, **condition_values(entity_tags))
        if row is None:
            raise PreconditionFailedError(await read())
    return read_row(row)
