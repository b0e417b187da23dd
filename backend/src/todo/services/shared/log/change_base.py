"""Writes of a client that was offline: a field that was changed after the client's last sync is a conflict."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, column, func, select, true

from todo.core.database.statement import Statement
from todo.core.errors import FieldConflictError
from todo.domain.changes import InvalidChangeBaseError
from todo.services.shared.log.writer import Writer
from todo.services.shared.log.writes import CHANGES, CLOCKS, USER_ID

SELECT_CLOCK = Statement(select(CLOCKS.c.seq, CLOCKS.c.swept_seq).where(CLOCKS.c.user_id == USER_ID))

_item = (
    func.unnest(bindparam("ids", type_=ARRAY(BigInteger)), bindparam("bases", type_=ARRAY(BigInteger)))
    .table_valued(column("id", BigInteger), column("base", BigInteger))
    .render_derived(name="item")
)
_key = func.jsonb_object_keys(CHANGES.c.after).table_valued(column("name", Text)).render_derived(name="key")
SELECT_CHANGED_FIELDS = Statement(
    select(_item.c.id, func.array_agg(_key.c.name.distinct()).label("fields"))
    .select_from(_item.join(CHANGES, CHANGES.c.id == _item.c.id).join(_key, true()))
    .where(
        CHANGES.c.user_id == USER_ID,
        CHANGES.c.type == bindparam("type", type_=Text),
        CHANGES.c.seq > _item.c.base,
    )
    .group_by(_item.c.id)
)


class BasedWrite(NamedTuple):
    """A write of a resource, and what the client knew of it.

    Attributes:
        id: the id of the resource.
        base: the number of the last change that the client knew.
        values: the fields to write; None to delete the resource.
    """

    id: int
    base: int
    values: Mapping[str, object] | None


class Clock(NamedTuple):
    """The change clock of a user.

    Attributes:
        seq: the number of the last change.
        swept_seq: the greatest number that is no longer in the log.
    """

    seq: int = 0
    swept_seq: int = 0


async def read_clock(writer: Writer) -> Clock:
    """Return the change clock of the user. A base that is greater than its `seq` is from the future."""
    row = await writer.session.fetch_one(SELECT_CLOCK, user_id=writer.user_id)
    return Clock(**row) if row else Clock()


async def find_conflicts(
    writer: Writer,
    entity: str,
    writes: Sequence[BasedWrite],
    current: Mapping[int, Mapping[str, Any]],
    swept_seq: int,
) -> dict[int, list[str]]:
    """Return the conflicting fields of each write that has some, by the id of its resource (BAS-001 to BAS-005).

    A field conflicts if it was changed after the base, and if the write would change it again. A base whose later
    changes are no longer in the log makes every such field conflict.

    Args:
        writer: is inside its transaction, so that the log does not grow until the write.
        entity: the type of the resources.
        writes: the writes.
        current: the current state of each resource by id.
        swept_seq: the greatest number that is no longer in the log.
    """
    ids, bases = [write.id for write in writes], [write.base for write in writes]
    rows = await writer.session.fetch_all(
        SELECT_CHANGED_FIELDS, user_id=writer.user_id, type=entity, ids=ids, bases=bases
    )
    changed = {row["id"]: row["fields"] for row in rows}
    conflicts = {}
    for write in writes:
        state = current[write.id]
        later = state.keys() if write.base < swept_seq else changed.get(write.id, [])
        if write.values is None:
            fields = sorted(later)
        else:
            fields = [name for name in write.values if name in later and write.values[name] != state[name]]
        if fields:
            conflicts[write.id] = fields
    return conflicts


def based_on(
    base: int | None,
    writer: Writer,
    entity: str,
    read: Callable[[], Awaitable[Mapping[str, Any]]],
    values: Mapping[str, object] | None,
) -> contextlib.AbstractAsyncContextManager[None]:
    """Check that the write in the block conflicts with no change after its base; nothing is changed in between.

    Args:
        base: the number of the last change that the client knew; None for a write without a check.
        writer: the writer of the block.
        entity: the type of the resource.
        read: returns the current state of the resource.
        values: the fields to write; None to delete the resource.

    Raises:
        FieldConflictError: a field was changed after the base.
        InvalidChangeBaseError: the base is greater than the number of the user's last change.
    """
    return contextlib.nullcontext() if base is None else _based_on(base, writer, entity, read, values)


@contextlib.asynccontextmanager
async def _based_on(
    base: int,
    writer: Writer,
    entity: str,
    read: Callable[[], Awaitable[Mapping[str, Any]]],
    values: Mapping[str, object] | None,
) -> AsyncIterator[None]:
    async with writer.transaction():
        current, clock = await read(), await read_clock(writer)
        if base > clock.seq:
            raise InvalidChangeBaseError
        write = BasedWrite(current["id"], base, values)
        conflicts = await find_conflicts(writer, entity, [write], {write.id: current}, clock.swept_seq)
        if conflicts:
            raise FieldConflictError(conflicts[write.id], current)
        yield
