"""Bulk writes that run concurrently with other requests and transactions."""

import asyncio
import itertools
from uuid import uuid4

import asyncpg
import pytest

from tests.routers.task_bulk.support import create_item, delete_item, update_item, write_bulk, write_items
from tests.support import PASSWORD, Make, Person, advance_clock, assert_error, wait_for_lock_waiters
from todo.services.tasks.bulk import validate_items
from todo.services.tasks.trees.nesting import VALIDATED_AT_ONCE

ROUNDS = 10
"""The number of repetitions of a race, because one run may not reach the conflict."""


# Event loop


@pytest.mark.spec("BLK-008")
async def test_validation_yields_to_the_event_loop() -> None:
    iterations = 0

    async def count_iterations() -> None:
        nonlocal iterations
        while True:
            iterations += 1
            await asyncio.sleep(0)

    counter = asyncio.ensure_future(count_iterations())
    items = await validate_items([create_item() for _ in range(1000)])
    counter.cancel()

    assert len(items) == 1000
    assert iterations >= 1000 // VALIDATED_AT_ONCE


# Deadlocks


@pytest.mark.spec("BLK-008")
async def test_opposite_item_orders_do_not_deadlock(ada: Person, make_task: Make) -> None:
    tasks = [await make_task(ada) for _ in range(30)]
    forward = [update_item(task, completed=True) for task in tasks] + [
        create_item(external_id=f"{number}") for number in range(30)
    ]
    backward = [update_item(task, priority="high") for task in reversed(tasks)]
    backward += [create_item(external_id=f"{number}") for number in reversed(range(30))]

    responses = await asyncio.gather(*(write_bulk(ada, *items) for items in [forward, backward] * 5))

    assert {response.status_code for response in responses} == {200}
    page = (await ada.client.get("/tasks", params={"limit": 100})).json()
    assert page["total"] == 60
    assert {(task["completed"], task["priority"]) for task in page["items"] if task["external_id"] is None} == {
        (True, "high")
    }


@pytest.mark.spec("BLK-008")
async def test_updates_and_creations_by_external_id_do_not_deadlock(ada: Person, make_task: Make) -> None:
    first_task, second_task = await make_task(ada, external_id="a"), await make_task(ada, external_id="b")

    for _ in range(ROUNDS):
        responses = await asyncio.gather(
            *(write_bulk(ada, update_item(first_task, completed=True), create_item(external_id="b")) for _ in range(2)),
            *(
                write_bulk(ada, update_item(second_task, completed=True), create_item(external_id="a"))
                for _ in range(2)
            ),
        )
        assert {response.status_code for response in responses} == {200}


@pytest.mark.spec("BLK-008")
async def test_bulk_tag_and_task_writes_do_not_deadlock(ada: Person, make_task: Make, make_tag: Make) -> None:
    for _ in range(ROUNDS):
        tasks = [await make_task(ada, external_id=uuid4().hex) for _ in range(4)]
        tags = [await make_tag(ada), await make_tag(ada)]
        for task, tag in itertools.product(tasks, tags):
            await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")
        creations = [create_item(external_id=task["external_id"]) for task in tasks]

        responses = await asyncio.gather(
            write_bulk(ada, *(update_item(task, completed=True) for task in reversed(tasks)), *creations, atomic=False),
            write_bulk(ada, *map(delete_item, tasks[1:3]), *creations, atomic=False),
            *(ada.client.put(f"/tags/{tag['id']}", json={"name": uuid4().hex}) for tag in tags),
            *(ada.client.delete(f"/tasks/{task['id']}/tags/{tags[0]['id']}") for task in tasks),
            *(ada.client.post(f"/tasks/{task['id']}/tags/{tags[1]['id']}") for task in tasks),
            ada.client.delete(f"/tags/{tags[1]['id']}"),
            ada.client.delete(f"/tasks/{tasks[3]['id']}"),
        )

        assert {response.status_code for response in responses} <= {200, 201, 204, 404}


@pytest.mark.spec("BLK-008")
async def test_account_deletion_does_not_deadlock(ada: Person, make_task: Make) -> None:
    tasks = [await make_task(ada) for _ in range(8)]
    items = [item for task in tasks for item in (update_item(task, completed=True), create_item())]

    *responses, delete_response = await asyncio.gather(
        *(write_bulk(ada, *items) for _ in range(4)),
        ada.client.request("DELETE", "/auth/me", json={"password": PASSWORD}),
    )

    assert {response.status_code for response in responses} <= {200, 401}
    assert delete_response.status_code == 204
    assert_error(await write_bulk(ada, delete_item(tasks[0]), atomic=False), 401, "INVALID_TOKEN")


# Waits for another transaction


@pytest.mark.spec("BLK-008")
async def test_task_of_another_user_is_created_while_a_bulk_write_waits(
    ada: Person, bob: Person, make_task: Make, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    task = await make_task(ada)
    async with connection.transaction():
        await advance_clock(connection, ada)
        request = asyncio.ensure_future(write_bulk(ada, update_item(task, completed=True)))
        await wait_for_lock_waiters(watcher)
        other_task = await make_task(bob)

    assert other_task["title"]
    assert (await request).status_code == 200


@pytest.mark.spec("BLK-006", "BLK-008")
async def test_concurrent_creation_with_the_same_external_id_is_returned(
    ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute(
            "INSERT INTO tasks (user_id, title, title_key, external_id) VALUES ($1, 'Theirs', '', 'a')", ada.id
        )
        request = asyncio.ensure_future(
            write_bulk(ada, create_item("Before"), create_item("Ours", external_id="a"), create_item("After"))
        )
        await wait_for_lock_waiters(watcher)

    results = (await request).json()["results"]
    assert [(result["status"], result["task"]["title"]) for result in results] == [
        (201, "Before"),
        (200, "Theirs"),
        (201, "After"),
    ]


@pytest.mark.spec("BLK-008")
async def test_update_keeps_a_concurrent_change(
    ada: Person, make_task: Make, make_tag: Make, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute("UPDATE tasks SET title = 'Theirs', version = 2 WHERE id = $1", task["id"])
        await connection.execute("INSERT INTO task_tag_link VALUES ($1, $2, $3)", ada.id, task["id"], tag["id"])
        request = asyncio.ensure_future(write_bulk(ada, update_item(task, completed=True)))
        await wait_for_lock_waiters(watcher)

    [result] = (await request).json()["results"]
    changed_task = result["task"]
    assert (changed_task["title"], changed_task["completed"], changed_task["version"]) == ("Theirs", True, 3)
    assert [linked_tag["id"] for linked_tag in changed_task["tags"]] == [tag["id"]]


@pytest.mark.spec("BLK-004", "BLK-008")
async def test_concurrent_change_makes_the_version_stale(
    ada: Person, make_task: Make, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    task, other_task = await make_task(ada), await make_task(ada)
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute("UPDATE tasks SET version = 2 WHERE id = ANY ($1)", [task["id"], other_task["id"]])
        request = asyncio.ensure_future(
            write_items(ada, update_item(task, version=1, title="Late"), delete_item(other_task, 1))
        )
        await wait_for_lock_waiters(watcher)

    assert [(result["status"], result["task"]["version"]) for result in await request] == [(412, 2), (412, 2)]


@pytest.mark.spec("BLK-008")
async def test_concurrently_deleted_task_returns_404(
    ada: Person, make_task: Make, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    task, other_task = await make_task(ada), await make_task(ada)
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute("DELETE FROM tasks WHERE id = $1", task["id"])
        request = asyncio.ensure_future(
            write_items(ada, update_item(task, title="Late"), update_item(other_task, title="In time"))
        )
        await wait_for_lock_waiters(watcher)

    deleted_result, updated_result = await request

    assert (deleted_result["status"], deleted_result["error"]["code"]) == (404, "TASK_NOT_FOUND")
    assert updated_result["task"]["title"] == "In time"
