"""Adding or removing a tag bumps the version of a task; a change of the tag itself changes the ETag alone."""

import asyncio

import asyncpg
import pytest

from tests.contract.conditional_requests.support import (
    Change,
    add_tag,
    delete_tag,
    etag_of,
    path_of,
    read,
    recolor_tag,
    remove_tag,
    rename_tag,
    write,
)
from tests.support import Json, Make, Person, advance_clock, assert_error, wait_for_lock_waiters


@pytest.mark.spec("VER-007")
async def test_removed_tag_bumps_the_version_of_the_task(ada: Person, tagged_task: Json, tag: Json) -> None:
    await remove_tag(ada, tagged_task, tag)

    current = await read(ada, path_of("tasks", tagged_task))
    assert current["version"] == tagged_task["version"] + 1
    assert current["updated_at"] > tagged_task["updated_at"]


@pytest.mark.spec("VER-007", "TXT-009")
@pytest.mark.parametrize("change", [rename_tag, recolor_tag, delete_tag])
async def test_change_of_a_tag_changes_the_etag_of_its_task_and_not_the_version(
    ada: Person, tagged_task: Json, tag: Json, change: Change
) -> None:
    await change(ada, tagged_task, tag)

    current = await read(ada, path_of("tasks", tagged_task))
    assert etag_of(current) != etag_of(tagged_task)
    assert (current["version"], current["updated_at"]) == (tagged_task["version"], tagged_task["updated_at"])


@pytest.mark.spec("VER-007", "TXT-009")
@pytest.mark.parametrize("change", [rename_tag, recolor_tag, delete_tag])
async def test_version_alone_accepts_a_task_whose_tag_changed(
    ada: Person, tagged_task: Json, tag: Json, change: Change
) -> None:
    await change(ada, tagged_task, tag)

    response = await write(ada, "PATCH", path_of("tasks", tagged_task), f'"{tagged_task["version"]}"')

    assert response.status_code == 200


@pytest.mark.spec("VER-007")
async def test_added_tag_bumps_the_version_of_the_task(ada: Person, task: Json, tag: Json) -> None:
    response = await add_tag(ada, task, tag)

    assert response.json()["version"] == task["version"] + 1


@pytest.mark.spec("VER-007")
@pytest.mark.parametrize("change", [add_tag, rename_tag, recolor_tag, delete_tag, remove_tag])
async def test_change_of_a_tag_leaves_other_tasks_unchanged(
    ada: Person, bob: Person, tagged_task: Json, tag: Json, make_task: Make, make_tag: Make, change: Change
) -> None:
    other_tasks = [await make_task(ada), (await add_tag(ada, await make_task(ada), await make_tag(ada))).json()]
    task_of_bob = await make_task(bob)

    await change(ada, tagged_task, tag)

    assert [await read(ada, path_of("tasks", other_task)) for other_task in other_tasks] == other_tasks
    assert await read(bob, path_of("tasks", task_of_bob)) == task_of_bob


@pytest.mark.spec("VER-007")
async def test_adding_a_present_tag_and_removing_an_absent_tag_change_nothing(
    ada: Person, tagged_task: Json, make_tag: Make
) -> None:
    [present_tag] = tagged_task["tags"]

    await add_tag(ada, tagged_task, present_tag)
    await remove_tag(ada, tagged_task, await make_tag(ada))

    assert await read(ada, path_of("tasks", tagged_task)) == tagged_task


@pytest.mark.parametrize("change", [add_tag, remove_tag])
async def test_adding_or_removing_a_tag_leaves_the_tag_unchanged(
    ada: Person, task: Json, tag: Json, change: Change
) -> None:
    await change(ada, task, tag)

    assert await read(ada, path_of("tags", tag)) == tag


@pytest.mark.spec("VER-007")
async def test_renamed_tag_makes_the_etag_of_its_task_outdated(ada: Person, tagged_task: Json, tag: Json) -> None:
    await rename_tag(ada, tagged_task, tag)

    response = await write(ada, "PATCH", path_of("tasks", tagged_task), etag_of(tagged_task))

    assert_error(response, 412, "PRECONDITION_FAILED")
    assert response.json()["current"]["tags"][0]["name"] == tag["name"] + "!"


@pytest.mark.spec("TXT-009")
async def test_change_of_a_tag_does_not_wait_for_its_tasks(
    ada: Person, tagged_task: Json, tag: Json, connection: asyncpg.Connection
) -> None:
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", tagged_task["id"])

        response = await rename_tag(ada, tagged_task, tag)

    assert response.status_code == 200


@pytest.mark.spec("VER-001", "VER-007")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_write_returns_the_tags_of_its_version(
    ada: Person,
    task: Json,
    tag: Json,
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
    method: str,
) -> None:
    async with connection.transaction():
        await advance_clock(connection, ada)
        await connection.execute("INSERT INTO task_tag_link VALUES ($1, $2, $3)", ada.id, task["id"], tag["id"])
        await connection.execute("UPDATE tasks SET version = version + 1 WHERE id = $1", task["id"])
        pending = asyncio.ensure_future(write(ada, method, path_of("tasks", task)))
        await wait_for_lock_waiters(watcher)

    response = await pending
    assert response.json()["version"] == 3
    assert response.json() == await read(ada, path_of("tasks", task))
