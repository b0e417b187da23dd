"""Positions in statements: the key of a row, and its neighbours in a list (ADR 0064)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, Table, Text, bindparam, func, literal_column, select, tuple_

from todo.core.database.session import Row
from todo.domain.identifiers import BIGINT_MAX
from todo.domain.projects.position import (
    HEAD,
    HIGHEST,
    LOWEST,
    POSITION_MAX,
    SHORT_MAX,
    SIGN,
    key_between,
    key_of_id,
    keys_between,
)
from todo.services.shared.lists import Columns, Conditions

WINDOW, WINDOW_GROWTH = 32, 4
"""How many neighbours on each side get new keys if a gap is full, and the factor if that is not enough."""
Neighbour = tuple[str, int]
"""The key and the id of a row."""
START, END = (LOWEST, 0), (HIGHEST, BIGINT_MAX)
FetchNeighbours = Callable[[bool, Neighbour, int], Awaitable[Sequence[Row]]]
"""Returns rows with `key` and `id`: whether those after a neighbour or those before it, the neighbour, how many."""


class Place(NamedTuple):
    """The new place of a row.

    Attributes:
        key: the key of the row.
        moved: the new keys of neighbours by id.
    """

    key: str
    moved: dict[int, str]


def key_of(columns: Columns) -> ColumnElement[str]:
    """Return the key of a row, as `domain.projects.position.key_of_id` computes it for a row without a position."""
    digits = func.lpad(func.to_hex(columns["id"]), literal_column("16"), literal_column("'0'"))
    default = literal_column(f"'{SIGN[True]}'", Text).concat(digits)
    return func.coalesce(columns["position"], default, type_=Text).collate("C")


def public_position(row: dict[str, Any]) -> str:
    """Return the key of a row as clients read it."""
    position: str | None = row["position"]
    return key_of_id(row["id"]) if position is None else position


def select_neighbours(table: Table, conditions: Conditions, *, after: bool) -> Select[Any]:
    """Return the query that reads the next rows after a place, or those before it, the nearest first.

    It has the parameters `key`, `key_id` and `limit`, and `id` for a row that is left out.

    Args:
        table: has `position`.
        conditions: the list, the owner among them.
        after: whether to read the rows after the place.
    """
    here = tuple_(key_of(table.c), table.c.id)
    place = tuple_(bindparam("key", type_=Text), bindparam("key_id", type_=BigInteger))
    is_beyond = here > place if after else here < place
    order = [key_of(table.c), table.c.id]
    return (
        select(table.c.id, key_of(table.c).label("key"))
        .where(*conditions, table.c.id != bindparam("id", type_=BigInteger), is_beyond)
        .order_by(*(order if after else [key.desc() for key in order]))
        .limit(bindparam("limit", type_=BigInteger))
    )


async def find_place(fetch: FetchNeighbours, own: Neighbour, anchor: Neighbour, *, is_before: bool) -> Place:
    """Return the place directly before an anchor, or directly after it. If the gap is full, neighbours get new keys.

    Args:
        fetch: reads the list without the row.
        own: the key and the id of the row. The key is empty if the row is in another list. A row that is at the place
            already keeps its key.
        anchor: another row of the list. The place before END is the last one, the place after START is the first one.
        is_before: whether the place is before the anchor.
    """
    low, high = await _read_neighbours(fetch, anchor, 1, is_before=is_before)
    if not low and not high:
        return Place(own[0] or key_of_id(own[1]), {})
    previous, following = low[0] if low else START, high[0] if high else END
    if own[0] and previous < own < following:
        return Place(own[0], {})
    if previous[0] < following[0]:
        key = key_between(previous[0] or None, following[0] if high else None)
        if len(key) <= POSITION_MAX:
            return Place(key, {})
    return await _respace(fetch, anchor, is_before=is_before)


async def _respace(fetch: FetchNeighbours, anchor: Neighbour, *, is_before: bool) -> Place:
    """Return new keys for the nearest neighbours on both sides, and the key between them."""
    window = WINDOW
    while True:
        low, high = await _read_neighbours(fetch, anchor, window + 1, is_before=is_before)
        previous = low[window][0] if len(low) > window else None
        following = high[window][0] if len(high) > window else None
        neighbours = [*reversed(low[:window]), *high[:window]]
        if previous is None and following is None:
            previous = neighbours[0][0][:HEAD]
        if previous is None or following is None or previous < following:
            keys = keys_between(previous, following, len(neighbours) + 1)
            if max(map(len, keys)) <= SHORT_MAX:
                key = keys.pop(len(low[:window]))
                ids = [row_id for _, row_id in neighbours]
                return Place(key, dict(zip(ids, keys, strict=True)))
        window *= WINDOW_GROWTH


async def _read_neighbours(
    fetch: FetchNeighbours, anchor: Neighbour, count: int, *, is_before: bool
) -> tuple[list[Neighbour], list[Neighbour]]:
    """Return the nearest rows before a place and those after it, the nearest first."""

    async def read(after: bool, number: int) -> list[Neighbour]:
        rows = await fetch(after, anchor, number) if number else []
        return [(row["key"], row["id"]) for row in rows]

    has_anchor = anchor not in (START, END)
    low = await read(False, count - (has_anchor and not is_before)) if anchor != START else []
    high = await read(True, count - (has_anchor and is_before)) if anchor != END else []
    if has_anchor:
        (high if is_before else low).insert(0, anchor)
    return low, high
