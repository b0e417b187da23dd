"""The grammar of instants, in every field that has one."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tests.support import Json, Make, Person, assert_error
from todo.domain.access_token import Expiry
from todo.domain.dates.due import DueDate
from todo.domain.dates.time_zones import attach_time_zone

OTHER_TEXT = [
    "2026-12-01T17.5Z",
    "2026-12-01T17:30.5Z",
    "2026-12-01T17:30:00+01.5",
    "2026-12-01T170000123Z",
    "20261201T170000123Z",
    "2026-12-01T17:00:00.Z",
    "2026-12-01T17:00:00,Z",
    "2026-12-01T1730Z",
    "20261201T17:30Z",
    "2026-12-01T17:3000Z",
    "2026-12-01T17:30:00+01:00:30",
    "2026-12-01T17:30:00+0100:30",
    "2026-12-01T17:30:00+1",
    "2026-12-01T17:30:00+24:00",
    "2026-12-01T24:00:00Z",
    "2026-12-01T17:60Z",
    "2026-12-01T",
    "2026-12-01Z",
    "2026-12-01  17:30",
    "2026-12-01_17:30",
    "2026-12-01T17:30:00Z ",
    "2026-12-01T17:30:00Z\n",
    "2026-1201",
    "202612-01",
    "2026-336",
    "2026-W54",
    "2026-12",
    "\uff12026-12-01",
]
DAYS = ["2099-12-01", "20991201", "2099-W49-2"]
INSTANTS = {
    "2099-12-01T17": "2099-12-01T17:00:00Z",
    "2099-12-01T17:30": "2099-12-01T17:30:00Z",
    "20991201T173000": "2099-12-01T17:30:00Z",
    "20991201T173000.5+0100": "2099-12-01T16:30:00.500000Z",
    "2099-12-01T17:30:00,123456789Z": "2099-12-01T17:30:00.123456Z",
    "2099-12-01t17:30:00z": "2099-12-01T17:30:00Z",
    "2099-12-01 17:30-02": "2099-12-01T19:30:00Z",
}
OFFSETS = st.none() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DUE_DATE: TypeAdapter[datetime] = TypeAdapter(DueDate)
EXPIRY: TypeAdapter[datetime] = TypeAdapter(Expiry)
bounded = settings(max_examples=200, deadline=None)


@pytest.mark.spec("REQ-018")
@pytest.mark.parametrize("text", OTHER_TEXT)
async def test_text_that_is_not_iso_8601_is_no_due_date(ada: Person, text: str) -> None:
    response = await ada.client.post("/tasks", json={"title": "x", "due_date": text})

    assert_error(response, 400, "INVALID_DUE_DATE")


@pytest.mark.spec("REQ-018")
@pytest.mark.parametrize("text", OTHER_TEXT)
async def test_text_that_is_not_iso_8601_is_no_expiry(ada: Person, text: str) -> None:
    body = {"name": "x", "scopes": ["tasks:read"], "expires_at": text.replace("2026", "2099")}

    response = await ada.client.post("/auth/tokens", json=body)

    assert_error(response, 400, "INVALID_EXPIRY")


@pytest.mark.spec("REQ-018")
@pytest.mark.parametrize("text", OTHER_TEXT[:6])
async def test_bulk_and_patch_read_the_same_grammar(ada: Person, make_task: Make, text: str) -> None:
    task = await make_task(ada)
    item: Json = {"action": "update", "id": task["id"], "changes": {"due_date": text}}

    bulk = await ada.client.post("/tasks/bulk", json={"items": [item]})
    patch = await ada.client.patch(f"/tasks/{task['id']}", json={"due_date": text})

    assert_error(bulk, 400, "INVALID_DUE_DATE")
    assert_error(patch, 400, "INVALID_DUE_DATE")


@pytest.mark.spec("REQ-018")
@pytest.mark.parametrize("text", INSTANTS)
async def test_iso_8601_is_read_as_it_is_meant(ada: Person, make_task: Make, text: str) -> None:
    task = await make_task(ada, due_date=text)

    assert task["due_date"] == INSTANTS[text]


@pytest.mark.spec("REQ-018")
@pytest.mark.parametrize("text", DAYS)
def test_day_counts_as_midnight_where_a_day_is_an_instant(text: str) -> None:
    assert EXPIRY.validate_python(text) == datetime(2099, 12, 1, tzinfo=UTC)


@pytest.mark.spec("REQ-018")
@bounded
@given(instant=st.datetimes(timezones=OFFSETS), basic=st.booleans())
def test_every_form_of_an_instant_is_read(instant: datetime, basic: bool) -> None:
    if instant.year in (MINYEAR, MAXYEAR):
        return
    text = instant.isoformat()
    if basic:
        date, time = text.split("T")
        text = f"{date.replace('-', '')}T{time.replace(':', '')}"

    expected = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    due_date = attach_time_zone(DUE_DATE.validate_python(text), None)
    assert due_date == EXPIRY.validate_python(text) == expected


@pytest.mark.spec("REQ-018")
@bounded
@given(text=st.from_regex(r"\A2026-12-01T[0-9:.,+Z-]{1,14}\Z"))
def test_accepted_text_is_read_like_its_digits(text: str) -> None:
    try:
        instant = DUE_DATE.validate_python(text)
    except ValidationError:
        return

    hour = int(text[11:13])
    offset = next((sign for sign in "+-" if sign in text[11:]), None)
    assert offset is not None or instant.hour == hour
    assert "." not in text or text.count(":") >= 2
    assert "," not in text or text.count(":") >= 2
