"""Occurrences in the change log: undo, redo, trash and export."""

import asyncpg
import pytest
from fastapi import FastAPI

from tests.routers.changes.support import read_log
from tests.routers.occurrences.support import (
    body_of,
    complete,
    due_of,
    read_occurrences,
    read_task,
    request,
    skip,
)
from tests.support import RETENTION, Json, Make, Person, assert_error
from todo.services.housekeeping import sweep

MONTHLY = "FREQ=MONTHLY"
COUNT_RECORDS = "SELECT count(*) FROM task_occurrences WHERE task_id = $1"


async def undo(owner: Person, seq: object, *, force: bool = False) -> Json:
    return body_of(await owner.client.post(f"/changes/{seq}/undo", json={"force": force}))


async def seq_of_completion(owner: Person, task: Json) -> str:
    seq: str = (await request(owner, task, "complete")).headers["Change-Seq"]
    return seq


async def state_of(owner: Person, task: Json) -> list[object]:
    current = await read_task(owner, task)
    fields = [current[name] for name in ("due_day", "due_date", "completed", "completed_at", "recurrence_start")]
    return [*fields, await read_occurrences(owner, task)]


@pytest.fixture
async def task(ada: Person, make_task: Make) -> Json:
    return await make_task(ada, due_day="2027-01-31", recurrence_rule=MONTHLY)


@pytest.mark.spec("REP-030")
@pytest.mark.parametrize("verb", ["complete", "skip"])
async def test_log_has_the_task_and_the_record(
    ada: Person, task: Json, connection: asyncpg.Connection, verb: str
) -> None:
    await request(ada, task, verb)

    *_, logged = await read_log(connection, ada)

    completed_at = {"completed_at": "2026-12-01T12:00:00Z"} if verb == "complete" else {}
    record = completed_at | {
        "due_day": "2027-01-31",
        "status": "completed" if verb == "complete" else "skipped",
        "place": "2027-01-31",
        "next_place": "2027-03-31",
        "position": 1,
    }
    assert logged["action"] == verb
    assert logged["before"] == {"due_day": "2027-01-31", "recurrence_start": None, "occurrences": {"1": None}}
    assert logged["after"] == {
        "due_day": "2027-03-31",
        "recurrence_start": "2027-01-31",
        "occurrences": {"1": record},
    }
    [entry] = body_of(await ada.client.get(f"/tasks/{task['id']}/changes?limit=1"))["items"]
    assert (entry["action"], entry["fields"]["due_day"]) == (verb, {"before": "2027-01-31", "after": "2027-03-31"})


@pytest.mark.spec("REP-031")
async def test_undo_and_redo_of_a_completion(ada: Person, task: Json) -> None:
    before = await state_of(ada, task)
    seq = await seq_of_completion(ada, task)
    after = await state_of(ada, task)

    undone = await undo(ada, seq)
    assert await state_of(ada, task) == before
    redone = await undo(ada, undone["seq"])
    assert await state_of(ada, task) == after
    await undo(ada, redone["seq"])
    assert await state_of(ada, task) == before


@pytest.mark.spec("REP-031")
async def test_complete_undo_complete_gives_the_same_dates(ada: Person, task: Json) -> None:
    first = [await complete(ada, task)]
    seq = await seq_of_completion(ada, task)
    expected = await state_of(ada, task)

    await undo(ada, seq)
    await complete(ada, task)

    assert await state_of(ada, task) == expected
    assert due_of(first[0]["task"]) == "2027-03-31"
    assert due_of((await complete(ada, task))["task"]) == "2027-07-31"


@pytest.mark.spec("REP-031")
async def test_undo_of_the_last_completion_opens_the_task(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_day="2026-12-01", recurrence_rule="FREQ=DAILY;COUNT=1")
    before = await state_of(ada, task)

    await undo(ada, await seq_of_completion(ada, task))

    assert await state_of(ada, task) == before


@pytest.mark.spec("REP-031")
async def test_undo_of_a_record_that_left_the_due_as_it_was(ada: Person, make_task: Make) -> None:
    rule = {"recurrence_rule": "FREQ=DAILY;INTERVAL=3", "recurrence_basis": "completion"}
    task = await make_task(ada, due_day="2026-12-04", **rule)
    await complete(ada, task, "2026-12-04")
    before = await state_of(ada, task)
    seq = await seq_of_completion(ada, task)
    after = await state_of(ada, task)

    undone = await undo(ada, seq)
    assert await state_of(ada, task) == before
    assert undone["items"][0]["data"]["version"] == 4
    await undo(ada, undone["seq"])
    assert await state_of(ada, task) == after


@pytest.mark.spec("REP-031")
async def test_undo_of_a_completion_before_another_is_a_conflict_unless_forced(ada: Person, task: Json) -> None:
    seq = await seq_of_completion(ada, task)
    await complete(ada, task)

    response = await ada.client.post(f"/changes/{seq}/undo", json={})
    assert_error(response, 409, "UNDO_CONFLICT")
    assert [error["field"] for error in response.json()["errors"]] == [f"task.{task['id']}.due_day"]

    await undo(ada, seq, force=True)
    assert (await read_task(ada, task))["due_day"] == "2027-01-31"
    assert [due_of(record) for record in await read_occurrences(ada, task)] == ["2027-03-31"]


@pytest.mark.spec("REP-031")
async def test_undo_of_a_changed_rule_restores_the_series(ada: Person, task: Json) -> None:
    await complete(ada, task)
    changed = await ada.client.patch(f"/tasks/{task['id']}", json={"recurrence_rule": "FREQ=DAILY"})

    await undo(ada, changed.headers["Change-Seq"])

    assert (await read_task(ada, task))["recurrence_start"] == "2027-01-31"
    assert due_of((await complete(ada, task))["task"]) == "2027-05-31"


@pytest.mark.spec("REP-032")
async def test_records_stay_while_the_task_is_in_the_trash(ada: Person, task: Json) -> None:
    await complete(ada, task)
    await skip(ada, task)
    before = await state_of(ada, task)
    seq = (await ada.client.delete(f"/tasks/{task['id']}")).headers["Change-Seq"]

    body_of(await ada.client.post(f"/trash/{seq}/restore"))

    assert await state_of(ada, task) == before
    assert due_of((await complete(ada, task))["task"]) == "2027-07-31"


@pytest.mark.spec("REP-032")
@pytest.mark.parametrize("way", ["entry", "all", "sweep"])
async def test_purge_deletes_the_records(
    ada: Person, task: Json, make_task: Make, connection: asyncpg.Connection, app: FastAPI, way: str
) -> None:
    kept = await make_task(ada, due_day="2027-01-31", recurrence_rule=MONTHLY)
    for one in (task, kept):
        await complete(ada, one)
    seq = (await ada.client.delete(f"/tasks/{task['id']}")).headers["Change-Seq"]

    if way == "sweep":
        await connection.execute("UPDATE changes SET at = now() - interval '31 days' WHERE user_id = $1", ada.id)
        await sweep(app.state.resources.database.session, RETENTION)
    else:
        response = await ada.client.delete("/trash" if way == "all" else f"/trash/{seq}")
        assert response.status_code == 204

    assert await connection.fetchval(COUNT_RECORDS, task["id"]) == 0
    assert await connection.fetchval(COUNT_RECORDS, kept["id"]) == 1


@pytest.mark.spec("REP-033")
async def test_export_has_the_records(ada: Person, task: Json, make_task: Make) -> None:
    timed = await make_task(ada, due_date="2026-12-01T09:00:00Z", recurrence_rule="FREQ=DAILY;COUNT=1")
    for one in (task, timed):
        await complete(ada, one)

    exported = body_of(await ada.client.get("/auth/me/export"))

    completed_at = {"completed_at": "2026-12-01T12:00:00Z", "status": "completed"}
    assert exported["occurrences"] == [
        {"due_date": None, "due_day": "2027-01-31", **completed_at}
        | {"task_id": task["id"], "number": 1, "position": 1, "place": "2027-01-31", "next_place": "2027-03-31"},
        {"due_date": "2026-12-01T09:00:00Z", "due_day": None, **completed_at}
        | {"task_id": timed["id"], "number": 1, "position": 1, "place": "2026-12-01T09:00:00", "next_place": None},
    ]


@pytest.mark.spec("REP-031")
async def test_dates_after_a_change_and_an_undo_are_the_same(ada: Person, task: Json) -> None:
    await complete(ada, task)
    moved = await ada.client.patch(f"/tasks/{task['id']}", json={"due_day": "2027-04-10"})
    await undo(ada, await seq_of_completion(ada, task))
    assert (await read_task(ada, task))["due_day"] == "2027-04-10"
    await undo(ada, moved.headers["Change-Seq"])

    assert due_of((await complete(ada, task))["task"]) == "2027-05-31"
