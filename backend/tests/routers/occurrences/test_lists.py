"""Recorded and upcoming occurrences of a task."""

import pytest

from tests.routers.occurrences.support import (
    body_of,
    change,
    complete,
    due_of,
    read_occurrences,
    read_upcoming,
    skip,
)
from tests.support import Json, Make, Person, assert_error

WEEKLY = "FREQ=WEEKLY;BYDAY=TU"


@pytest.mark.spec("REP-020")
async def test_records_are_listed_by_cursor(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule=WEEKLY)
    for record in (complete, skip, complete, complete, skip):
        await record(ada, task)
    path, pages = f"/tasks/{task['id']}/occurrences?limit=2", []
    page = body_of(await ada.client.get(path))
    pages.append(page)
    while page["next_cursor"] is not None:
        page = body_of(await ada.client.get(f"{path}&cursor={page['next_cursor']}"))
        pages.append(page)

    dues = [[due_of(item) for item in page["items"]] for page in pages]
    assert dues == [["2026-12-29", "2026-12-22"], ["2026-12-15", "2026-12-08"], ["2026-12-01"]]


@pytest.mark.spec("REP-020")
async def test_record_has_the_due_that_the_task_had(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_date="2026-12-01T09:00", due_time_zone="Europe/Berlin", recurrence_rule=WEEKLY)
    await complete(ada, task)
    await change(ada, task, due_day="2026-12-09")
    await complete(ada, task)

    records = await read_occurrences(ada, task)

    assert [due_of(record) for record in records] == ["2026-12-09", "2026-12-01T08:00:00Z"]


@pytest.mark.spec("REP-020")
async def test_task_without_records_has_an_empty_list(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    page = body_of(await ada.client.get(f"/tasks/{task['id']}/occurrences"))

    assert page == {"items": [], "next_cursor": None}


@pytest.mark.spec("REP-020", "REP-021")
@pytest.mark.parametrize("path", ["occurrences", "occurrences/upcoming"])
async def test_task_of_another_user_is_not_found(ada: Person, bob: Person, make_task: Make, path: str) -> None:
    task = await make_task(bob, due_day="2026-12-01", recurrence_rule=WEEKLY)
    await complete(bob, task)
    deleted = await make_task(ada, due_day="2026-12-01", recurrence_rule=WEEKLY)
    await complete(ada, deleted)
    await ada.client.delete(f"/tasks/{deleted['id']}")

    for task_id in (task["id"], deleted["id"], 999999999):
        assert_error(await ada.client.get(f"/tasks/{task_id}/{path}"), 404, "TASK_NOT_FOUND")


@pytest.mark.spec("REP-020")
async def test_malformed_cursor_is_rejected(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    assert_error(await ada.client.get(f"/tasks/{task['id']}/occurrences?cursor=x"), 400, "INVALID_CURSOR")


@pytest.mark.spec("REP-021")
@pytest.mark.parametrize(
    ("fields", "upcoming"),
    [
        ({"due_day": "2026-12-01", "recurrence_rule": WEEKLY}, ["2026-12-01", "2026-12-08", "2026-12-15"]),
        ({"due_day": "2026-11-20", "recurrence_rule": "FREQ=DAILY"}, ["2026-11-20", "2026-12-02", "2026-12-03"]),
        ({"due_day": "2026-12-30", "recurrence_rule": "FREQ=DAILY;COUNT=2"}, ["2026-12-30", "2026-12-31"]),
        ({"recurrence_rule": "FREQ=DAILY"}, ["2026-12-01", "2026-12-02", "2026-12-03"]),
        (
            {"due_day": "2026-11-20", "recurrence_rule": "FREQ=DAILY;INTERVAL=3", "recurrence_basis": "completion"},
            ["2026-11-20", "2026-12-04", "2026-12-07"],
        ),
        (
            {"due_day": "2026-12-02", "recurrence_rule": "FREQ=DAILY;COUNT=2", "recurrence_basis": "completion"},
            ["2026-12-02", "2026-12-03"],
        ),
        (
            {"due_date": "2026-12-01T18:00:00Z", "recurrence_rule": "FREQ=HOURLY;INTERVAL=12"},
            ["2026-12-01T18:00:00Z", "2026-12-02T06:00:00Z", "2026-12-02T18:00:00Z"],
        ),
        ({"due_day": "2026-12-01"}, []),
        ({"due_day": "2026-12-01", "recurrence_rule": WEEKLY, "completed": True}, []),
    ],
)
async def test_preview_begins_with_the_current_due(
    ada: Person, make_task: Make, fields: Json, upcoming: list[str]
) -> None:
    task = await make_task(ada, **fields)

    assert await read_upcoming(ada, task, 3) == upcoming


@pytest.mark.spec("REP-021")
@pytest.mark.parametrize("basis", ["due", "completion"])
async def test_preview_is_what_completions_give(ada: Person, make_task: Make, basis: str) -> None:
    rule = {"recurrence_rule": "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=1,-1;COUNT=6", "recurrence_basis": basis}
    task = await make_task(ada, due_day="2026-12-01", **rule)
    if basis == "due":
        await complete(ada, task)
        await change(ada, task, due_day="2027-01-02")
    upcoming = await read_upcoming(ada, task)

    while not (await complete(ada, task) if basis == "due" else await skip(ada, task))["task"]["completed"]:
        pass
    dues = [due_of(record) for record in reversed(await read_occurrences(ada, task))]

    assert dues[-len(upcoming) :] == upcoming
    assert len(upcoming) == (5 if basis == "due" else 6)


@pytest.mark.spec("REP-021")
async def test_preview_has_ten_dates_and_at_most_a_hundred(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=DAILY")

    default = body_of(await ada.client.get(f"/tasks/{task['id']}/occurrences/upcoming"))

    assert len(default["items"]) == 10
    assert len(await read_upcoming(ada, task, 1)) == 1
    assert len(await read_upcoming(ada, task, 1000)) == 100
    response = await ada.client.get(f"/tasks/{task['id']}/occurrences/upcoming?limit=0")
    assert_error(response, 400, "INVALID_PAGINATION")
