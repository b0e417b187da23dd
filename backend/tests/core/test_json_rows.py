"""JSON texts are parsed item by item, with the values that json has."""

import asyncio
import json

import pytest

from todo.core.json_rows import ITEM_SIZES, ROWS_AT_ONCE, JsonRows, read_object


async def parse(text: bytes) -> object:
    """Return the value of a text, with its lists as lists."""
    value = await read_object(text)
    if not isinstance(value, dict):
        return value
    return {name: [*member] if isinstance(member, JsonRows) else member for name, member in value.items()}


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": []},
        {"a": [1], "b": [2, 3], "c": {"d": [4]}},
        {"a": [{"é": "ü€😀"}, [], [[]], None, True, -1.5e3, "]", "}"]},
        {"": ""},
        {"a": ["x" * size for size in (ITEM_SIZES[0] - 3, ITEM_SIZES[0], ITEM_SIZES[1] + 1)]},
        {"a": ["€" * 1400, "😀" * 1100, "é" * 3000]},
        {"a": [12345] * 2000},
        [1],
        "text",
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("is_ascii", [True, False])
async def test_value_is_that_of_json(value: object, indent: int | None, is_ascii: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii).encode()

    assert await parse(b" \n" + text + b"\r\t") == value


@pytest.mark.parametrize("shift", range(30))
async def test_items_at_the_ends_of_parts_are_whole(shift: int) -> None:
    value = {"a": ["x" * (ITEM_SIZES[0] - shift), 123456789, "ü€😀" * 5, {"b": 1}]}

    assert await parse(json.dumps(value, ensure_ascii=False).encode()) == value


async def test_list_has_its_number_of_items_and_can_be_read_again() -> None:
    members = await read_object(b'{"a": [1, 2, 3], "b": []}')

    assert isinstance(members, dict)
    assert (members["a"].count, members["b"].count) == (3, 0)
    assert [*members["a"]] == [*members["a"]] == [1, 2, 3]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"a"}',
        b'{"a": }',
        b'{"a": 1,}',
        b'{"a": [1}',
        b'{"a": [1],}',
        b'{"a": [,]}',
        b"{} {}",
        b"7 7",
        b"\xff",
    ],
)
async def test_malformed_text_is_an_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the message is not shown
        await read_object(text)


@pytest.mark.spec("IMP-012")
async def test_other_tasks_run_between_the_items() -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    await read_object(json.dumps({"a": [{}] * (ROWS_AT_ONCE * 10)}).encode())
    counting.cancel()

    assert turns >= 10
