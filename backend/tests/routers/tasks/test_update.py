"""Replacements and changes of tasks."""

import asyncio
from datetime import datetime

import asyncpg
import pytest

from tests.routers.tasks.support import FULL_TASK, SMALLEST_REPLACEMENT, UNKNOWN_ID, get_task, request_task
from tests.support import Json, Make, Person, assert_error

# PUT


@pytest.mark.spec("TSK-014")
async def test_put_replaces_every_field(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await ada.client.put(f"/tasks/{task['id']}", json=FULL_TASK)

    assert response.status_code == 200
    derived_fields = {name: response.json()[name] for name in ("version", "updated_at", "completed_at")}
    assert derived_fields["version"] == task["version"] + 1
    assert response.json() == task | FULL_TASK | derived_fields


@pytest.mark.spec("TSK-014")
async def test_put_is_stored(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await ada.client.put(f"/tasks/{task['id']}", json=FULL_TASK)

    assert await get_task(ada, task["id"]) == response.json()


@pytest.mark.spec("TSK-014")
@pytest.mark.parametrize("field", ["description", "due_date", "recurrence_rule"])
async def test_put_clears_absent_fields(ada: Person, make_task: Make, field: str) -> None:
    task = await make_task(ada, **FULL_TASK)

    response = await ada.client.put(f"/tasks/{task['id']}", json=SMALLEST_REPLACEMENT)

    assert response.json()[field] is None


@pytest.mark.parametrize("field", ["title", "priority", "completed"])
async def test_put_without_required_field_is_rejected(ada: Person, make_task: Make, field: str) -> None:
    task = await make_task(ada)
    body = {name: value for name, value in FULL_TASK.items() if name != field}

    response = await ada.client.put(f"/tasks/{task['id']}", json=body)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_put_keeps_the_tags(ada: Person, make_task: Make, make_tag: Make) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    response = await ada.client.put(f"/tasks/{task['id']}", json=FULL_TASK)

    assert [linked_tag["id"] for linked_tag in response.json()["tags"]] == [tag["id"]]


@pytest.mark.spec("TSK-015")
async def test_put_of_unknown_task_returns_404(ada: Person) -> None:
    response = await ada.client.put(f"/tasks/{UNKNOWN_ID}", json=FULL_TASK)

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


# PATCH


@pytest.mark.spec("TSK-016")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Feed the cat"),
        ("description", "Twice"),
        ("description", None),
        ("completed", False),
        ("priority", "low"),
        ("due_date", "2027-01-01T00:00:00Z"),
        ("due_date", None),
        ("recurrence_rule", "FREQ=DAILY"),
        ("recurrence_rule", None),
    ],
)
async def test_patch_changes_one_field(ada: Person, make_task: Make, field: str, value: object) -> None:
    task = await make_task(ada, **FULL_TASK)

    response = await ada.client.patch(f"/tasks/{task['id']}", json={field: value})

    assert response.status_code == 200
    derived_fields = {name: response.json()[name] for name in ("version", "updated_at", "completed_at")}
    assert derived_fields["version"] == task["version"] + 1
    assert response.json() == task | {field: value} | derived_fields


@pytest.mark.spec("TSK-016")
async def test_patch_is_stored(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, **FULL_TASK)

    response = await ada.client.patch(f"/tasks/{task['id']}", json={"title": "Feed the cat"})

    assert await get_task(ada, task["id"]) == response.json()


@pytest.mark.parametrize(
    "body", [{}, {"user_id": "nobody"}, {"id": 1}, {"version": 7}], ids=["empty", "user_id", "id", "version"]
)
async def test_patch_without_writable_fields_changes_nothing(ada: Person, make_task: Make, body: Json) -> None:
    task = await make_task(ada, **FULL_TASK)

    response = await ada.client.patch(f"/tasks/{task['id']}", json=body)

    assert response.status_code == 200
    assert response.json() == task


async def test_empty_patch_of_unknown_task_returns_404(ada: Person) -> None:
    response = await ada.client.patch(f"/tasks/{UNKNOWN_ID}", json={})

    assert_error(response, 404, "TASK_NOT_FOUND")


async def test_invalid_field_changes_nothing(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await ada.client.patch(f"/tasks/{task['id']}", json={"completed": True, "priority": "urgent"})

    assert_error(response, 400, "INVALID_PRIORITY")
    assert await get_task(ada, task["id"]) == task


async def test_concurrent_patches_of_different_fields_are_stored(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    changes: Json = {"title": "Feed the cat", "completed": True, "priority": "high", "description": "Twice"}

    await asyncio.gather(
        *(ada.client.patch(f"/tasks/{task['id']}", json={field: value}) for field, value in changes.items())
    )

    assert (await get_task(ada, task["id"])) | changes == await get_task(ada, task["id"])


# Owner


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_id_and_owner_cannot_be_changed(ada: Person, bob: Person, make_task: Make, method: str) -> None:
    task = await make_task(ada)

    response = await ada.client.request(
        method, f"/tasks/{task['id']}", json=FULL_TASK | {"id": UNKNOWN_ID, "user_id": str(bob.id)}
    )

    assert (response.json()["id"], response.json()["user_id"]) == (task["id"], str(ada.id))


@pytest.mark.spec("TSK-017")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_update_of_another_users_task_returns_404(ada: Person, bob: Person, make_task: Make, method: str) -> None:
    task = await make_task(ada)

    response = await request_task(bob, method, task["id"])

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")
    assert await get_task(ada, task["id"]) == task


# updated_at


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_update_advances_updated_at_and_keeps_created_at(ada: Person, make_task: Make, method: str) -> None:
    task = await make_task(ada)

    changed_task = (await ada.client.request(method, f"/tasks/{task['id']}", json=FULL_TASK)).json()

    assert datetime.fromisoformat(changed_task["updated_at"]) > datetime.fromisoformat(task["updated_at"])
    assert changed_task["created_at"] == task["created_at"]


async def test_updated_at_advances_when_the_clock_is_behind(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    task = await make_task(ada)
    future = datetime.fromisoformat("2999-01-01T00:00:00Z")
    await connection.execute("UPDATE tasks SET updated_at = $1 WHERE id = $2", future, task["id"])

    changed_task = (await ada.client.patch(f"/tasks/{task['id']}", json={"completed": True})).json()

    assert datetime.fromisoformat(changed_task["updated_at"]) > future
