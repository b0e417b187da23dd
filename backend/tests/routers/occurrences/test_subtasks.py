"""Subtasks are completed with their task, and opened for its next date."""

import asyncpg
import pytest

from tests.routers.changes.support import read_log
from tests.routers.occurrences.conftest import SetNow
from tests.routers.occurrences.support import (
    body_of,
    completed_titles,
    make_tree,
    read_occurrences,
    read_task,
    request,
    send,
    states_of,
)
from tests.routers.projects.support import list_tasks, undo
from tests.support import Json, Make, Person, assert_error

DAILY = "FREQ=DAILY"
ON_DAYS = {"due_day": "2026-12-01", "recurrence_rule": DAILY}


@pytest.mark.spec("SUB-060")
@pytest.mark.parametrize("verb", ["complete", "skip"])
@pytest.mark.parametrize("body", [{}, {"occurrence": "2026-12-01"}, {"reopen_subtasks": True}])
async def test_subtasks_are_open_on_the_next_date(ada: Person, make_task: Make, verb: str, body: Json) -> None:
    task = await make_tree(make_task, ada, **ON_DAYS)

    moved = (await send(ada, task, verb, **body)).json()["task"]

    assert moved["due_day"] == "2026-12-02"
    assert await completed_titles(ada) == "x"
    assert (await read_task(ada, task))["subtask_counts"] == {"total": 2, "completed": 0}


@pytest.mark.spec("SUB-060")
@pytest.mark.parametrize("verb", ["complete", "skip"])
async def test_subtasks_stay_completed_if_the_request_asks_for_it(ada: Person, make_task: Make, verb: str) -> None:
    task = await make_tree(make_task, ada, **ON_DAYS)
    before = await states_of(ada)

    await send(ada, task, verb, reopen_subtasks=False)

    assert await states_of(ada) == before
    assert await completed_titles(ada) == "bdx"


@pytest.mark.spec("SUB-060")
async def test_subtask_that_repeats_is_opened_too_and_keeps_its_due(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, title="a", **ON_DAYS)
    subtask = await make_task(
        ada, title="b", parent_id=task["id"], due_day="2026-12-24", recurrence_rule=DAILY, completed=True
    )

    await send(ada, task)

    current = await read_task(ada, subtask)
    assert (current["completed"], current["due_day"]) == (False, "2026-12-24")
    assert await read_occurrences(ada, subtask) == []


@pytest.mark.spec("SUB-060")
async def test_subtask_whose_series_has_ended_can_be_completed_for_each_date(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, title="a", **ON_DAYS)
    series = {"due_day": "2026-12-01", "recurrence_rule": "FREQ=DAILY;COUNT=1"}
    subtask = await make_task(ada, title="b", parent_id=task["id"], **series)

    for number in (1, 2):
        await send(ada, subtask)
        assert await completed_titles(ada) == "b"
        await send(ada, task)
        assert await completed_titles(ada) == ""
        assert len(await read_occurrences(ada, subtask)) == number


@pytest.mark.spec("SUB-061")
@pytest.mark.parametrize(("body", "completed"), [({}, "abdx"), ({"with_subtasks": True}, "abcdx")])
async def test_task_that_does_not_repeat_is_completed_with_or_without_its_subtasks(
    ada: Person, make_task: Make, body: Json, completed: str
) -> None:
    task = await make_tree(make_task, ada)
    before = await states_of(ada)

    result = (await send(ada, task, **body)).json()

    assert (result["task"]["completed"], result["occurrence"]) == (True, None)
    assert await completed_titles(ada) == completed
    after = await states_of(ada)
    assert (after["b"], after["d"]) == (before["b"], before["d"])


@pytest.mark.spec("SUB-061")
@pytest.mark.parametrize(("body", "completed"), [({}, "abdx"), ({"with_subtasks": True}, "abcdx")])
async def test_last_occurrence_completes_the_subtasks_and_opens_none(
    ada: Person, make_task: Make, body: Json, completed: str
) -> None:
    task = await make_tree(make_task, ada, due_day="2026-12-01", recurrence_rule="FREQ=DAILY;COUNT=1")

    await send(ada, task, **body)

    assert await completed_titles(ada) == completed


@pytest.mark.spec("SUB-061")
@pytest.mark.parametrize(("reopens", "completed"), [(True, "x"), (False, "bcdx")])
async def test_subtasks_of_the_next_date_are_open_whatever_was_completed_with_the_task(
    ada: Person, make_task: Make, reopens: bool, completed: str
) -> None:
    task = await make_tree(make_task, ada, **ON_DAYS)

    await send(ada, task, with_subtasks=True, reopen_subtasks=reopens)

    assert await completed_titles(ada) == completed


@pytest.mark.spec("SUB-061")
async def test_subtask_that_repeats_is_completed_as_a_series(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, title="a")
    subtask = await make_task(ada, title="b", parent_id=task["id"], **ON_DAYS)

    await send(ada, task, with_subtasks=True)

    current = await read_task(ada, subtask)
    assert (current["completed"], current["due_day"]) == (True, "2026-12-01")
    assert await read_occurrences(ada, subtask) == []


@pytest.mark.spec("SUB-062")
@pytest.mark.parametrize(("verb", "fields"), [("complete", ON_DAYS), ("complete", {}), ("skip", ON_DAYS)])
async def test_undo_brings_each_state_back(ada: Person, make_task: Make, verb: str, fields: Json) -> None:
    task = await make_tree(make_task, ada, **fields)
    before = await states_of(ada)
    written = await send(ada, task, verb, **({} if verb == "skip" else {"with_subtasks": True}))
    after = await states_of(ada)
    assert after != before

    undone = await undo(ada, written)

    assert undone.status_code == 200, undone.text
    assert await states_of(ada) == before
    assert await read_occurrences(ada, task) == []
    assert (await undo(ada, undone)).status_code == 200
    assert await states_of(ada) == after


@pytest.mark.spec("SUB-062")
async def test_task_and_subtasks_are_one_batch(ada: Person, make_task: Make, connection: asyncpg.Connection) -> None:
    task = await make_tree(make_task, ada, **ON_DAYS)
    written = await send(ada, task)

    *_, first, second, third = await read_log(connection, ada)

    assert (first["action"], first["id"], second["action"], third["action"]) == (
        *("complete", task["id"]),
        *("update", "update"),
    )
    assert first["batch"] == second["batch"] == third["batch"] == first["seq"]
    assert written.headers["Change-Seq"] == str(third["seq"])
    assert [entry["after"] for entry in (second, third)] == [{"completed": False, "completed_at": None}] * 2


@pytest.mark.spec("SUB-062")
async def test_subtask_that_was_changed_since_is_a_conflict(ada: Person, make_task: Make) -> None:
    task = await make_tree(make_task, ada, **ON_DAYS)
    written = await send(ada, task)
    [b] = [found for found in await list_tasks(ada) if found["title"] == "b"]
    await ada.client.patch(f"/tasks/{b['id']}", json={"completed": True})

    conflict = await undo(ada, written)

    assert_error(conflict, 409, "UNDO_CONFLICT")
    assert {error["field"] for error in conflict.json()["errors"]} >= {f"task.{b['id']}.completed"}
    assert (await undo(ada, written, force=True)).status_code == 200
    assert await completed_titles(ada) == "bdx"


@pytest.mark.spec("SUB-063")
async def test_recorded_occurrence_changes_no_subtask(ada: Person, make_task: Make) -> None:
    task = await make_tree(make_task, ada, **ON_DAYS)
    first = await send(ada, task, occurrence="2026-12-01")
    [b] = [found for found in await list_tasks(ada) if found["title"] == "b"]
    await ada.client.patch(f"/tasks/{b['id']}", json={"completed": True})

    again = await send(ada, task, occurrence="2026-12-01", with_subtasks=True)

    assert again.json() == first.json()
    assert "Change-Seq" not in again.headers
    assert await completed_titles(ada) == "bx"


@pytest.mark.spec("SUB-063")
async def test_completed_task_leaves_its_subtasks(ada: Person, make_task: Make) -> None:
    task = await make_tree(make_task, ada)
    await send(ada, task)

    again = await send(ada, task, with_subtasks=True)

    assert "Change-Seq" not in again.headers
    assert await completed_titles(ada) == "abdx"


@pytest.mark.spec("SUB-063")
async def test_due_that_stays_is_recorded_once_for_each_request(ada: Person, make_task: Make, set_now: SetNow) -> None:
    rule = {"recurrence_rule": "FREQ=DAILY;INTERVAL=3", "recurrence_basis": "completion"}
    task = await make_tree(make_task, ada, due_day="2026-12-04", **rule)

    await send(ada, task, occurrence="2026-12-04")
    await send(ada, task, occurrence="2026-12-04")
    set_now("2026-12-02T12:00:00Z")
    await send(ada, task)

    assert len(await read_occurrences(ada, task)) == 2


@pytest.mark.spec("SUB-064")
async def test_stale_entity_tag_writes_no_subtask(ada: Person, make_task: Make) -> None:
    task = await make_tree(make_task, ada, **ON_DAYS)
    read = await ada.client.get(f"/tasks/{task['id']}")

    stale = await request(ada, task, "complete", **{"If-Match": '"9"'})

    assert_error(stale, 412, "PRECONDITION_FAILED")
    assert await completed_titles(ada) == "bdx"
    assert (await request(ada, task, "complete", **{"If-Match": read.headers["ETag"]})).status_code == 200
    assert await completed_titles(ada) == "x"


@pytest.mark.spec("SUB-064")
@pytest.mark.parametrize("fields", [ON_DAYS, {}])
async def test_base_is_compared_with_the_task_alone(ada: Person, make_task: Make, fields: Json) -> None:
    task = await make_tree(make_task, ada, **fields)
    base = (await ada.client.patch(f"/tasks/{task['id']}", json={"title": "A"})).headers["Change-Seq"]
    [b] = [found for found in await list_tasks(ada) if found["title"] == "b"]
    await ada.client.patch(f"/tasks/{b['id']}", json={"completed": False})
    headers = {"Change-Base": base}

    kept = await ada.client.post(f"/tasks/{task['id']}/complete", json={"with_subtasks": True}, headers=headers)
    late = await ada.client.post(f"/tasks/{task['id']}/complete", json={"with_subtasks": True}, headers=headers)

    assert kept.status_code == 200, kept.text
    assert late.status_code == (409 if fields else 200)


@pytest.mark.spec("SUB-064")
async def test_repeated_idempotency_key_completes_once(ada: Person, make_task: Make) -> None:
    task = await make_tree(make_task, ada, **ON_DAYS)
    first, second = [await request(ada, task, "complete", **{"Idempotency-Key": "once"}) for _ in range(2)]

    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(await read_occurrences(ada, task)) == 1


@pytest.mark.spec("SUB-065")
async def test_sync_and_history_have_the_subtasks(ada: Person, make_task: Make) -> None:
    task = await make_tree(make_task, ada, **ON_DAYS)
    token = (await ada.client.get("/sync", params={"limit": 1000})).json()["next"]
    await send(ada, task)

    page = (await ada.client.get("/sync", params={"limit": 1, "since": token})).json()

    assert {item["data"]["title"]: item["data"]["completed"] for item in page["items"]} == {
        "a": False,
        "b": False,
        "d": False,
    }
    [b] = [item["id"] for item in page["items"] if item["data"]["title"] == "b"]
    [entry] = body_of(await ada.client.get(f"/tasks/{b}/changes?limit=1"))["items"]
    assert entry["fields"]["completed"] == {"before": True, "after": False}


@pytest.mark.spec("SUB-066")
@pytest.mark.parametrize(
    ("verb", "body", "code"),
    [
        ("complete", {"with_subtasks": "yes"}, "VALIDATION_ERROR"),
        ("complete", {"reopen_subtasks": None}, "VALIDATION_ERROR"),
        ("skip", {"with_subtasks": True}, "UNKNOWN_FIELD"),
    ],
)
async def test_other_values_are_rejected(ada: Person, make_task: Make, verb: str, body: Json, code: str) -> None:
    task = await make_task(ada, **ON_DAYS)

    assert_error(await ada.client.post(f"/tasks/{task['id']}/{verb}", json=body), 422, code)


@pytest.mark.spec("SUB-067")
async def test_more_subtasks_than_one_statement_writes_are_completed(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, title="a")
    items = [{"action": "create", "task": {"title": "b", "parent_id": task["id"]}} for _ in range(620)]
    created = await ada.client.post("/tasks/bulk", json={"items": items})
    assert created.status_code == 200, created.text

    written = await send(ada, task, with_subtasks=True)

    assert (await read_task(ada, task))["subtask_counts"] == {"total": 620, "completed": 620}
    assert (await undo(ada, written)).status_code == 200
    assert (await read_task(ada, task))["subtask_counts"] == {"total": 620, "completed": 0}
