"""Rules for the type, title, description and priority of a task in every write."""

import asyncio
import sys
import unicodedata

import pytest
from httpx import Response

from tests.routers.tasks.support import assert_field_error, assert_written, write_task, write_with_every_method
from tests.support import Person, assert_error

TITLE_ERROR = "Title is required and must be 1-200 characters"
DESCRIPTION_ERROR = "Description cannot exceed 1000 characters"
PRIORITY_ERROR = "Priority must be low, medium, or high"


def assert_wrong_type(response: Response, field: str) -> None:
    """Check that the response is a validation error for `field` alone."""
    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == [field]


# Types


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", None),
        ("title", 5),
        ("title", True),
        ("title", ["Water the plants"]),
        ("description", 5),
        ("description", {}),
        ("completed", None),
        ("completed", "yes"),
        ("completed", "true"),
        ("completed", 1),
        ("completed", 0),
        ("priority", None),
        ("priority", 5),
        ("priority", True),
        ("priority", ["low"]),
        ("due_date", 5),
        ("due_date", 1.5),
        ("due_date", True),
        ("due_date", {}),
        ("recurrence_rule", 5),
        ("recurrence_rule", []),
    ],
)
async def test_wrong_type_is_rejected(ada: Person, field: str, value: object) -> None:
    for response in await write_with_every_method(ada, **{field: value}):
        assert_wrong_type(response, field)


@pytest.mark.parametrize("field", ["title", "description", "recurrence_rule"])
@pytest.mark.parametrize("text", ["a\0b", "\0", "a\ud800b", "\udfff"], ids=ascii)
async def test_unstorable_text_is_rejected(ada: Person, field: str, text: str) -> None:
    for response in await write_with_every_method(ada, **{field: text}):
        assert_wrong_type(response, field)


# Title


@pytest.mark.parametrize(
    "title",
    ["x", 200 * "x", 200 * "ß", 200 * "🌿", "<b>'; DROP TABLE tasks; --", "a\nb"],
    ids=["1", "200", "200 of two bytes", "200 astral", "markup", "two lines"],
)
async def test_title_is_stored(ada: Person, title: str) -> None:
    response = await write_task(ada, "POST", title=title)

    assert assert_written(response)["title"] == title


@pytest.mark.parametrize(
    "padding", [" ", "\t\r\n", "\u00a0", "\u3000", 300 * " "], ids=["space", "tab", "nbsp", "ideographic", "300"]
)
async def test_title_is_trimmed(ada: Person, padding: str) -> None:
    for response in await write_with_every_method(ada, title=f"{padding}{200 * '🌿'}{padding}"):
        assert assert_written(response)["title"] == 200 * "🌿"


@pytest.mark.spec("TSK-003")
@pytest.mark.parametrize("title", ["", " ", "\t\n", "\u00a0", "\u3000\u2003"], ids=ascii)
async def test_empty_title_is_rejected(ada: Person, title: str) -> None:
    for response in await write_with_every_method(ada, title=title):
        assert_field_error(response, 400, "INVALID_TITLE", "title", TITLE_ERROR)


@pytest.mark.spec("TSK-004")
@pytest.mark.parametrize("title", [201 * "x", 201 * "🌿", 100_000 * "x"], ids=["201", "201 astral", "100,000"])
async def test_title_over_200_characters_is_rejected(ada: Person, title: str) -> None:
    for response in await write_with_every_method(ada, title=title):
        assert_field_error(response, 400, "INVALID_TITLE", "title", TITLE_ERROR)


async def test_invisible_title_is_stored_or_rejected(ada: Person) -> None:
    """The service and the database's check constraint must agree on empty titles."""
    invisible_characters = [
        character
        for character in map(chr, range(1, sys.maxunicode + 1))
        if unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}
    ]

    responses = await asyncio.gather(*(write_task(ada, "POST", title=character) for character in invisible_characters))

    assert {response.status_code for response in responses} == {201, 400}


# Description


@pytest.mark.parametrize(
    "description", ["", "x", 1000 * "x", 1000 * "🌿", "a\nb"], ids=["0", "1", "1000", "1000 astral", "two lines"]
)
async def test_description_is_stored(ada: Person, description: str) -> None:
    response = await write_task(ada, "POST", description=description)

    assert assert_written(response)["description"] == description


@pytest.mark.spec("TSK-005")
@pytest.mark.parametrize("description", [1001 * "x", 1001 * "🌿"], ids=["1001", "1001 astral"])
async def test_description_over_1000_characters_is_rejected(ada: Person, description: str) -> None:
    for response in await write_with_every_method(ada, description=description):
        assert_field_error(response, 400, "DESCRIPTION_TOO_LONG", "description", DESCRIPTION_ERROR)


# Priority


@pytest.mark.parametrize("priority", ["low", "medium", "high"])
async def test_priority_is_stored(ada: Person, priority: str) -> None:
    for response in await write_with_every_method(ada, priority=priority):
        assert assert_written(response)["priority"] == priority


@pytest.mark.spec("TSK-006")
@pytest.mark.parametrize("priority", ["", "urgent", "HIGH", " high", "1"])
async def test_unknown_priority_is_rejected(ada: Person, priority: str) -> None:
    for response in await write_with_every_method(ada, priority=priority):
        assert_field_error(response, 400, "INVALID_PRIORITY", "priority", PRIORITY_ERROR)
