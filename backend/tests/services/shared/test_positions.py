"""Places in a list: a full gap gives neighbours new keys, and the order stays."""

from collections.abc import Sequence
from typing import Any

import pytest

from todo.domain.projects.position import POSITION_MAX, key_of_id
from todo.services.shared.positions import END, START, Neighbour, find_place

INSERTS = 2_000


class Rows:
    """A list of rows by id, as the database keeps it.

    Attributes:
        keys: the key of each row.
        written: how many keys of neighbours were written.
    """

    def __init__(self, size: int) -> None:
        self.keys = {number: key_of_id(number) for number in range(1, size + 1)}
        self.written = 0

    def in_order(self) -> list[int]:
        return sorted(self.keys, key=lambda row_id: (self.keys[row_id], row_id))

    async def move(self, row_id: int, anchor: Neighbour, *, is_before: bool) -> None:
        """Move a row; one that is not in the list comes into it."""
        own = (self.keys.pop(row_id, ""), row_id)

        async def fetch(after: bool, neighbour: Neighbour, limit: int) -> Sequence[Any]:
            rows = sorted((key, other) for other, key in self.keys.items())
            found = [row for row in rows if (row > neighbour if after else row < neighbour)]
            nearest = found[:limit] if after else found[::-1][:limit]
            return [{"key": key, "id": other} for key, other in nearest]

        place = await find_place(fetch, own, anchor, is_before=is_before)
        self.written += len(place.moved)
        self.keys |= {row_id: place.key, **place.moved}
        assert max(map(len, self.keys.values())) <= POSITION_MAX

    def at(self, row_id: int) -> Neighbour:
        return self.keys[row_id], row_id


@pytest.mark.spec("ORD-007")
@pytest.mark.parametrize("side", ["before", "after", "first", "last"])
async def test_two_thousand_inserts_at_one_place_keep_the_order(side: str) -> None:
    rows = Rows(2)
    new_ids = range(3, INSERTS + 3)

    for row_id in new_ids:
        if side in ("first", "last"):
            await rows.move(row_id, START if side == "first" else END, is_before=side == "last")
        else:
            await rows.move(row_id, rows.at(1 if side == "after" else 2), is_before=side == "before")

    expected = {
        "before": [1, *new_ids, 2],
        "after": [1, *reversed(new_ids), 2],
        "first": [*reversed(new_ids), 1, 2],
        "last": [1, 2, *new_ids],
    }
    assert rows.in_order() == expected[side]
    assert rows.written < INSERTS


@pytest.mark.spec("ORD-007")
async def test_equal_keys_are_separated() -> None:
    rows = Rows(4)
    rows.keys |= {2: rows.keys[1], 3: rows.keys[1]}

    await rows.move(4, rows.at(1), is_before=False)

    assert rows.in_order() == [1, 4, 2, 3]
    assert len({*rows.keys.values()}) == len(rows.keys)


@pytest.mark.spec("ORD-001")
async def test_row_that_is_at_its_place_keeps_its_key() -> None:
    rows = Rows(3)
    before = dict(rows.keys)

    await rows.move(2, rows.at(1), is_before=False)
    await rows.move(2, rows.at(3), is_before=True)
    await rows.move(1, START, is_before=False)
    await rows.move(3, END, is_before=True)

    assert rows.keys == before


@pytest.mark.spec("ORD-001")
async def test_only_row_has_the_key_of_its_id() -> None:
    rows = Rows(0)

    await rows.move(7, END, is_before=True)

    assert rows.keys == {7: key_of_id(7)}
