"""A project is deleted with its tasks or without them, and comes back whole."""

import asyncpg
import pytest

from tests.routers.changes.copies import Copy
from tests.routers.changes.support import read_log
from tests.routers.projects.support import list_tasks, read, read_trash, titles_of, undo
from tests.support import Json, Make, MakeToken, Person, assert_error, authorize

INSERT_TASKS = """
INSERT INTO tasks (user_id, title, title_key, project_id)
SELECT $1, 'Task ' || i, '', $2 FROM generate_series(1, $3) AS i
"""
INSERT_SEARCHES = """
INSERT INTO task_search (user_id, task_id, title, description)
SELECT user_id, id, '', '' FROM tasks WHERE project_id = $1
"""


def without_version(task: Json) -> Json:
    return {name: value for name, value in task.items() if name not in ("version", "updated_at")}


@pytest.fixture
async def tasks(ada: Person, project: Json, make_task: Make, make_tag: Make) -> list[Json]:
    """Return two tasks of the project, one of them with a tag; a third task is in the inbox."""
    tag = await make_tag(ada)
    first = await make_task(ada, title="first", project_id=project["id"], due_day="2026-12-01")
    tagged: Json = (await ada.client.post(f"/tasks/{first['id']}/tags/{tag['id']}")).json()
    second = await make_task(ada, title="second", project_id=project["id"], external_id="a", completed=True)
    await make_task(ada, title="inbox")
    return [tagged, second]


@pytest.mark.spec("PRJ-020")
async def test_deletion_takes_the_tasks_with_it_as_one_batch(
    ada: Person, project: Json, tasks: list[Json], connection: asyncpg.Connection
) -> None:
    response = await ada.client.delete(f"/projects/{project['id']}")

    assert response.status_code == 204, response.text
    assert await titles_of(ada) == ["inbox"]
    log = await read_log(connection, ada)
    batch = [change for change in log if change["batch"] == log[-1]["batch"]]
    assert [(change["type"], change["action"], change["id"]) for change in batch] == [
        *(("task", "delete", task["id"]) for task in tasks),
        ("project", "delete", project["id"]),
    ]
    assert int(response.headers["Change-Seq"]) == batch[-1]["seq"]


@pytest.mark.spec("PRJ-020")
async def test_deleted_project_is_one_entry_of_the_trash(ada: Person, project: Json, tasks: list[Json]) -> None:
    await ada.client.delete(f"/projects/{project['id']}")

    [entry] = await read_trash(ada)

    assert (entry["type"], entry["id"], entry["name"]) == ("project", project["id"], "Garden")
    assert entry["contains"] == {"task": len(tasks)}
    exported = (await read(ada, "/auth/me/export"))["trash"]
    assert [item["type"] for item in exported] == ["project", "task", "task"]


@pytest.mark.spec("PRJ-021")
async def test_task_that_was_deleted_before_keeps_its_own_entry(ada: Person, project: Json, tasks: list[Json]) -> None:
    await ada.client.delete(f"/tasks/{tasks[0]['id']}")
    await ada.client.delete(f"/projects/{project['id']}")

    entries = await read_trash(ada)

    assert [(entry["type"], entry["contains"]) for entry in entries] == [("project", {"task": 1}), ("task", {})]


@pytest.mark.spec("PRJ-022")
@pytest.mark.parametrize("by", ["undo", "restore"])
async def test_project_comes_back_with_all_its_tasks(ada: Person, project: Json, tasks: list[Json], by: str) -> None:
    copy = Copy()
    await copy.update(ada)
    response = await ada.client.delete(f"/projects/{project['id']}")

    if by == "undo":
        result = await undo(ada, response)
    else:
        result = await ada.client.post(f"/trash/{response.headers['Change-Seq']}/restore")

    assert result.status_code == 200, result.text
    assert {(item["type"], item["id"]) for item in result.json()["items"]} == {
        ("project", project["id"]),
        *(("task", task["id"]) for task in tasks),
    }
    restored = await list_tasks(ada, project=project["id"])
    assert [without_version(task) for task in restored] == [without_version(task) for task in tasks]
    assert without_version(await read(ada, f"/projects/{project['id']}")) == without_version(project)
    assert await read_trash(ada) == []
    await copy.update(ada)
    assert copy.resources["task"] == {task["id"]: task for task in await list_tasks(ada)}


@pytest.mark.spec("PRJ-022")
@pytest.mark.usefixtures("tasks")
async def test_undo_of_an_undo_deletes_all_again(ada: Person, project: Json) -> None:
    undone = await undo(ada, await ada.client.delete(f"/projects/{project['id']}"))

    redone = await undo(ada, undone)

    assert redone.status_code == 200, redone.text
    assert await titles_of(ada, archived="all") == ["inbox"]
    assert (await ada.client.get("/projects")).json() == []


@pytest.mark.spec("PRJ-022")
async def test_archived_project_comes_back_archived(ada: Person, project: Json, tasks: list[Json]) -> None:
    await ada.client.patch(f"/projects/{project['id']}", json={"archived": True})

    await undo(ada, await ada.client.delete(f"/projects/{project['id']}"))

    assert await titles_of(ada) == ["inbox"]
    assert len(await titles_of(ada, archived="true")) == len(tasks)


@pytest.mark.spec("PRJ-023")
async def test_kept_tasks_move_to_the_inbox_and_undo_takes_them_back(
    ada: Person, project: Json, tasks: list[Json]
) -> None:
    await ada.client.patch(f"/projects/{project['id']}", json={"archived": True})

    response = await ada.client.delete(f"/projects/{project['id']}", params={"children": "keep"})

    assert response.status_code == 204
    assert await titles_of(ada, project="none") == ["first", "second", "inbox"]
    assert [(entry["type"], entry["contains"]) for entry in await read_trash(ada)] == [("project", {})]
    undone = await undo(ada, response)
    assert undone.status_code == 200, undone.text
    restored = await list_tasks(ada, project=project["id"], archived="all")
    assert [without_version(task) for task in restored] == [without_version(task) for task in tasks]


@pytest.mark.spec("PRJ-023")
async def test_other_value_of_children_is_a_400(ada: Person, project: Json) -> None:
    response = await ada.client.delete(f"/projects/{project['id']}", params={"children": "move"})

    assert_error(response, 400, "INVALID_CHILDREN", "Children must be one of: delete, keep")


@pytest.mark.spec("PRJ-024")
async def test_restored_task_whose_project_is_gone_is_in_the_inbox(
    ada: Person, project: Json, tasks: list[Json]
) -> None:
    deletion = await ada.client.delete(f"/tasks/{tasks[0]['id']}")
    await ada.client.delete(f"/projects/{project['id']}", params={"children": "keep"})

    response = await ada.client.post(f"/trash/{deletion.headers['Change-Seq']}/restore")

    assert response.json()["left_out"] == [f"project.{project['id']}"]
    assert (await read(ada, f"/tasks/{tasks[0]['id']}"))["project_id"] is None


@pytest.mark.spec("PRJ-024")
async def test_undo_of_a_move_out_of_a_deleted_project_is_a_conflict(
    ada: Person, project: Json, tasks: list[Json]
) -> None:
    path = f"/tasks/{tasks[0]['id']}"
    response = await ada.client.patch(path, json={"project_id": None, "title": "Changed"})
    await ada.client.delete(f"/projects/{project['id']}")

    refused = await undo(ada, response)
    forced = await undo(ada, response, force=True)

    assert_error(refused, 409, "UNDO_CONFLICT")
    assert [error["field"] for error in refused.json()["errors"]] == [f"task.{tasks[0]['id']}.project_id"]
    assert forced.status_code == 200, forced.text
    assert (await read(ada, path)).items() >= {"title": "first", "project_id": None}.items()


@pytest.mark.spec("PRJ-024")
async def test_undo_of_the_creation_of_a_project_with_tasks_is_a_conflict(ada: Person, make_task: Make) -> None:
    creation = await ada.client.post("/projects", json={"name": "Garden"})
    await make_task(ada, title="kept", project_id=creation.json()["id"])

    refused = await undo(ada, creation)
    forced = await undo(ada, creation, force=True)

    assert_error(refused, 409, "UNDO_CONFLICT")
    assert forced.status_code == 200, forced.text
    assert await titles_of(ada, project="none") == ["kept"]


@pytest.mark.spec("PRJ-025")
@pytest.mark.usefixtures("tasks")
async def test_purge_of_a_project_purges_its_tasks(ada: Person, project: Json, connection: asyncpg.Connection) -> None:
    await ada.client.delete(f"/projects/{project['id']}")
    [entry] = await read_trash(ada)

    assert (await ada.client.delete(f"/trash/{entry['seq']}")).status_code == 204

    log = await read_log(connection, ada)
    left = [change for change in log if change["type"] != "tag" and (change["before"] or change["after"])]
    assert {change["after"]["title"] for change in left} == {"inbox"}
    assert (await ada.client.delete("/trash")).status_code == 204


@pytest.mark.spec("PRJ-025")
@pytest.mark.usefixtures("tasks")
async def test_task_inside_of_an_entry_is_no_entry(ada: Person, project: Json) -> None:
    response = await ada.client.delete(f"/projects/{project['id']}")
    inside = int(response.headers["Change-Seq"]) - 1

    assert_error(await ada.client.post(f"/trash/{inside}/restore"), 404, "TRASH_ENTRY_NOT_FOUND")


@pytest.mark.spec("PRJ-025")
@pytest.mark.usefixtures("tasks")
async def test_restoring_needs_the_scopes_of_all_types(ada: Person, project: Json, make_token: MakeToken) -> None:
    response = await ada.client.delete(f"/projects/{project['id']}")
    token = await make_token(ada, "projects:read", "projects:write")

    refused = await ada.client.post(
        f"/trash/{response.headers['Change-Seq']}/restore", headers=authorize(token["token"])
    )
    shown = await ada.client.get("/trash", headers=authorize(token["token"]))

    assert_error(refused, 403, "INSUFFICIENT_SCOPE")
    assert [entry["contains"] for entry in shown.json()["items"]] == [{}]


@pytest.mark.timeout(120)
@pytest.mark.spec("PRJ-026")
async def test_large_project_is_deleted_and_restored(
    ada: Person, project: Json, connection: asyncpg.Connection
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, project["id"], 1_200)
    await connection.execute(INSERT_SEARCHES, project["id"])

    response = await ada.client.delete(f"/projects/{project['id']}")
    [entry] = await read_trash(ada)
    assert (await undo(ada, response)).status_code == 200

    assert entry["contains"] == {"task": 1_200}
    page = (await ada.client.get("/tasks", params={"project": project["id"]})).json()
    assert page["total"] == 1_200


@pytest.mark.spec("PRJ-027")
@pytest.mark.parametrize("children", ["delete", "keep"])
async def test_token_needs_the_scope_of_the_tasks_that_it_deletes_or_moves(
    ada: Person, make_project: Make, make_task: Make, make_token: MakeToken, children: str
) -> None:
    empty, full = [await make_project(ada) for _ in range(2)]
    await make_task(ada, project_id=full["id"])
    headers = authorize((await make_token(ada, "projects:write"))["token"])
    query = {"children": children}

    deleted = await ada.client.delete(f"/projects/{empty['id']}", params=query, headers=headers)
    refused = await ada.client.delete(f"/projects/{full['id']}", params=query, headers=headers)

    assert deleted.status_code == 204
    assert_error(refused, 403, "INSUFFICIENT_SCOPE")
