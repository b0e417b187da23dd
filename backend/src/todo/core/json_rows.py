"""JSON objects with long lists: the items of a list are parsed one after the other.

A long text then needs little memory beside itself, and the event loop is free between the items.
"""

import asyncio
import re
from codecs import utf_8_decode
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder

ITEM_SIZES = (4096, 65_536, 1_048_576)
"""How many bytes are tried for one item. A longer item is an error."""
MEMBERS_MAX = 100
"""How many members the object can have."""
ROWS_AT_ONCE = 200
"""Items parsed before other tasks of the event loop run."""
SPACE = re.compile(rb"[ \t\n\r]*")
DECODER = JSONDecoder()
EMPTY = b"[]"


class JsonRows:
    """A list in a JSON text. Each iteration parses the items again.

    Attributes:
        count: the number of items.
    """

    __slots__ = ("_start", "_text", "count")

    def __init__(self, text: bytes = EMPTY, start: int = 0, count: int = 0) -> None:
        self._text = text
        self._start = start
        self.count = count

    def __iter__(self) -> Iterator[object]:
        return (value for value, _ in _items(self._text, self._start))


async def read_object(text: bytes) -> object:
    """Return the members of the object, its lists as `JsonRows`; a text of another kind of value is parsed as a whole.

    Raises:
        ValueError: the text is not valid JSON, a name is repeated, or an item is too long.
        RecursionError: an item is nested too deeply.
    """
    position = _skip(text, 0)
    if text[position : position + 1] != b"{":
        value, position = _read_value(text, position)
        _check_end(text, position)
        return value
    members: dict[str, object] = {}
    position = _skip(text, position + 1)
    while text[position : position + 1] != b"}" or members:
        name, position = _read_value(text, position)
        if not isinstance(name, str) or name in members or len(members) == MEMBERS_MAX:
            raise ValueError("The names of the members are not valid")
        position = _skip_mark(text, position, b":")
        if text[position : position + 1] == b"[":
            members[name], position = await _read_rows(text, position)
        else:
            members[name], position = _read_value(text, position)
        if text[position : position + 1] == b"}":
            break
        position = _skip_mark(text, position, b",")
    _check_end(text, _skip(text, position + 1))
    return members


async def _read_rows(text: bytes, start: int) -> tuple[JsonRows, int]:
    count, position = 0, _skip(text, start + 1)
    for _, end in _items(text, start):
        count, position = count + 1, end
        if count % ROWS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return JsonRows(text, start, count), _skip(text, position + 1)


def _items(text: bytes, start: int) -> Iterator[tuple[object, int]]:
    """Yield the items of the list that begins at a position, each with the position after it."""
    position = _skip(text, start + 1)
    if text[position : position + 1] == b"]":
        return
    while True:
        value, position = _read_value(text, position)
        yield value, position
        if text[position : position + 1] == b"]":
            return
        position = _skip_mark(text, position, b",")


def _read_value(text: bytes, start: int) -> tuple[object, int]:
    """Return the value at a position, and the position after it and after the space behind it."""
    for size in ITEM_SIZES:
        is_rest = start + size >= len(text)
        part, _ = utf_8_decode(text[start : start + size], "strict", is_rest)
        try:
            value, end = DECODER.raw_decode(part)
        except JSONDecodeError:
            if is_rest:
                raise
            continue
        # A number at the end of the part can have further digits.
        if is_rest or end < len(part):
            return value, _skip(text, start + len(part[:end].encode()))
    raise ValueError("An item is too long, or not valid JSON")


def _skip(text: bytes, position: int) -> int:
    """Return the position after spaces."""
    match = SPACE.match(text, position)
    assert match is not None
    return match.end()


def _skip_mark(text: bytes, position: int, mark: bytes) -> int:
    """Return the position after a mark and spaces."""
    if text[position : position + 1] != mark:
        raise ValueError(f"Expected {mark.decode()}")
    return _skip(text, position + 1)


def _check_end(text: bytes, position: int) -> None:
    if position != len(text):
        raise ValueError("Unexpected text after the value")
