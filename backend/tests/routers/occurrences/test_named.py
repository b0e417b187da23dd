"""A request names the due that its client saw, so an occurrence is recorded once."""

import asyncio

import pytest

from tests.routers.occurrences.conftest import SetNow
from tests.routers.occurrences.support import (
    change,
    complete,
    due_of,
    read_occurrences,
    read_task,
    request,
    skip,
)
from tests.support import Json, Make, MakeApp, Person, assert_error, make_client

DAILY = "FREQ=DAILY"


@pytest.fixture
async def task(ada: Person, make_task: Make) -> Json:
    return await make_task(ada, due_date="2026-12-01T09:00", due_time_zone="Europe/Berlin", recurrence_rule=DAILY)


@pytest.mark.spec("REP-006")
@pytest.mark.parametrize("verb", ["complete", "skip"])
@pytest.mark.parametrize("named", ["2026-12-01T08:00:00Z", "2026-12-01T09:00:00+01:00"])
async def test_recorded_occurrence_is_not_recorded_again(ada: Person, task: Json, verb: str, named: str) -> None:
    first = await complete(ada, task, named)

    response = await request(ada, task, verb, named)

    assert response.status_code == 200
    assert response.json() == first
    assert "Change-Seq" not in response.headers
    assert len(await read_occurrences(ada, task)) == 1


@pytest.mark.spec("REP-006")
@pytest.mark.parametrize("named", ["2026-12-01", None])
async def test_two_devices_that_complete_one_occurrence_at_once_make_one_record(
    ada: Person, make_task: Make, make_app: MakeApp, named: str | None
) -> None:
    # Another process has its own locks, so both requests read the task before one of them writes.
    async with make_client(await make_app(), headers={"Authorization": ada.client.headers["Authorization"]}) as client:
        phone = Person(ada.id, ada.email, client)
        for _ in range(20):
            task = await make_task(ada, due_day="2026-12-01", recurrence_rule=DAILY)

            both = await asyncio.gather(complete(ada, task, named), complete(phone, task, named))

            records = await read_occurrences(ada, task)
            if named is None and both[0] != both[1]:
                # The second request read the task after the first had written it.
                assert len(records) == 2
                continue
            assert both[0] == both[1]
            assert len(records) == 1
            assert (await read_task(ada, task))["due_day"] == "2026-12-02"


@pytest.mark.spec("REP-006")
async def test_days_are_named_too(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule=DAILY)

    assert (await complete(ada, task, "2026-12-01"))["task"]["due_day"] == "2026-12-02"
    assert (await skip(ada, task, "2026-12-02"))["task"]["due_day"] == "2026-12-03"
    assert (await complete(ada, task, "2026-12-01"))["occurrence"]["status"] == "completed"
    assert (await complete(ada, task, "2026-12-02"))["occurrence"]["status"] == "skipped"


@pytest.mark.spec("REP-006")
async def test_task_that_was_moved_back_to_a_recorded_due_is_completed(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule=DAILY)
    await complete(ada, task)
    await change(ada, task, due_day="2026-12-01")

    assert (await complete(ada, task, "2026-12-01"))["task"]["due_day"] == "2026-12-03"
    assert len(await read_occurrences(ada, task)) == 2


@pytest.mark.spec("REP-006", "REP-015")
async def test_due_that_stays_is_recorded_once_a_day(ada: Person, make_task: Make, set_now: SetNow) -> None:
    rule = {"recurrence_rule": "FREQ=DAILY;INTERVAL=3", "recurrence_basis": "completion"}
    task = await make_task(ada, due_day="2026-12-04", **rule)

    first = await complete(ada, task, "2026-12-04")
    again = await complete(ada, task, "2026-12-04")
    set_now("2026-12-02T12:00:00Z")
    next_day = await complete(ada, task, "2026-12-04")

    assert first == again
    assert [due_of(result["task"]) for result in (first, next_day)] == ["2026-12-04", "2026-12-05"]
    assert len(await read_occurrences(ada, task)) == 2


@pytest.mark.spec("REP-007")
@pytest.mark.parametrize("verb", ["complete", "skip"])
@pytest.mark.parametrize("named", ["2026-12-01", "2026-12-01T09:00:00Z", "2026-12-02T08:00:00Z"])
async def test_other_due_is_a_conflict(ada: Person, task: Json, verb: str, named: str) -> None:
    response = await request(ada, task, verb, named)

    assert_error(response, 409, "OCCURRENCE_NOT_CURRENT")
    assert await read_task(ada, task) == task


@pytest.mark.spec("REP-007")
@pytest.mark.parametrize("named", ["", "tomorrow", "2026-13-01", "2026-12-01T25:00", "1800-01-01", "\u0662026-12-01"])
async def test_text_that_is_no_due_is_rejected(ada: Person, task: Json, named: str) -> None:
    assert_error(
        await ada.client.post(f"/tasks/{task['id']}/complete", json={"occurrence": named}), 400, "INVALID_OCCURRENCE"
    )


@pytest.mark.spec("REP-007")
async def test_completed_task_has_no_other_occurrence(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", completed=True)

    assert_error(await request(ada, task, "complete", "2026-12-02"), 409, "OCCURRENCE_NOT_CURRENT")
    assert (await complete(ada, task, "2026-12-01"))["task"] == task


@pytest.mark.spec("REP-009")
async def test_stale_entity_tag_is_a_412(ada: Person, task: Json) -> None:
    stale = await request(ada, task, "complete", **{"If-Match": '"2"'})
    fresh = await request(ada, task, "complete", **{"If-Match": '"1"'})
    repeated = await request(ada, task, "complete", "2026-12-01T08:00:00Z", **{"If-Match": '"1"'})

    assert [response.status_code for response in (stale, fresh, repeated)] == [412, 200, 412]
    assert stale.json()["current"] == task


@pytest.mark.spec("REP-009")
async def test_due_that_was_changed_after_the_base_is_a_conflict(ada: Person, task: Json) -> None:
    base = (await ada.client.patch(f"/tasks/{task['id']}", json={"title": "x"})).headers["Change-Seq"]
    await change(ada, task, priority="high")
    kept = await request(ada, task, "complete", **{"Change-Base": base})
    conflict = await request(ada, task, "skip", **{"Change-Base": base})

    assert kept.status_code == 200
    assert_error(conflict, 409, "FIELD_CONFLICT")
    assert [error["field"] for error in conflict.json()["errors"]] == ["due_date"]


@pytest.mark.spec("REP-009")
async def test_repeated_idempotency_key_repeats_the_response(ada: Person, task: Json) -> None:
    first, second = [await request(ada, task, "complete", **{"Idempotency-Key": "once"}) for _ in range(2)]

    assert first.content == second.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(await read_occurrences(ada, task)) == 1
