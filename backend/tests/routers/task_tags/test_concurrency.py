"""Tags are added to tasks and removed from tasks concurrently."""

import asyncio

import asyncpg
import pytest

from tests.routers.task_tags.support import SendTag, add_tag, remove_tag
from tests.routers.tasks.support import get_task
from tests.support import Json, Make, Person, advance_clock, assert_error, wait_for_lock_waiters

ROUNDS = 15
"""The number of repetitions of a race, because one run may not reach the conflict."""


# Concurrent adds


async def test_concurrent_adds_create_one_link(ada: Person, task: Json, tag: Json) -> None:
    responses = await asyncio.gather(*(add_tag(ada, task["id"], tag["id"]) for _ in range(20)))

    assert sorted(response.status_code for response in responses) == [200] * 19 + [201]


async def test_concurrent_adds_return_the_tag(ada: Person, task: Json, tag: Json) -> None:
    responses = await asyncio.gather(*(add_tag(ada, task["id"], tag["id"]) for _ in range(20)))

    assert {linked_tag["id"] for response in responses for linked_tag in response.json()["tags"]} == {tag["id"]}


async def test_concurrent_adds_of_different_tags_succeed(ada: Person, task: Json, make_tag: Make) -> None:
    tags = [await make_tag(ada) for _ in range(10)]

    responses = await asyncio.gather(*(add_tag(ada, task["id"], tag["id"]) for tag in tags))

    assert [response.status_code for response in responses] == [201] * 10
    assert len((await get_task(ada, task["id"]))["tags"]) == 10


# Waits for another transaction


async def test_add_of_a_concurrently_deleted_tag_returns_404(
    ada: Person, task: Json, tag: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute("DELETE FROM tags WHERE id = $1", tag["id"])
        request = asyncio.ensure_future(add_tag(ada, task["id"], tag["id"]))
        await wait_for_lock_waiters(watcher)

    assert_error(await request, 404, "TAG_NOT_FOUND")


@pytest.mark.parametrize("send", [add_tag, remove_tag])
async def test_request_for_a_concurrently_deleted_task_returns_404(
    ada: Person,
    tagged_task: Json,
    tag: Json,
    make_tag: Make,
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
    send: SendTag,
) -> None:
    sent_tag = await make_tag(ada) if send is add_tag else tag
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute("DELETE FROM tasks WHERE id = $1", tagged_task["id"])
        request = asyncio.ensure_future(send(ada, tagged_task["id"], sent_tag["id"]))
        await wait_for_lock_waiters(watcher)

    assert_error(await request, 404, "TASK_NOT_FOUND")


async def test_add_after_a_concurrent_removal_links_the_tag_again(
    ada: Person, tagged_task: Json, tag: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute("DELETE FROM task_tag_link WHERE task_id = $1", tagged_task["id"])
        removal = asyncio.ensure_future(remove_tag(ada, tagged_task["id"], tag["id"]))
        await wait_for_lock_waiters(watcher)
        addition = asyncio.ensure_future(add_tag(ada, tagged_task["id"], tag["id"]))

    assert (await removal).status_code == 204
    assert (await addition).status_code == 201
    assert [linked_tag["id"] for linked_tag in (await get_task(ada, tagged_task["id"]))["tags"]] == [tag["id"]]


# Races


async def test_adds_during_a_tag_deletion_leave_no_link(ada: Person, task: Json, make_tag: Make) -> None:
    for _ in range(ROUNDS):
        tag = await make_tag(ada)

        *add_responses, delete_response = await asyncio.gather(
            add_tag(ada, task["id"], tag["id"]),
            add_tag(ada, task["id"], tag["id"]),
            ada.client.delete(f"/tags/{tag['id']}"),
        )

        assert delete_response.status_code == 204
        assert {response.status_code for response in add_responses} <= {200, 201, 404}
        assert (await get_task(ada, task["id"]))["tags"] == []


@pytest.mark.parametrize("send", [add_tag, remove_tag])
async def test_requests_during_a_task_deletion_do_not_fail(
    ada: Person, tag: Json, make_task: Make, send: SendTag
) -> None:
    for _ in range(ROUNDS):
        task = await make_task(ada)
        await add_tag(ada, task["id"], tag["id"])

        *responses, delete_response = await asyncio.gather(
            send(ada, task["id"], tag["id"]),
            send(ada, task["id"], tag["id"]),
            ada.client.delete(f"/tasks/{task['id']}"),
        )

        assert delete_response.status_code == 204
        assert {response.status_code for response in responses} <= {200, 201, 204, 404}


async def test_concurrent_deletions_of_task_and_tag_succeed(ada: Person, make_task: Make, make_tag: Make) -> None:
    for _ in range(ROUNDS):
        task, tag = await make_task(ada), await make_tag(ada)
        await add_tag(ada, task["id"], tag["id"])

        responses = await asyncio.gather(
            ada.client.delete(f"/tasks/{task['id']}"),
            ada.client.delete(f"/tags/{tag['id']}"),
            remove_tag(ada, task["id"], tag["id"]),
        )

        assert [response.status_code for response in responses[:2]] == [204, 204]
        assert responses[2].status_code in {204, 404}


async def test_add_during_a_removal_succeeds(ada: Person, tagged_task: Json, tag: Json) -> None:
    for _ in range(ROUNDS):
        await add_tag(ada, tagged_task["id"], tag["id"])

        add_response, remove_response = await asyncio.gather(
            add_tag(ada, tagged_task["id"], tag["id"]), remove_tag(ada, tagged_task["id"], tag["id"])
        )

        assert add_response.status_code in {200, 201}, add_response.text
        assert remove_response.status_code == 204
