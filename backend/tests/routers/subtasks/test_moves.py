"""Subtasks have their place below their parent, and move with it."""

import asyncpg
import pytest

from tests.routers.changes.copies import Copy
from tests.routers.changes.support import read_log
from tests.routers.projects.support import MakeSection, list_tasks, read, titles_of, undo
from tests.routers.subtasks.support import assert_sound, change, move, tree_of
from tests.routers.task_bulk.support import update_item, write_bulk
from tests.support import Json, Make, Person, assert_error


@pytest.fixture
async def tree(ada: Person, project: Json, make_task: Make) -> dict[str, Json]:
    """Return the tasks of `a(b(d) c) e` by title. They are in the project."""
    tasks: dict[str, Json] = {}
    for title, above in (("a", None), ("b", "a"), ("c", "a"), ("d", "b"), ("e", None)):
        place = {"project_id": project["id"]} if above is None else {"parent_id": tasks[above]["id"]}
        tasks[title] = await make_task(ada, title=title, **place)
    return tasks


@pytest.mark.spec("SUB-006")
@pytest.mark.parametrize("by", ["patch", "bulk", "move"])
async def test_subtasks_move_along_as_one_batch(
    ada: Person,
    tree: dict[str, Json],
    make_project: Make,
    make_section: MakeSection,
    connection: asyncpg.Connection,
    by: str,
) -> None:
    copy = Copy()
    await copy.update(ada)
    there = await make_section(ada, await make_project(ada))
    place = {"section_id": there["id"]}

    if by == "patch":
        response = await change(ada, tree["a"], **place)
    elif by == "bulk":
        response = await write_bulk(ada, update_item(tree["a"], **place))
    else:
        response = await move(ada, tree["a"], **place)

    assert response.status_code == 200, response.text
    assert await tree_of(ada, section=there["id"]) == "a(b(d) c)"
    await assert_sound(connection, ada)
    log = await read_log(connection, ada)
    batch = [entry for entry in log if entry["batch"] == log[-1]["batch"]]
    assert {entry["id"] for entry in batch} == {tree[title]["id"] for title in "abcd"}
    assert all(entry["after"]["section_id"] == there["id"] for entry in batch)
    await copy.update(ada)
    assert copy.resources["task"] == {task["id"]: task for task in await list_tasks(ada)}


@pytest.mark.spec("SUB-006")
async def test_subtasks_move_along_below_another_task(
    ada: Person, tree: dict[str, Json], make_task: Make, connection: asyncpg.Connection
) -> None:
    inbox = await make_task(ada, title="x")

    response = await change(ada, tree["a"], parent_id=inbox["id"])

    assert response.status_code == 200, response.text
    assert await tree_of(ada) == "e x(a(b(d) c))"
    assert {task["project_id"] for task in await list_tasks(ada) if task["title"] != "e"} == {None}
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-006")
async def test_undo_of_a_move_takes_the_subtasks_back(
    ada: Person, tree: dict[str, Json], project: Json, connection: asyncpg.Connection
) -> None:
    moved = await move(ada, tree["a"], project_id=None)

    undone = await undo(ada, moved)

    assert undone.status_code == 200, undone.text
    assert await tree_of(ada, project=project["id"]) == "a(b(d) c) e"
    redone = await undo(ada, undone)
    assert redone.status_code == 200, redone.text
    assert await tree_of(ada, project="none") == "a(b(d) c)"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-006")
async def test_change_that_moves_nothing_writes_no_subtask(ada: Person, tree: dict[str, Json], project: Json) -> None:
    response = await change(ada, tree["a"], project_id=project["id"], title="A")

    assert response.json()["version"] == 2
    assert [task["version"] for task in await list_tasks(ada)] == [2, 1, 1, 1, 1]


@pytest.mark.spec("SUB-007")
@pytest.mark.parametrize(
    ("moved", "place", "expected"),
    [
        ("c", {"before": "b"}, "a(c b(d)) e"),
        ("b", {"after": "c"}, "a(c b(d)) e"),
        ("b", {"last": True}, "a(c b(d)) e"),
        ("c", {"first": True}, "a(c b(d)) e"),
        ("e", {"parent_id": "a", "first": True}, "a(e b(d) c)"),
        ("e", {"parent_id": "a"}, "a(b(d) c e)"),
        ("e", {"after": "b"}, "a(b(d) e c)"),
        ("e", {"parent_id": "a", "before": "c"}, "a(b(d) e c)"),
        ("d", {"before": "a"}, "d a(b c) e"),
        ("b", {"parent_id": None}, "a(c) e b(d)"),
        ("b", {"parent_id": None, "before": "e"}, "a(c) b(d) e"),
        ("b", {"parent_id": "e"}, "a(c) e(b(d))"),
    ],
    ids=str,
)
async def test_subtask_is_moved_to_a_place(
    ada: Person,
    project: Json,
    tree: dict[str, Json],
    connection: asyncpg.Connection,
    moved: str,
    place: Json,
    expected: str,
) -> None:
    sent = {name: tree[value]["id"] if isinstance(value, str) else value for name, value in place.items()}

    response = await move(ada, tree[moved], **sent)

    assert response.status_code == 200, response.text
    assert await tree_of(ada, project=project["id"]) == expected
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-007")
async def test_move_into_a_project_leaves_the_parent(ada: Person, tree: dict[str, Json], make_project: Make) -> None:
    other = await make_project(ada)

    moved = await move(ada, tree["b"], project_id=other["id"])
    inbox = await move(ada, tree["c"], project_id=None)

    assert (moved.json()["parent_id"], moved.json()["project_id"]) == (None, other["id"])
    assert (inbox.json()["parent_id"], inbox.json()["project_id"]) == (None, None)
    assert await tree_of(ada, project=other["id"]) == "b(d)"


@pytest.mark.spec("SUB-007")
async def test_move_below_a_parent_of_another_project_is_400(
    ada: Person, tree: dict[str, Json], make_project: Make
) -> None:
    other = await make_project(ada)

    response = await move(ada, tree["e"], parent_id=tree["a"]["id"], project_id=other["id"])

    assert_error(response, 400, "SUBTASK_FOLLOWS_PARENT")


@pytest.mark.spec("SUB-007")
async def test_sibling_must_be_below_the_parent(ada: Person, tree: dict[str, Json]) -> None:
    response = await move(ada, tree["e"], parent_id=tree["a"]["id"], before=tree["d"]["id"])

    assert_error(response, 404, "SIBLING_NOT_FOUND")


@pytest.mark.spec("SUB-007")
async def test_task_that_comes_below_a_parent_is_the_last(ada: Person, tree: dict[str, Json]) -> None:
    await move(ada, tree["b"], last=True)
    await change(ada, tree["e"], parent_id=tree["a"]["id"])
    last = await ada.client.post("/tasks", json={"title": "f", "parent_id": tree["a"]["id"]})

    assert last.status_code == 201
    assert await titles_of(ada, parent=tree["a"]["id"]) == ["c", "b", "e", "f"]


@pytest.mark.spec("SUB-007")
async def test_order_of_other_tasks_has_no_subtasks(ada: Person, tree: dict[str, Json]) -> None:
    await move(ada, tree["e"], first=True)
    await move(ada, tree["c"], parent_id=None, first=True)

    assert await titles_of(ada, parent="none") == ["c", "e", "a"]


@pytest.mark.spec("SUB-007")
async def test_move_with_another_entity_tag_is_412(ada: Person, tree: dict[str, Json]) -> None:
    path = f"/tasks/{tree['e']['id']}/move"
    body = {"parent_id": tree["a"]["id"]}

    response = await ada.client.post(path, json=body, headers={"If-Match": '"7"'})

    assert_error(response, 412, "PRECONDITION_FAILED")
    assert (await ada.client.post(path, json=body, headers={"If-Match": '"1"'})).status_code == 200


@pytest.mark.spec("SUB-008")
async def test_archived_project_hides_subtasks(
    ada: Person, project: Json, tree: dict[str, Json], connection: asyncpg.Connection
) -> None:
    await ada.client.patch(f"/projects/{project['id']}", json={"archived": True})

    assert await titles_of(ada) == []
    created = await ada.client.post("/tasks", json={"title": "f", "parent_id": tree["d"]["id"]})
    assert created.status_code == 201
    assert await titles_of(ada, archived="true") == list("abcdef")
    await move(ada, tree["b"], project_id=None)
    assert await tree_of(ada, project="none") == "b(d(f))"
    assert await titles_of(ada) == list("bdf")
    await assert_sound(connection, ada)
    assert (await read(ada, f"/tasks/{tree['d']['id']}"))["project_id"] is None
