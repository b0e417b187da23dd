"""The series of a repeating task: its anchor, its basis, and the clock of its zone."""

import pytest

from tests.routers.occurrences.conftest import SetNow
from tests.routers.occurrences.support import change, complete, due_of, read_task, skip
from tests.routers.tasks.support import assert_field_error, write_with_every_method
from tests.support import Json, Make, Person


async def complete_times(owner: Person, task: Json, number: int) -> list[object]:
    """Complete a task several times and return its dues."""
    return [due_of((await complete(owner, task))["task"]) for _ in range(number)]


@pytest.mark.spec("REP-010")
async def test_moved_due_moves_one_occurrence_once_one_is_recorded(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=WEEKLY")
    await complete(ada, task)

    await change(ada, task, due_day="2026-12-10")
    result = await complete(ada, task)

    assert result["occurrence"]["due_day"] == "2026-12-10"
    assert result["task"]["due_day"] == "2026-12-15"
    assert result["task"]["recurrence_start"] == "2026-12-01"


@pytest.mark.spec("REP-010")
async def test_occurrence_that_was_moved_forward_is_not_repeated(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=WEEKLY")
    await complete(ada, task)

    await change(ada, task, due_day="2026-12-07")

    assert (await complete(ada, task))["task"]["due_day"] == "2026-12-15"


@pytest.mark.spec("REP-010")
async def test_moved_due_moves_the_series_before_one_is_recorded(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=WEEKLY")

    await change(ada, task, due_day="2026-12-03")

    assert await complete_times(ada, task, 2) == ["2026-12-10", "2026-12-17"]


@pytest.mark.spec("REP-011")
@pytest.mark.parametrize(
    "changes",
    [{"recurrence_rule": "FREQ=WEEKLY;COUNT=2"}, {"recurrence_basis": "completion"}],
)
async def test_changed_rule_or_basis_begins_another_series(ada: Person, make_task: Make, changes: Json) -> None:
    rule = "FREQ=WEEKLY;COUNT=3"
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule=rule)
    await complete(ada, task)

    changed = await change(ada, task, **changes)
    back = await change(ada, task, recurrence_rule=rule, recurrence_basis="due")

    assert (changed["recurrence_start"], back["recurrence_start"]) == (None, None)
    assert await complete_times(ada, task, 3) == ["2026-12-15", "2026-12-22", "2026-12-22"]


@pytest.mark.spec("REP-011")
async def test_same_rule_keeps_the_series(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=WEEKLY")
    completed = (await complete(ada, task))["task"]

    item = {"action": "update", "id": task["id"], "changes": {"recurrence_rule": "FREQ=WEEKLY", "title": "x"}}
    bulk = (await ada.client.post("/tasks/bulk", json={"items": [item]})).json()["results"][0]["task"]
    put = (await ada.client.put(f"/tasks/{task['id']}", json=completed)).json()

    assert bulk["recurrence_start"] == put["recurrence_start"] == "2026-12-01"


@pytest.mark.spec("REP-011")
async def test_another_kind_of_due_begins_another_series(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=DAILY")
    await complete(ada, task)

    await change(ada, task, due_date="2026-12-02T09:00:00Z")

    assert await complete_times(ada, task, 2) == ["2026-12-03T09:00:00Z", "2026-12-04T09:00:00Z"]
    assert (await read_task(ada, task))["recurrence_start"] == "2026-12-02T09:00:00"


@pytest.mark.spec("REP-013")
@pytest.mark.parametrize(
    ("due", "rule", "following"),
    [
        ("2027-01-31", "FREQ=MONTHLY", ["2027-03-31", "2027-05-31", "2027-07-31"]),
        ("2027-01-31", "FREQ=MONTHLY;BYMONTHDAY=-1", ["2027-02-28", "2027-03-31", "2027-04-30"]),
        ("2028-02-29", "FREQ=YEARLY", ["2032-02-29", "2036-02-29", "2040-02-29"]),
        ("2027-01-30", "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", ["2027-01-31", "2027-02-28", "2027-03-31"]),
        ("2026-12-28", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO", ["2032-12-27", "2037-12-28", "2043-12-28"]),
    ],
)
async def test_dates_are_those_of_the_rfc(
    ada: Person, make_task: Make, due: str, rule: str, following: list[str]
) -> None:
    task = await make_task(ada, due_day=due, recurrence_rule=rule)

    assert await complete_times(ada, task, 3) == following


@pytest.mark.spec("REP-014")
@pytest.mark.parametrize(
    ("due", "zone", "now", "following"),
    [
        ("2027-03-27T09:00", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T07:00:00Z"),
        ("2027-10-30T09:00", "Europe/Berlin", "2027-10-30T12:00:00Z", "2027-10-31T08:00:00Z"),
        ("2027-03-27T02:30", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T01:30:00Z"),
        ("2027-10-30T02:30", "Europe/Berlin", "2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z"),
        ("2027-03-27T09:00Z", None, "2027-03-27T12:00:00Z", "2027-03-28T09:00:00Z"),
    ],
)
async def test_time_on_the_clock_stays_when_the_clock_changes(
    ada: Person, make_task: Make, set_now: SetNow, due: str, zone: str | None, now: str, following: str
) -> None:
    task = await make_task(ada, due_date=due, due_time_zone=zone, recurrence_rule="FREQ=DAILY")
    set_now(now)

    result = await complete(ada, task)

    assert result["task"]["due_date"] == following
    set_now("2028-01-15T12:00:00Z")
    clock = due[11:16]
    expected = {"09:00": "08:00:00Z", "02:30": "01:30:00Z"}[clock] if zone else f"{clock}:00Z"
    following_day = "2028-01-16" if expected < "12" else "2028-01-15"
    assert (await complete(ada, task))["task"]["due_date"] == f"{following_day}T{expected}"


@pytest.mark.spec("REP-014")
async def test_hours_over_a_change_of_the_clock_are_different_instants(
    ada: Person, make_task: Make, set_now: SetNow
) -> None:
    zone = {"due_time_zone": "Europe/Berlin"}
    task = await make_task(ada, due_date="2027-03-28T01:00", **zone, recurrence_rule="FREQ=HOURLY")
    set_now("2027-03-28T00:00:00Z")

    # The clock skips 02:00, which counts as 03:00.
    assert await complete_times(ada, task, 3) == [
        "2027-03-28T01:00:00Z",
        "2027-03-28T02:00:00Z",
        "2027-03-28T03:00:00Z",
    ]


@pytest.mark.spec("REP-014")
async def test_new_zone_moves_the_series_to_its_clock(ada: Person, make_task: Make) -> None:
    zone = {"due_time_zone": "Europe/Berlin"}
    task = await make_task(ada, due_date="2026-12-01T09:00", **zone, recurrence_rule="FREQ=DAILY")
    await complete(ada, task)

    await change(ada, task, due_date="2026-12-02T09:00", due_time_zone="Asia/Tokyo")

    assert (await complete(ada, task))["task"]["due_date"] == "2026-12-03T00:00:00Z"


@pytest.mark.spec("REP-015")
@pytest.mark.parametrize(
    ("due", "rule", "following"),
    [
        ({"due_day": "2026-11-20"}, "FREQ=DAILY;INTERVAL=3", "2026-12-04"),
        ({"due_day": "2026-12-24"}, "FREQ=DAILY;INTERVAL=3", "2026-12-04"),
        ({"due_date": "2026-11-20T09:00:00Z"}, "FREQ=WEEKLY", "2026-12-08T09:00:00Z"),
        ({"due_date": "2026-11-20T18:00:00Z"}, "FREQ=DAILY", "2026-12-02T18:00:00Z"),
        ({"due_day": "2026-11-20"}, "FREQ=MONTHLY;BYDAY=1FR", "2026-12-04"),
        ({}, "FREQ=DAILY;INTERVAL=2", "2026-12-03"),
    ],
)
async def test_basis_completion_expands_from_the_day_of_completion(
    ada: Person, make_task: Make, due: Json, rule: str, following: str
) -> None:
    task = await make_task(ada, **due, recurrence_rule=rule, recurrence_basis="completion")

    assert due_of((await complete(ada, task))["task"]) == following


@pytest.mark.spec("REP-015")
async def test_basis_completion_counts_the_records(ada: Person, make_task: Make) -> None:
    rule = {"recurrence_rule": "FREQ=DAILY;COUNT=3", "recurrence_basis": "completion"}
    task = await make_task(ada, due_day="2026-01-01", **rule)

    results = [await complete(ada, task), await skip(ada, task), await complete(ada, task, "2026-12-03")]

    assert [result["task"]["completed"] for result in results] == [False, False, True]


@pytest.mark.spec("REP-016")
async def test_basis_is_written_and_kept(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    for response in await write_with_every_method(ada, recurrence_basis="completion"):
        body = response.json()
        written = body["results"][0]["task"] if "results" in body else body
        assert written["recurrence_basis"] == "completion"
    for response in await write_with_every_method(ada, recurrence_basis="never"):
        detail = "Recurrence basis must be due or completion"
        assert_field_error(response, 400, "INVALID_RECURRENCE_BASIS", "recurrence_basis", detail)
    changed = await change(ada, task, recurrence_basis="completion")
    replaced = (
        await ada.client.put(f"/tasks/{task['id']}", json={"title": "x", "priority": "low", "completed": False})
    ).json()

    assert (task["recurrence_basis"], task["recurrence_start"]) == ("due", None)
    assert changed["recurrence_basis"] == replaced["recurrence_basis"] == "completion"
