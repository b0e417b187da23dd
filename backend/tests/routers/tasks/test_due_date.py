"""Rules for the due date of a task."""

from datetime import datetime

import pytest

from tests.routers.tasks.support import assert_field_error, assert_written, write_task, write_with_every_method
from tests.support import Person

DUE_DATE_ERROR = "Due date must be a valid ISO 8601 datetime"


@pytest.mark.parametrize(
    ("due_date", "utc_due_date"),
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
        ("1999-12-31T23:59:59Z", "1999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00-01:00", "0001-01-01T01:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:59+01:00", "9999-12-31T22:59:59Z"),
    ],
)
async def test_due_date_is_returned_in_utc(ada: Person, due_date: str, utc_due_date: str) -> None:
    response = await write_task(ada, "POST", due_date=due_date)

    returned_due_date = assert_written(response)["due_date"]
    assert returned_due_date.endswith("Z")
    assert datetime.fromisoformat(returned_due_date) == datetime.fromisoformat(utc_due_date)


@pytest.mark.spec("DAT-004")
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
        "2026-12-01",
        "20261201",
        "2026-W49-2",
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
async def test_invalid_due_date_is_rejected(ada: Person, due_date: str) -> None:
    response = await write_task(ada, "POST", due_date=due_date)

    assert_field_error(response, 400, "INVALID_DUE_DATE", "due_date", DUE_DATE_ERROR)


@pytest.mark.parametrize("end", ["\0", "\ud800"], ids=ascii)
@pytest.mark.parametrize("due_date", ["2026-12-01", "2026-12-01T18:00:00", "2026-12-01T18:00:00Z"])
async def test_due_date_with_unstorable_end_is_rejected(ada: Person, due_date: str, end: str) -> None:
    for response in await write_with_every_method(ada, due_date=due_date + end):
        assert response.status_code in {400, 422}, response.text
        assert [error["field"] for error in response.json()["errors"]] == ["due_date"]


async def test_due_date_is_converted_to_utc_in_every_write(ada: Person) -> None:
    for response in await write_with_every_method(ada, due_date="2026-12-01T18:00:00+02:00"):
        assert assert_written(response)["due_date"] == "2026-12-01T16:00:00Z"


async def test_invalid_due_date_is_rejected_in_every_write(ada: Person) -> None:
    for response in await write_with_every_method(ada, due_date="tomorrow"):
        assert_field_error(response, 400, "INVALID_DUE_DATE", "due_date", DUE_DATE_ERROR)
