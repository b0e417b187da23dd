"""Rules that take too long are refused, and no computation blocks other requests."""

import asyncio
import threading
import time
from datetime import datetime

import asyncpg
import pytest

from tests.routers.occurrences.support import body_of, change, complete, read_occurrences, read_task, request
from tests.support import Json, Make, Person, assert_error
from todo.domain.recurrence.expansion import SECONDS_MAX, RecurrenceTooComplexError
from todo.domain.recurrence.series import Series, find_next

TOO_COMPLEX = (
    409,
    "RECURRENCE_TOO_COMPLEX",
    "The dates of this recurrence rule take too long to compute. Send a simpler rule, or complete the whole task",
)
RULES = [
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MINUTELY;COUNT=1000000000",
    "FREQ=DAILY;INTERVAL=99999999999999999999",
]
STORED_RULES = [
    *RULES,
    "every day",
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;SKIP=OMIT;RSCALE=GREGORIAN",
    "FREQ=\N{SNOWMAN}",
]


@pytest.mark.spec("REP-040")
@pytest.mark.parametrize("rule", RULES)
async def test_rule_that_takes_too_long_is_refused(ada: Person, make_task: Make, rule: str) -> None:
    task = await make_task(ada, due_date="2020-01-01T09:00:00Z", recurrence_rule=rule)

    responses = [
        await request(ada, task, "complete"),
        await request(ada, task, "skip"),
        await ada.client.get(f"/tasks/{task['id']}/occurrences/upcoming"),
    ]

    for response in responses:
        assert_error(response, *TOO_COMPLEX)
    assert await read_task(ada, task) == task
    assert await read_occurrences(ada, task) == []
    assert (await change(ada, task, completed=True))["completed"] is True


@pytest.mark.spec("REP-042")
@pytest.mark.parametrize("rule", STORED_RULES)
async def test_row_from_before_with_a_bad_rule_does_not_hang(
    ada: Person, make_task: Make, connection: asyncpg.Connection, rule: str
) -> None:
    task = await make_task(ada, due_date="1970-01-01T00:00:00Z", recurrence_rule="FREQ=DAILY")
    await connection.execute("UPDATE tasks SET recurrence_rule = $2 WHERE id = $1", task["id"], rule)

    began_at = time.monotonic()
    response = await request(ada, task, "complete")

    assert time.monotonic() - began_at < 1
    assert_error(response, *TOO_COMPLEX)


@pytest.mark.spec("REP-040")
@pytest.mark.parametrize("due", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("zone", [None, "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=WEEKLY;WKST=SU", "FREQ=YEARLY;BYWEEKNO=1", "FREQ=HOURLY"])
async def test_ends_of_the_calendar_are_no_errors(
    ada: Person, make_task: Make, due: str, zone: str | None, rule: str
) -> None:
    task = await make_task(ada, due_date=due, due_time_zone=zone, recurrence_rule=rule)

    upcoming = await ada.client.get(f"/tasks/{task['id']}/occurrences/upcoming")
    response = await request(ada, task, "complete")

    assert {upcoming.status_code, response.status_code} <= {200, 409}
    assert due > "9999" or body_of(response)["task"]["due_date"] > "2026-12-01"


@pytest.mark.spec("REP-040")
async def test_dates_that_take_long_are_computed_in_a_thread(
    ada: Person, make_task: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=DAILY")
    is_computing, may_go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def wait_and_find(series: Series, now: datetime, *, skips: bool, seconds: float = SECONDS_MAX) -> datetime | None:
        if seconds < SECONDS_MAX:
            raise RecurrenceTooComplexError
        loop.call_soon_threadsafe(is_computing.set)
        may_go_on.wait(20)
        return find_next(series, now, skips=skips)

    monkeypatch.setattr("todo.services.occurrences.state.find_next", wait_and_find)
    completion = asyncio.create_task(complete(ada, task))
    await is_computing.wait()
    other: Json = body_of(await ada.client.get("/tasks"))
    may_go_on.set()

    assert other["total"] == 1
    assert (await completion)["task"]["due_day"] == "2026-12-02"


@pytest.mark.spec("REP-006")
@pytest.mark.parametrize("assignment", ["title = 'Renamed'", "due_day = '2026-12-05'"])
async def test_write_during_a_computation_is_kept(
    ada: Person,
    make_task: Make,
    connection: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    assignment: str,
) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=DAILY")
    loop = asyncio.get_running_loop()
    written: list[object] = []

    def write_and_find(series: Series, now: datetime, *, skips: bool, seconds: float = SECONDS_MAX) -> datetime | None:
        if seconds < SECONDS_MAX:
            raise RecurrenceTooComplexError
        if not written:
            statement = f"UPDATE tasks SET {assignment}, version = version + 1 WHERE id = $1"
            written.append(asyncio.run_coroutine_threadsafe(connection.execute(statement, task["id"]), loop).result(20))
        return find_next(series, now, skips=skips)

    monkeypatch.setattr("todo.services.occurrences.state.find_next", write_and_find)
    response = await request(ada, task, "complete")

    current, records = await read_task(ada, task), await read_occurrences(ada, task)
    if "title" in assignment:
        assert body_of(response)["task"] == current
        assert (current["title"], current["due_day"], len(records)) == ("Renamed", "2026-12-02", 1)
    else:
        # The request meant the due that it read.
        assert_error(response, 409, "OCCURRENCE_NOT_CURRENT")
        assert (current["due_day"], records) == ("2026-12-05", [])
