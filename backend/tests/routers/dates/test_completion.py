"""When a task was completed, and the values that follow from a change, in the log."""

import asyncpg
import pytest

from tests.routers.changes.support import read_log
from tests.support import Json, Make, Person


async def change(owner: Person, task: Json, **fields: object) -> Json:
    response = await owner.client.patch(f"/tasks/{task['id']}", json=fields)
    assert response.status_code == 200, response.text
    changed: Json = response.json()
    return changed


@pytest.mark.spec("DAT-010")
async def test_completion_has_an_instant(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    completed = await change(ada, task, completed=True)
    repeated = await change(ada, task, completed=True, title="Again")
    reopened = await change(ada, task, completed=False)

    assert task["completed_at"] is None
    assert completed["completed_at"] == completed["updated_at"]
    assert repeated["completed_at"] == completed["completed_at"]
    assert repeated["version"] == completed["version"] + 1
    assert reopened["completed_at"] is None


@pytest.mark.spec("DAT-010")
async def test_completed_task_is_created_with_an_instant(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, completed=True)
    items = [{"action": "create", "task": {"title": "x", "completed": is_completed}} for is_completed in (True, False)]

    response = await ada.client.post("/tasks/bulk", json={"items": items})

    first, second = (result["task"] for result in response.json()["results"])
    assert task["completed_at"] == task["created_at"]
    assert (first["completed_at"], second["completed_at"]) == (first["created_at"], None)


@pytest.mark.spec("DAT-010")
async def test_instant_of_completion_is_the_servers(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    forged = {"completed_at": "2020-01-01T00:00:00Z"}

    created = await ada.client.post("/tasks", json={"title": "x"} | forged)
    changed = await change(ada, task, completed=True, **forged)

    assert (created.status_code, created.json()["code"]) == (422, "UNKNOWN_FIELD")
    assert changed["completed_at"] == changed["updated_at"]


@pytest.mark.spec("DAT-010")
async def test_completion_from_before_the_field_keeps_null(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    task = await make_task(ada, completed=True)
    await connection.execute("UPDATE tasks SET completed_at = NULL WHERE id = $1", task["id"])

    repeated = await change(ada, task, completed=True)

    assert repeated["completed_at"] is None


@pytest.mark.spec("DAT-011")
@pytest.mark.parametrize("in_bulk", [False, True])
async def test_log_has_the_fields_that_follow_from_a_change(
    ada: Person, make_task: Make, connection: asyncpg.Connection, in_bulk: bool
) -> None:
    task = await make_task(ada, due_date="2026-12-01T09:00", due_time_zone="Europe/Berlin", start_day="2026-11-01")
    changes = {"due_day": "2026-12-02", "completed": True}
    if in_bulk:
        item = {"action": "update", "id": task["id"], "changes": changes}
        await ada.client.post("/tasks/bulk", json={"items": [item]})
    else:
        await change(ada, task, **changes)
    changed = (await ada.client.get(f"/tasks/{task['id']}")).json()
    await ada.client.delete(f"/tasks/{task['id']}")

    created, updated, deleted = await read_log(connection, ada)

    assert created["after"] == {
        "title": task["title"],
        "priority": "medium",
        "recurrence_basis": "due",
        "completed": False,
        "due_date": "2026-12-01T08:00:00",
        "due_time_zone": "Europe/Berlin",
        "start_day": "2026-11-01",
    }
    assert updated["before"] == {
        "due_date": "2026-12-01T08:00:00",
        "due_day": None,
        "due_time_zone": "Europe/Berlin",
        "completed": False,
        "completed_at": None,
    }
    completed_at = updated["after"].pop("completed_at")
    assert updated["after"] == {"due_date": None, "due_day": "2026-12-02", "due_time_zone": None, "completed": True}
    assert f"{completed_at}Z".startswith(changed["completed_at"][:22])
    assert deleted["before"]["due_day"] == "2026-12-02"
    assert deleted["before"]["completed_at"] == completed_at


@pytest.mark.spec("DAT-011")
@pytest.mark.parametrize("in_bulk", [False, True])
async def test_field_that_a_change_would_clear_can_conflict(ada: Person, make_task: Make, in_bulk: bool) -> None:
    task = await make_task(ada, due_date="2026-12-01T09:00", due_time_zone="Europe/Berlin")
    known = await ada.client.patch(f"/tasks/{task['id']}", json={"title": "Known to both"})
    base = int(known.headers["Change-Seq"])
    await change(ada, task, due_date="2026-12-03T09:00")

    if in_bulk:
        item = {"action": "update", "id": task["id"], "base": base, "changes": {"due_day": "2026-12-02"}}
        response = await ada.client.post("/tasks/bulk", json={"items": [item]})
    else:
        headers = {"Change-Base": str(base)}
        response = await ada.client.patch(f"/tasks/{task['id']}", json={"due_day": "2026-12-02"}, headers=headers)

    assert (response.status_code, response.json()["code"]) == (409, "FIELD_CONFLICT"), response.text
    assert [error["field"].rpartition(".")[2] for error in response.json()["errors"]] == ["due_date"]


@pytest.mark.spec("DAT-007", "DAT-011")
async def test_same_time_on_the_clock_is_no_conflict(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, due_date="2026-12-01T09:00", due_time_zone="Europe/Berlin")
    base = int((await ada.client.patch(f"/tasks/{task['id']}", json={"title": "x"})).headers["Change-Seq"])
    changed = await change(ada, task, due_date="2026-12-03T09:00")

    same = {"due_date": "2026-12-03T09:00"}
    response = await ada.client.patch(f"/tasks/{task['id']}", json=same, headers={"Change-Base": str(base)})

    assert response.json() == changed
