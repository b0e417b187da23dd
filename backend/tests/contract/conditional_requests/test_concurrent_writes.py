"""Concurrent writes are applied one after another, and none of them is lost."""

import asyncio
import json

import asyncpg
import pytest

from tests.contract.conditional_requests.support import each_write, path_of, read, write
from tests.support import Json, Person, advance_clock, assert_error, wait_for_lock_waiters


@pytest.mark.spec("VER-008")
@each_write
async def test_one_of_many_concurrent_writes_of_a_version_succeeds(
    ada: Person, resources: dict[str, Json], collection: str, method: str
) -> None:
    path = path_of(collection, resources[collection])

    responses = await asyncio.gather(*(write(ada, method, path, '"1"') for _ in range(20)))

    statuses = sorted(response.status_code for response in responses)
    failed = 404 if method == "DELETE" else 412
    assert statuses == sorted([204 if method == "DELETE" else 200] + [failed] * 19)


@pytest.mark.spec("VER-008")
async def test_rejected_concurrent_writes_return_the_successful_write(ada: Person, task: Json) -> None:
    path = path_of("tasks", task)

    responses = await asyncio.gather(
        *(ada.client.patch(path, json={"title": f"By {number}"}, headers={"If-Match": '"1"'}) for number in range(20))
    )

    [successful] = [response for response in responses if response.status_code == 200]
    assert await read(ada, path) == successful.json()
    assert {json.dumps(response.json()["current"]) for response in responses if response is not successful} == {
        json.dumps(successful.json())
    }


@pytest.mark.spec("VER-008")
@pytest.mark.parametrize("collection", ["tasks", "tags"])
async def test_write_is_rejected_after_waiting_for_another_write(
    ada: Person,
    resources: dict[str, Json],
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
    collection: str,
) -> None:
    resource = resources[collection]
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute(f"UPDATE {collection} SET version = version + 1 WHERE id = $1", resource["id"])
        pending = asyncio.ensure_future(write(ada, "PUT", path_of(collection, resource), '"1"'))
        await wait_for_lock_waiters(watcher)

    rejected = await pending
    assert_error(rejected, 412, "PRECONDITION_FAILED")
    assert rejected.json()["current"]["version"] == 2


@pytest.mark.spec("VER-010")
async def test_parallel_patches_of_different_fields_are_all_kept(ada: Person, task: Json) -> None:
    changes: Json = {
        "title": "Feed the cat",
        "description": "Twice",
        "completed": True,
        "priority": "high",
        "due_date": "2026-12-01T18:00:00Z",
        "recurrence_rule": "FREQ=DAILY",
    }
    path = path_of("tasks", task)

    responses = await asyncio.gather(*(ada.client.patch(path, json={field: value}) for field, value in changes.items()))

    current = await read(ada, path)
    assert {response.status_code for response in responses} == {200}
    assert current["version"] == 7
    assert current | changes == current


@pytest.mark.spec("VER-010")
async def test_patch_keeps_a_concurrent_change_of_another_field(
    ada: Person, task: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute("UPDATE tasks SET title = 'Concurrent', version = 2 WHERE id = $1", task["id"])
        pending = asyncio.ensure_future(write(ada, "PATCH", path_of("tasks", task)))
        await wait_for_lock_waiters(watcher)

    patched = (await pending).json()
    assert (patched["title"], patched["completed"], patched["version"]) == ("Concurrent", True, 3)
