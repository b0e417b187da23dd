"""A parent is deleted with its subtasks or without them."""

import asyncpg
import pytest

from tests.routers.changes.copies import Copy
from tests.routers.changes.support import read_log
from tests.routers.projects.support import list_tasks, read, read_trash, undo
from tests.routers.subtasks.support import assert_sound, change, delete, make_chain, tree_of
from tests.routers.task_bulk.support import create_item, delete_item, update_item, write_bulk
from tests.support import Json, Make, Person, assert_error

KEEP = {"children": "keep"}


@pytest.fixture
async def tree(ada: Person, project: Json, make_task: Make) -> dict[str, Json]:
    """Return the tasks of `a(b(d) c) e` by title. They are in the project."""
    tasks: dict[str, Json] = {}
    for title, above in (("a", None), ("b", "a"), ("c", "a"), ("d", "b"), ("e", None)):
        place = {"project_id": project["id"]} if above is None else {"parent_id": tasks[above]["id"]}
        tasks[title] = await make_task(ada, title=title, **place)
    return tasks


@pytest.mark.spec("SUB-020")
@pytest.mark.parametrize("in_bulk", [False, True])
async def test_deletion_takes_all_subtasks_as_one_batch(
    ada: Person, tree: dict[str, Json], connection: asyncpg.Connection, in_bulk: bool
) -> None:
    copy = Copy()
    await copy.update(ada)

    response = await write_bulk(ada, delete_item(tree["a"])) if in_bulk else await delete(ada, tree["a"])

    assert await tree_of(ada) == "e"
    log = await read_log(connection, ada)
    batch = [entry for entry in log if entry["batch"] == log[-1]["batch"]]
    assert [(entry["action"], entry["id"]) for entry in batch] == [("delete", tree[title]["id"]) for title in "dbca"]
    assert int(response.headers["Change-Seq"]) == batch[-1]["seq"]
    await copy.update(ada)
    assert copy.resources["task"].keys() == {tree["e"]["id"]}


@pytest.mark.spec("SUB-020")
async def test_deleted_tree_is_one_entry_of_the_trash(ada: Person, tree: dict[str, Json]) -> None:
    await delete(ada, tree["d"])
    await delete(ada, tree["a"])

    entries = await read_trash(ada)

    assert [(entry["name"], entry["contains"]) for entry in entries] == [("a", {"task": 2}), ("d", {})]
    exported = (await read(ada, "/auth/me/export"))["trash"]
    assert [(item["name"], item["fields"].get("parent_id")) for item in exported] == [
        ("a", None),
        *(("c", tree["a"]["id"]), ("b", tree["a"]["id"]), ("d", tree["b"]["id"])),
    ]


@pytest.mark.spec("SUB-021")
async def test_kept_subtasks_move_up(ada: Person, tree: dict[str, Json], connection: asyncpg.Connection) -> None:
    await delete(ada, tree["b"], **KEEP)
    assert await tree_of(ada) == "a(c d) e"

    await delete(ada, tree["a"], **KEEP)

    assert await tree_of(ada) == "c d e"
    assert {task["project_id"] for task in await list_tasks(ada)} == {tree["a"]["project_id"]}
    assert [(entry["name"], entry["contains"]) for entry in await read_trash(ada)] == [("a", {}), ("b", {})]
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-021")
async def test_unknown_choice_for_children_is_400(ada: Person, tree: dict[str, Json]) -> None:
    response = await ada.client.delete(f"/tasks/{tree['a']['id']}", params={"children": "move"})

    assert_error(response, 400, "INVALID_CHILDREN")


@pytest.mark.spec("SUB-024")
async def test_bulk_deletion_of_a_parent_and_its_subtask(ada: Person, tree: dict[str, Json]) -> None:
    response = await write_bulk(ada, delete_item(tree["b"]), delete_item(tree["a"]), delete_item(tree["e"]))

    assert [result["status"] for result in response.json()["results"]] == [204, 204, 204]
    assert await list_tasks(ada) == []
    entries = await read_trash(ada)
    assert {entry["name"]: entry["contains"] for entry in entries} == {"a": {"task": 3}, "e": {}}


@pytest.mark.spec("SUB-024")
async def test_bulk_write_changes_no_task_that_it_deletes(ada: Person, tree: dict[str, Json]) -> None:
    deletion = delete_item(tree["a"])

    below = await write_bulk(ada, update_item(tree["d"], title="D"), deletion)
    into = await write_bulk(ada, update_item(tree["e"], parent_id=tree["d"]["id"]), deletion)
    new = await write_bulk(ada, deletion, create_item("f", parent_id=tree["d"]["id"]))

    assert_error(below, 400, "DUPLICATE_ITEM")
    assert_error(into, 400, "DUPLICATE_ITEM")
    assert_error(new, 404, "PARENT_NOT_FOUND")
    assert await tree_of(ada) == "a(b(d) c) e"


@pytest.mark.spec("SUB-024")
async def test_task_that_leaves_in_the_same_bulk_write_stays(ada: Person, tree: dict[str, Json]) -> None:
    response = await write_bulk(
        ada,
        delete_item(tree["a"]),
        update_item(tree["b"], parent_id=None),
        update_item(tree["c"], title="C"),
        atomic=False,
    )

    assert [result["status"] for result in response.json()["results"]] == [204, 200, 400]
    assert await tree_of(ada) == "e b(d)"


@pytest.mark.spec("SUB-025")
@pytest.mark.parametrize("kind", ["project", "section"])
async def test_deleted_container_takes_subtasks_along(
    ada: Person, project: Json, section: Json, make_task: Make, connection: asyncpg.Connection, kind: str
) -> None:
    await make_chain(make_task, ada, "abc", section_id=section["id"])
    container = project if kind == "project" else section
    response = await ada.client.delete(f"/{kind}s/{container['id']}", params={"children": "delete"})
    assert response.status_code == 204
    [entry] = await read_trash(ada)
    assert (entry["type"], entry["contains"]["task"]) == (kind, 3)

    restored = await ada.client.post(f"/trash/{entry['seq']}/restore")

    assert restored.status_code == 200, restored.text
    assert await tree_of(ada, section=section["id"]) == "a(b(c))"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-025")
@pytest.mark.parametrize("kind", ["project", "section"])
async def test_kept_tasks_of_a_container_keep_their_subtasks(
    ada: Person, project: Json, section: Json, make_task: Make, connection: asyncpg.Connection, kind: str
) -> None:
    await make_chain(make_task, ada, "abc", section_id=section["id"])
    container = project if kind == "project" else section

    response = await ada.client.delete(f"/{kind}s/{container['id']}", params=KEEP)

    assert await tree_of(ada, section="none") == "a(b(c))"
    await assert_sound(connection, ada)
    undone = await undo(ada, response)
    assert undone.status_code == 200, undone.text
    assert await tree_of(ada, section=section["id"]) == "a(b(c))"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-028")
async def test_deletion_of_a_parent_with_conditions(ada: Person, tree: dict[str, Json]) -> None:
    path = f"/tasks/{tree['a']['id']}"
    base = (await ada.client.get("/sync", params={"limit": 1000})).headers["Change-Seq"]
    changed = await change(ada, tree["a"], title="A")

    assert_error(await ada.client.delete(path, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    assert_error(await ada.client.delete(path, headers={"Change-Base": base}), 409, "FIELD_CONFLICT")
    headers = {"If-Match": '"2"', "Change-Base": changed.headers["Change-Seq"], "Idempotency-Key": "k"}
    for _ in range(2):
        assert (await ada.client.delete(path, headers=headers)).status_code == 204
    assert await tree_of(ada) == "e"


@pytest.mark.spec("SUB-020")
async def test_account_with_subtasks_is_deleted(
    ada: Person, tree: dict[str, Json], connection: asyncpg.Connection
) -> None:
    await connection.execute("DELETE FROM users WHERE id = $1", ada.id)

    assert tree
    assert await connection.fetchval("SELECT count(*) FROM tasks WHERE user_id = $1", ada.id) == 0
