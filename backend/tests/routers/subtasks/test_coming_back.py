"""Undo and the trash bring subtasks back."""

import asyncpg
import pytest
from httpx import Response

from tests.routers.changes.copies import Copy
from tests.routers.projects.support import list_tasks, read, read_trash, undo
from tests.routers.subtasks.support import assert_sound, change, delete, make_chain, move, tree_of
from tests.routers.task_bulk.support import create_item, update_item, write_bulk
from tests.support import Json, Make, Person, assert_error

KEEP = {"children": "keep"}
UNIMPORTANT = ("version", "updated_at")


async def restore(owner: Person, deletion: Response) -> Json:
    """Restore what a request deleted."""
    response = await owner.client.post(f"/trash/{deletion.headers['Change-Seq']}/restore")
    assert response.status_code == 200, response.text
    result: Json = response.json()
    return result


@pytest.mark.spec("SUB-022")
@pytest.mark.parametrize("by", ["undo", "restore"])
async def test_deleted_tree_comes_back_whole(
    ada: Person, make_task: Make, make_tag: Make, connection: asyncpg.Connection, by: str
) -> None:
    a, b, _ = await make_chain(make_task, ada, "abc")
    tag = await make_tag(ada)
    await ada.client.post(f"/tasks/{b['id']}/tags/{tag['id']}")
    await make_task(ada, title="d", parent_id=a["id"], completed=True)
    before = [{k: v for k, v in task.items() if k not in UNIMPORTANT} for task in await list_tasks(ada)]
    copy = Copy()
    await copy.update(ada)
    response = await delete(ada, a)
    await copy.update(ada)

    if by == "undo":
        assert (await undo(ada, response)).status_code == 200
    else:
        assert (await restore(ada, response))["left_out"] == []

    assert [{k: v for k, v in task.items() if k not in UNIMPORTANT} for task in await list_tasks(ada)] == before
    assert await read_trash(ada) == []
    await assert_sound(connection, ada)
    await copy.update(ada)
    assert copy.resources["task"] == {task["id"]: task for task in await list_tasks(ada)}


@pytest.mark.spec("SUB-022")
async def test_undo_of_an_undo_deletes_the_tree_again(ada: Person, make_task: Make) -> None:
    a, *_ = await make_chain(make_task, ada, "abc")
    undone = await undo(ada, await delete(ada, a))

    redone = await undo(ada, undone)

    assert redone.status_code == 200, redone.text
    assert await list_tasks(ada) == []
    [entry] = await read_trash(ada)
    assert (entry["name"], entry["contains"]) == ("a", {"task": 2})
    await restore(ada, redone)
    assert await tree_of(ada) == "a(b(c))"


@pytest.mark.spec("SUB-022")
async def test_purge_takes_the_subtasks_along(ada: Person, make_task: Make, connection: asyncpg.Connection) -> None:
    a, *_ = await make_chain(make_task, ada, "abc")
    response = await delete(ada, a)

    purged = await ada.client.delete(f"/trash/{response.headers['Change-Seq']}")

    assert purged.status_code == 204
    assert await read_trash(ada) == []
    assert (
        await connection.fetchval("SELECT count(*) FROM changes WHERE user_id = $1 AND before IS NOT NULL", ada.id) == 0
    )


@pytest.mark.spec("SUB-022")
async def test_subtask_inside_of_an_entry_is_no_entry(ada: Person, make_task: Make) -> None:
    a, *_ = await make_chain(make_task, ada, "abc")
    seq = int((await delete(ada, a)).headers["Change-Seq"])

    for inside in (seq - 1, seq - 2):
        assert_error(await ada.client.post(f"/trash/{inside}/restore"), 404, "TRASH_ENTRY_NOT_FOUND")
        assert_error(await ada.client.delete(f"/trash/{inside}"), 404, "TRASH_ENTRY_NOT_FOUND")


@pytest.mark.spec("SUB-023")
async def test_subtask_comes_back_without_a_parent_that_is_gone(
    ada: Person, project: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    a, b, _ = await make_chain(make_task, ada, "abc", project_id=project["id"])
    response = await delete(ada, b)
    await delete(ada, a)

    result = await restore(ada, response)

    assert result["left_out"] == [f"task.{a['id']}"]
    assert await tree_of(ada, project=project["id"]) == "b(c)"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-023")
async def test_subtask_comes_back_to_where_its_parent_is(
    ada: Person, project: Json, make_project: Make, make_task: Make, connection: asyncpg.Connection
) -> None:
    a, b, _ = await make_chain(make_task, ada, "abc", project_id=project["id"])
    response = await delete(ada, b)
    other = await make_project(ada)
    await change(ada, a, project_id=other["id"])
    await ada.client.delete(f"/projects/{project['id']}")

    result = await restore(ada, response)

    assert result["left_out"] == []
    assert await tree_of(ada, project=other["id"]) == "a(b(c))"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-023")
async def test_subtask_that_would_be_too_deep_comes_back_without_a_parent(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    a, b, _ = await make_chain(make_task, ada, "abc")
    response = await delete(ada, b)
    chain = await make_chain(make_task, ada, "01234567")
    await change(ada, a, parent_id=chain[-1]["id"])

    result = await restore(ada, response)

    assert result["left_out"] == [f"task.{b['id']}"]
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-026")
async def test_undo_of_a_deletion_that_kept_the_subtasks(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    _, b, _ = await make_chain(make_task, ada, "abc")
    await make_task(ada, title="d", parent_id=b["id"])
    response = await delete(ada, b, **KEEP)
    assert await tree_of(ada) == "a(c d)"

    undone = await undo(ada, response)

    assert undone.status_code == 200, undone.text
    assert await tree_of(ada) == "a(b(c d))"
    redone = await undo(ada, undone)
    assert redone.status_code == 200, redone.text
    assert await tree_of(ada) == "a(c d)"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-026")
async def test_undo_that_would_make_a_cycle_is_409(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    a, b = await make_chain(make_task, ada, "ab")
    response = await change(ada, b, parent_id=None)
    await change(ada, a, parent_id=b["id"])

    conflict = await undo(ada, response)
    forced = await undo(ada, response, force=True)

    assert_error(conflict, 409, "UNDO_CONFLICT")
    assert f"task.{b['id']}.parent_id" in {error["field"] for error in conflict.json()["errors"]}
    assert forced.status_code == 200, forced.text
    assert await tree_of(ada) == "b(a)"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-026")
async def test_undo_of_a_swap(ada: Person, make_task: Make, connection: asyncpg.Connection) -> None:
    a, b = await make_chain(make_task, ada, "ab")
    swap = [update_item(b, parent_id=None), update_item(a, parent_id=b["id"])]
    response = await write_bulk(ada, *swap)
    assert await tree_of(ada) == "b(a)"

    undone = await undo(ada, response)

    assert undone.status_code == 200, undone.text
    assert await tree_of(ada) == "a(b)"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-026")
async def test_undo_of_a_move_takes_newer_subtasks_along(
    ada: Person, project: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    a, b = await make_chain(make_task, ada, "ab")
    response = await move(ada, a, project_id=project["id"])
    await make_task(ada, title="c", parent_id=b["id"])

    undone = await undo(ada, response)

    assert undone.status_code == 200, undone.text
    assert await tree_of(ada, project="none") == "a(b(c))"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-026")
async def test_undo_moves_a_subtask_to_where_its_parent_is_now(
    ada: Person, project: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    a, b, _ = await make_chain(make_task, ada, "abc")
    response = await change(ada, b, parent_id=None)
    await change(ada, a, project_id=project["id"])

    undone = await undo(ada, response)

    assert undone.status_code == 200, undone.text
    assert await tree_of(ada, project=project["id"]) == "a(b(c))"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-027")
async def test_undo_of_a_create_with_newer_subtasks_is_409(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    top = await make_task(ada, title="a")
    created = await ada.client.post("/tasks", json={"title": "b", "parent_id": top["id"]})
    await make_task(ada, title="c", parent_id=created.json()["id"])

    conflict = await undo(ada, created)
    forced = await undo(ada, created, force=True)

    assert_error(conflict, 409, "UNDO_CONFLICT")
    assert [error["field"] for error in conflict.json()["errors"]] == [f"task.{created.json()['id']}.subtasks"]
    assert forced.status_code == 200, forced.text
    assert await tree_of(ada) == "a(c)"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-027")
async def test_undo_of_a_create_leaves_the_parent(ada: Person, make_task: Make) -> None:
    top = await make_task(ada, title="a")
    created = await write_bulk(ada, create_item("b", parent_id=top["id"]), create_item("c", parent_id=top["id"]))

    undone = await undo(ada, created)

    assert undone.status_code == 200, undone.text
    assert await tree_of(ada) == "a"
    assert (await undo(ada, undone)).status_code == 200
    assert await tree_of(ada) == "a(b c)"
    assert (await read(ada, f"/tasks/{top['id']}"))["subtask_counts"] == {"total": 2, "completed": 0}
