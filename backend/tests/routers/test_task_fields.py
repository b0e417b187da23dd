"""What each field of a task may hold, whether it is created, replaced or changed."""

import asyncio
import json
import sys
import unicodedata
from datetime import datetime

import pytest
from httpx import Response

from tests.support import Json, Person, assert_error

REPLACEMENT: Json = {"title": "Water the plants", "priority": "medium", "completed": False}
WRITES = ("POST", "PUT", "PATCH")

TITLE_ERROR = "Title is required and must be 1-200 characters"
DESCRIPTION_ERROR = "Description cannot exceed 1000 characters"
PRIORITY_ERROR = "Priority must be low, medium, or high"
DUE_DATE_ERROR = "Due date must be a valid ISO 8601 datetime"
RULE_ERROR = "Recurrence rule must be a valid iCalendar RRULE"


async def write(owner: Person, method: str, **fields: object) -> Response:
    """Create, replace or change a task with these fields; whatever else the call needs is good.

    The body is written in ASCII, since that is how a lone surrogate can travel.
    """
    path = "/tasks"
    if method != "POST":
        created = await owner.client.post("/tasks", json=REPLACEMENT)
        path = f"/tasks/{created.json()['id']}"
    body = fields if method == "PATCH" else REPLACEMENT | fields
    return await owner.client.request(
        method, path, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )


async def write_every_way(owner: Person, **fields: object) -> list[Response]:
    """Create a task with these fields, replace one and change one."""
    return [await write(owner, method, **fields) for method in WRITES]


def assert_written(response: Response) -> Json:
    """Check that the task was written, and return it."""
    assert response.status_code in {200, 201}, response.text
    task: Json = response.json()
    return task


def assert_field_error(response: Response, status: int, code: str, field: str, detail: str) -> None:
    """Check that this field alone is at fault, for this reason."""
    assert_error(response, status, code, detail)
    assert response.json()["errors"] == [{"field": field, "detail": detail, "code": code}]


def assert_wrong_type(response: Response, field: str) -> None:
    """Check that this field alone is at fault, and that it is for what it is and not for a rule."""
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
async def test_refuses_a_wrong_type(ada: Person, field: str, value: object) -> None:
    for response in await write_every_way(ada, **{field: value}):
        assert_wrong_type(response, field)


@pytest.mark.parametrize("field", ["title", "description", "recurrence_rule"])
@pytest.mark.parametrize("text", ["a\0b", "\0", "a\ud800b", "\udfff"], ids=ascii)
async def test_refuses_text_that_cannot_be_stored(ada: Person, field: str, text: str) -> None:
    for response in await write_every_way(ada, **{field: text}):
        assert_wrong_type(response, field)


# Title


@pytest.mark.parametrize(
    "title",
    ["x", 200 * "x", 200 * "ß", 200 * "🌿", "<b>'; DROP TABLE tasks; --", "a\nb"],
    ids=["1", "200", "200 of two bytes", "200 astral", "markup", "two lines"],
)
async def test_takes_a_title(ada: Person, title: str) -> None:
    response = await write(ada, "POST", title=title)

    assert assert_written(response)["title"] == title


@pytest.mark.parametrize(
    "around", [" ", "\t\r\n", "\u00a0", "\u3000", 300 * " "], ids=["space", "tab", "nbsp", "ideographic", "300"]
)
async def test_trims_a_title(ada: Person, around: str) -> None:
    for response in await write_every_way(ada, title=f"{around}{200 * '🌿'}{around}"):
        assert assert_written(response)["title"] == 200 * "🌿"


@pytest.mark.spec("TSK-003")
@pytest.mark.parametrize("title", ["", " ", "\t\n", "\u00a0", "\u3000\u2003"], ids=ascii)
async def test_refuses_an_empty_title(ada: Person, title: str) -> None:
    for response in await write_every_way(ada, title=title):
        assert_field_error(response, 400, "INVALID_TITLE", "title", TITLE_ERROR)


@pytest.mark.spec("TSK-004")
@pytest.mark.parametrize("title", [201 * "x", 201 * "🌿", 100_000 * "x"], ids=["201", "201 astral", "100,000"])
async def test_refuses_a_title_that_is_too_long(ada: Person, title: str) -> None:
    for response in await write_every_way(ada, title=title):
        assert_field_error(response, 400, "INVALID_TITLE", "title", TITLE_ERROR)


async def test_stores_or_refuses_every_character_that_looks_empty(ada: Person) -> None:
    """What is empty to us and what is empty to the database's own check must agree."""
    invisible = [
        character
        for character in map(chr, range(1, sys.maxunicode + 1))
        if unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}
    ]

    answers = await asyncio.gather(*(write(ada, "POST", title=character) for character in invisible))

    assert {answer.status_code for answer in answers} == {201, 400}


# Description


@pytest.mark.parametrize(
    "description", ["", "x", 1000 * "x", 1000 * "🌿", "a\nb"], ids=["0", "1", "1000", "1000 astral", "two lines"]
)
async def test_takes_a_description(ada: Person, description: str) -> None:
    response = await write(ada, "POST", description=description)

    assert assert_written(response)["description"] == description


@pytest.mark.spec("TSK-005")
@pytest.mark.parametrize("description", [1001 * "x", 1001 * "🌿"], ids=["1001", "1001 astral"])
async def test_refuses_a_description_that_is_too_long(ada: Person, description: str) -> None:
    for response in await write_every_way(ada, description=description):
        assert_field_error(response, 400, "DESCRIPTION_TOO_LONG", "description", DESCRIPTION_ERROR)


# Priority


@pytest.mark.parametrize("priority", ["low", "medium", "high"])
async def test_takes_a_priority(ada: Person, priority: str) -> None:
    for response in await write_every_way(ada, priority=priority):
        assert assert_written(response)["priority"] == priority


@pytest.mark.spec("TSK-006")
@pytest.mark.parametrize("priority", ["", "urgent", "HIGH", " high", "1"])
async def test_refuses_a_priority_that_there_is_not(ada: Person, priority: str) -> None:
    for response in await write_every_way(ada, priority=priority):
        assert_field_error(response, 400, "INVALID_PRIORITY", "priority", PRIORITY_ERROR)


# Due date


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2026-12-01T18:00:00Z", "2026-12-01T18:00:00Z"),
        ("2026-12-01T18:00:00", "2026-12-01T18:00:00Z"),
        ("2026-12-01T18:00", "2026-12-01T18:00:00Z"),
        ("2026-12-01 18:00:00", "2026-12-01T18:00:00Z"),
        ("20261201T180000Z", "2026-12-01T18:00:00Z"),
        ("2026-12-01T18:00:00+02:00", "2026-12-01T16:00:00Z"),
        ("2026-12-01T18:00:00-05:30", "2026-12-01T23:30:00Z"),
        ("2026-12-01T00:30:00+01:00", "2026-11-30T23:30:00Z"),
        ("2026-12-01T18:00:00.123456Z", "2026-12-01T18:00:00.123456Z"),
        ("2026-12-01", "2026-12-01T00:00:00Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("1999-12-31T23:59:59Z", "1999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00-01:00", "0001-01-01T01:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:59+01:00", "9999-12-31T22:59:59Z"),
    ],
)
async def test_returns_a_due_date_in_utc(ada: Person, given: str, stored: str) -> None:
    response = await write(ada, "POST", due_date=given)

    due_date = assert_written(response)["due_date"]
    assert due_date.endswith("Z")
    assert datetime.fromisoformat(due_date) == datetime.fromisoformat(stored)


@pytest.mark.parametrize(
    "due_date",
    [
        "",
        " ",
        "tomorrow",
        "2026-02-29",
        "2026-13-01",
        "2026-12-32",
        "2026-12-01T25:00:00Z",
        "2026-12-01T18:60:00Z",
        "2026-12-01T18:00:00+24:00",
        "2026-12-01T",
        "2026-12-01x18:00",
        "01.12.2026",
        "12/01/2026",
        "18:00",
        "1700000000",
        "2026",
        "P1D",
        "10000-01-01",
        "0000-01-01",
        "-0001-01-01",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-12-01",
        100_000 * "9",
    ],
    ids=lambda due_date: ascii(due_date[:30]),
)
async def test_refuses_a_due_date_that_is_none(ada: Person, due_date: str) -> None:
    response = await write(ada, "POST", due_date=due_date)

    assert_field_error(response, 400, "INVALID_DUE_DATE", "due_date", DUE_DATE_ERROR)


@pytest.mark.parametrize("end", ["\0", "\ud800"], ids=ascii)
@pytest.mark.parametrize("due_date", ["2026-12-01", "2026-12-01T18:00:00", "2026-12-01T18:00:00Z"])
async def test_refuses_a_due_date_with_an_end_that_cannot_be_stored(ada: Person, due_date: str, end: str) -> None:
    for response in await write_every_way(ada, due_date=due_date + end):
        assert response.status_code in {400, 422}, response.text
        assert [error["field"] for error in response.json()["errors"]] == ["due_date"]


async def test_reads_a_due_date_alike_in_every_write(ada: Person) -> None:
    for response in await write_every_way(ada, due_date="2026-12-01T18:00:00+02:00"):
        assert assert_written(response)["due_date"] == "2026-12-01T16:00:00Z"


async def test_refuses_a_due_date_alike_in_every_write(ada: Person) -> None:
    for response in await write_every_way(ada, due_date="tomorrow"):
        assert_field_error(response, 400, "INVALID_DUE_DATE", "due_date", DUE_DATE_ERROR)


# Recurrence rule


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=HOURLY",
        "FREQ=DAILY",
        "FREQ=WEEKLY",
        "FREQ=MONTHLY",
        "FREQ=YEARLY",
        "FREQ=DAILY;COUNT=10",
        "COUNT=10;FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=2",
        "FREQ=DAILY;UNTIL=20261224",
        "FREQ=DAILY;UNTIL=20261224T090000",
        "FREQ=DAILY;UNTIL=20261224T090000Z",
        "FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0;BYSECOND=0",
        "FREQ=MINUTELY;BYSECOND=60",
        "FREQ=WEEKLY;BYDAY=MO,TH",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU",
        "FREQ=MONTHLY;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=+1MO",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY;BYMONTHDAY=1,15,-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=1,12;BYDAY=SU",
        "FREQ=YEARLY;BYYEARDAY=1,100,-366",
        "FREQ=YEARLY;BYWEEKNO=20,-53;BYDAY=MO",
        "freq=weekly;byday=mo",
    ],
)
async def test_takes_a_recurrence_rule_as_it_is(ada: Person, rule: str) -> None:
    response = await write(ada, "POST", recurrence_rule=rule)

    assert assert_written(response)["recurrence_rule"] == rule


@pytest.mark.parametrize(
    "rule",
    [
        "",
        " ",
        "every day",
        "DAILY",
        "FREQ",
        "FREQ=",
        "FREQ:DAILY",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY,WEEKLY",
        "FREQ=DAILY=WEEKLY",
        "INTERVAL=2",
        "RRULE:FREQ=DAILY",
        "DTSTART:20261201T180000Z\nRRULE:FREQ=DAILY",
        "FREQ=DAILY\nCOUNT=2",
        "FREQ=DAILY;",
        ";FREQ=DAILY",
        "FREQ=DAILY;;COUNT=2",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;COUNT=1;COUNT=2",
        "FREQ=DAILY;COLOUR=RED",
        "FREQ=DAILY;BY_MONTH=1",
        "FREQ=DAILY;COUNT=2;UNTIL=20261224",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=1.5",
        "FREQ=DAILY;COUNT=many",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;UNTIL=",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=2026-12-24",
        "FREQ=DAILY;UNTIL=20261332",
        "FREQ=DAILY;UNTIL=20261224T250000Z",
        "FREQ=DAILY;UNTIL=TZID=Nowhere/Land:20261224T090000",
        "FREQ=DAILY;WKST=XX",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYHOUR=-1",
        "FREQ=DAILY;BYMINUTE=60",
        "FREQ=DAILY;BYSECOND=61",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYDAY=MO,",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=54MO",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYMONTH=0",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYYEARDAY=0",
        "FREQ=YEARLY;BYYEARDAY=367",
        "FREQ=YEARLY;BYWEEKNO=0",
        "FREQ=YEARLY;BYWEEKNO=54",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0",
        "FREQ=DAILY;BYHOUR=\u0661",
        "FREQ=DAILY;BYHOUR=" + ",".join(300 * ["9"]),
    ],
    ids=lambda rule: ascii(rule[:40]),
)
async def test_refuses_a_recurrence_rule_that_is_none(ada: Person, rule: str) -> None:
    response = await write(ada, "POST", recurrence_rule=rule)

    assert_field_error(response, 400, "INVALID_RECURRENCE_RULE", "recurrence_rule", RULE_ERROR)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=1_0",
        "FREQ=DAILY;INTERVAL=1.0",
        "FREQ=DAILY;INTERVAL=+1",
        "FREQ=DAILY;INTERVAL= 1",
        "FREQ=DAILY;COUNT=2 ;INTERVAL=1",
        "FREQ=DAILY;BYHOUR=9.0",
        "FREQ=DAILY;BYHOUR=+9",
        "FREQ=DAILY;BYHOUR=9, 10",
    ],
)
async def test_refuses_a_number_that_is_not_written_as_rfc_5545_writes_it(ada: Person, rule: str) -> None:
    response = await write(ada, "POST", recurrence_rule=rule)

    assert_field_error(response, 400, "INVALID_RECURRENCE_RULE", "recurrence_rule", RULE_ERROR)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=DAILY;BYYEARDAY=1",
        "FREQ=MONTHLY;BYWEEKNO=1",
        "FREQ=MONTHLY;BYSETPOS=1",
    ],
)
async def test_refuses_parts_that_rfc_5545_does_not_let_stand_together(ada: Person, rule: str) -> None:
    response = await write(ada, "POST", recurrence_rule=rule)

    assert_field_error(response, 400, "INVALID_RECURRENCE_RULE", "recurrence_rule", RULE_ERROR)


async def test_takes_a_recurrence_rule_in_every_write(ada: Person) -> None:
    for response in await write_every_way(ada, recurrence_rule="FREQ=DAILY"):
        assert assert_written(response)["recurrence_rule"] == "FREQ=DAILY"


async def test_refuses_a_recurrence_rule_in_every_write(ada: Person) -> None:
    for response in await write_every_way(ada, recurrence_rule="every day"):
        assert_field_error(response, 400, "INVALID_RECURRENCE_RULE", "recurrence_rule", RULE_ERROR)
