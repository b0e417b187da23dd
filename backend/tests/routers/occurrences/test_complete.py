"""An occurrence is completed, and the task moves to its next date."""

import pytest

from tests.routers.occurrences.support import (
    change,
    complete,
    due_of,
    read_occurrences,
    read_task,
    request,
)
from tests.support import Json, Make, Person, assert_error

WEEKLY = "FREQ=WEEKLY;BYDAY=TU"


@pytest.mark.spec("REP-001")
async def test_completion_records_the_occurrence_and_moves_the_task(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule=WEEKLY)

    result = await complete(ada, task)

    occurrence = {
        "due_date": None,
        "due_day": "2026-12-01",
        "completed_at": "2026-12-01T12:00:00Z",
        "status": "completed",
    }
    assert result["occurrence"] == occurrence
    assert result["task"] == await read_task(ada, task)
    assert result["task"] | {"due_day": "2026-12-08", "completed": False, "version": 2} == result["task"]
    assert await read_occurrences(ada, task) == [occurrence]


@pytest.mark.spec("REP-001")
async def test_request_without_a_body_completes_the_current_occurrence(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_date="2026-12-01T09:00:00Z", recurrence_rule="FREQ=DAILY")

    response = await ada.client.post(f"/tasks/{task['id']}/complete")

    assert response.status_code == 200, response.text
    assert response.json()["task"]["due_date"] == "2026-12-02T09:00:00Z"
    assert int(response.headers["Change-Seq"]) > 0


@pytest.mark.spec("REP-002")
@pytest.mark.parametrize(
    ("due", "rule", "following"),
    [
        ({"due_day": "2026-11-20"}, "FREQ=DAILY", "2026-12-02"),
        ({"due_day": "2026-11-20"}, "FREQ=DAILY;INTERVAL=3", "2026-12-02"),
        ({"due_date": "2026-11-20T12:00:01Z"}, "FREQ=DAILY", "2026-12-01T12:00:01Z"),
        ({"due_date": "2026-11-20T12:00:00Z"}, "FREQ=DAILY", "2026-12-02T12:00:00Z"),
        ({"due_day": "2026-12-20"}, "FREQ=WEEKLY", "2026-12-27"),
    ],
)
async def test_missed_dates_are_skipped_to_the_first_in_the_future(
    ada: Person, make_task: Make, due: Json, rule: str, following: str
) -> None:
    task = await make_task(ada, **due, recurrence_rule=rule)

    assert due_of((await complete(ada, task))["task"]) == following
    assert len(await read_occurrences(ada, task)) == 1


@pytest.mark.spec("REP-003")
@pytest.mark.parametrize("end", ["COUNT=2", "UNTIL=20261202", "UNTIL=20261202T090000Z", "UNTIL=20261203T085959Z"])
async def test_series_ends_after_its_last_date(ada: Person, make_task: Make, end: str) -> None:
    task = await make_task(ada, due_date="2026-12-01T09:00:00Z", recurrence_rule=f"FREQ=DAILY;{end}")

    first = (await complete(ada, task))["task"]
    last = (await complete(ada, task))["task"]

    assert (first["due_date"], first["completed"]) == ("2026-12-02T09:00:00Z", False)
    assert (last["due_date"], last["completed"]) == ("2026-12-02T09:00:00Z", True)
    assert last["completed_at"] is not None
    assert len(await read_occurrences(ada, task)) == 2


@pytest.mark.spec("REP-003")
async def test_dates_that_were_missed_use_up_the_count(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-11-29", recurrence_rule="FREQ=DAILY;COUNT=3")

    assert (await complete(ada, task))["task"]["completed"] is True


@pytest.mark.spec("REP-003")
async def test_reopened_series_goes_on_from_its_due(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=DAILY;COUNT=1")
    await complete(ada, task)
    await change(ada, task, completed=False)

    again = await complete(ada, task)

    assert again["task"]["completed"] is True
    assert len(await read_occurrences(ada, task)) == 2


@pytest.mark.spec("REP-004")
async def test_patch_completes_the_whole_series(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule=WEEKLY)

    changed = await change(ada, task, completed=True)

    assert (changed["completed"], changed["due_day"]) == (True, "2026-12-01")
    assert await read_occurrences(ada, task) == []


@pytest.mark.spec("REP-008")
async def test_completed_task_stays_as_it_is(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule=WEEKLY, completed=True)

    response = await request(ada, task, "complete")
    skipped = await request(ada, task, "skip")

    assert response.json() == skipped.json() == {"task": task, "occurrence": None}
    assert "Change-Seq" not in response.headers


@pytest.mark.spec("REP-008")
@pytest.mark.parametrize("occurrence", [None, "2026-12-08"])
async def test_series_that_was_completed_as_a_whole_has_no_occurrence(
    ada: Person, make_task: Make, occurrence: str | None
) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule=WEEKLY)
    await complete(ada, task)
    await change(ada, task, completed=True)

    result = await complete(ada, task, occurrence)

    assert (result["task"]["due_day"], result["occurrence"]) == ("2026-12-08", None)
    assert (await complete(ada, task, "2026-12-01"))["occurrence"]["due_day"] == "2026-12-01"


@pytest.mark.spec("REP-008")
async def test_task_that_does_not_repeat_is_completed(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01")

    result = await complete(ada, task)

    assert result["occurrence"] is None
    assert (result["task"]["completed"], result["task"]["due_day"]) == (True, "2026-12-01")
    assert await complete(ada, task) == result
    assert await read_occurrences(ada, task) == []


@pytest.mark.spec("REP-012")
async def test_rule_without_a_due_begins_today(ada: Person, make_task: Make) -> None:
    await ada.client.patch("/auth/me", json={"time_zone": "Pacific/Auckland"})
    task = await make_task(ada, recurrence_rule="FREQ=WEEKLY;BYDAY=MO")

    result = await complete(ada, task)

    assert result["occurrence"]["due_day"] == "2026-12-02"
    assert result["task"]["due_day"] == "2026-12-07"


@pytest.mark.spec("REP-001")
async def test_days_are_those_of_the_account(ada: Person, make_task: Make) -> None:
    await ada.client.patch("/auth/me", json={"time_zone": "Pacific/Auckland"})
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=DAILY")

    assert (await complete(ada, task))["task"]["due_day"] == "2026-12-03"


@pytest.mark.spec("REP-007")
async def test_unknown_task_is_not_found(ada: Person, bob: Person, make_task: Make) -> None:
    task = await make_task(bob, due_day="2026-12-01", recurrence_rule=WEEKLY)

    for verb in ("complete", "skip"):
        assert_error(await request(ada, task, verb), 404, "TASK_NOT_FOUND")
    assert await read_task(bob, task) == task
