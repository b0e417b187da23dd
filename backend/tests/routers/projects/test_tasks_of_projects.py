"""Tasks are in a project or in the inbox, and lists are filtered by project."""

import asyncpg
import pytest

from tests.routers.changes.support import read_log
from tests.routers.projects.support import list_tasks, read, titles_of, undo
from tests.routers.task_bulk.support import create_item, update_item, write_bulk
from tests.support import Json, Make, Person, RecordedApp, assert_error, make_client

NOT_FOUND = (404, "PROJECT_NOT_FOUND", "Project not found")
REPLACEMENT = {"title": "Feed the cat", "priority": "low", "completed": False}


@pytest.fixture
async def foreign(bob: Person, make_project: Make) -> Json:
    """Return a project of Bob."""
    return await make_project(bob)


@pytest.mark.spec("PRJ-010")
async def test_task_without_a_project_is_in_the_inbox(ada: Person, make_task: Make) -> None:
    assert (await make_task(ada))["project_id"] is None


@pytest.mark.spec("PRJ-010")
async def test_task_is_created_in_a_project(ada: Person, project: Json, make_task: Make) -> None:
    task = await make_task(ada, project_id=project["id"])

    assert task["project_id"] == project["id"]
    assert await read(ada, f"/tasks/{task['id']}") == task


@pytest.mark.spec("PRJ-010")
async def test_second_create_with_an_external_id_returns_the_task_of_the_project(
    ada: Person, project: Json, make_task: Make
) -> None:
    task = await make_task(ada, project_id=project["id"], external_id="a")

    response = await ada.client.post("/tasks", json={"title": "Other", "project_id": project["id"], "external_id": "a"})

    assert (response.status_code, response.json()) == (200, task)


@pytest.mark.spec("PRJ-011")
async def test_put_without_a_project_leaves_it(ada: Person, project: Json, make_task: Make) -> None:
    task = await make_task(ada, project_id=project["id"])

    kept = await ada.client.put(f"/tasks/{task['id']}", json=REPLACEMENT)
    cleared = await ada.client.put(f"/tasks/{task['id']}", json=REPLACEMENT | {"project_id": None})

    assert (kept.json()["project_id"], cleared.json()["project_id"]) == (project["id"], None)


@pytest.mark.spec("PRJ-011")
async def test_task_that_comes_into_a_project_is_the_last_one(ada: Person, project: Json, make_task: Make) -> None:
    first = await make_task(ada, title="first")
    await make_task(ada, title="second", project_id=project["id"])

    await ada.client.patch(f"/tasks/{first['id']}", json={"project_id": project["id"]})
    await make_task(ada, title="third", project_id=project["id"])

    assert await titles_of(ada, project=project["id"]) == ["second", "first", "third"]


@pytest.mark.spec("PRJ-011")
async def test_move_back_to_the_inbox_is_the_last_place_there(ada: Person, project: Json, make_task: Make) -> None:
    task = await make_task(ada, title="away", project_id=project["id"])
    await make_task(ada, title="inside")

    await ada.client.patch(f"/tasks/{task['id']}", json={"project_id": None})

    assert await titles_of(ada, project="none") == ["inside", "away"]


@pytest.mark.spec("PRJ-011")
async def test_change_of_the_project_is_logged_and_undone(
    ada: Person, project: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    task = await make_task(ada)
    other = await make_task(ada, title="other", project_id=project["id"])

    response = await ada.client.patch(f"/tasks/{task['id']}", json={"project_id": project["id"]})

    changed = response.json()
    [*_, change] = await read_log(connection, ada)
    assert change["before"] == {"project_id": None, "position": task["position"]}
    assert change["after"] == {"project_id": project["id"], "position": changed["position"]}
    assert changed["position"] > other["position"]
    undone = await undo(ada, response)
    assert undone.status_code == 200, undone.text
    shown = await read(ada, f"/tasks/{task['id']}")
    assert (shown["project_id"], shown["position"]) == (None, task["position"])
    redone = await undo(ada, undone)
    assert redone.status_code == 200, redone.text
    assert (await read(ada, f"/tasks/{task['id']}"))["position"] == changed["position"]


@pytest.mark.spec("PRJ-012")
async def test_unknown_project_is_a_404(ada: Person, foreign: Json, make_task: Make) -> None:
    task = await make_task(ada)

    for project_id in (foreign["id"], 999_999_999, 0, -1, 2**63, 2**200):
        for response in [
            await ada.client.post("/tasks", json={"title": "x", "project_id": project_id}),
            await ada.client.patch(f"/tasks/{task['id']}", json={"project_id": project_id}),
            await ada.client.put(f"/tasks/{task['id']}", json=REPLACEMENT | {"project_id": project_id}),
        ]:
            assert_error(response, *NOT_FOUND)
    assert await read(ada, f"/tasks/{task['id']}") == task


@pytest.mark.spec("PRJ-012")
async def test_project_of_a_wrong_type_is_a_422(ada: Person) -> None:
    values: list[object] = ["5", 5.0, True, []]
    for project_id in values:
        response = await ada.client.post("/tasks", json={"title": "x", "project_id": project_id})
        assert response.status_code == 422


@pytest.mark.spec("PRJ-013")
async def test_bulk_writes_tasks_of_projects(ada: Person, project: Json, foreign: Json, make_task: Make) -> None:
    task = await make_task(ada, title="moved")

    response = await write_bulk(
        ada,
        create_item("new", project_id=project["id"]),
        update_item(task, project_id=project["id"]),
        create_item("lost", project_id=foreign["id"]),
        update_item(await make_task(ada), project_id=foreign["id"]),
        atomic=False,
    )

    results = response.json()["results"]
    assert [result["status"] for result in results] == [201, 200, 404, 404]
    assert [result["error"]["errors"][0]["field"] for result in results[2:]] == [
        "task.project_id",
        "changes.project_id",
    ]
    assert {task["title"] for task in await list_tasks(ada, project=project["id"])} == {"new", "moved"}


@pytest.mark.spec("PRJ-014")
async def test_list_is_filtered_by_the_id_and_the_name_of_a_project(
    ada: Person, bob: Person, make_project: Make, make_task: Make
) -> None:
    garden, home, other = [await make_project(ada, name=name) for name in ("Garden", "Home", "Garden")]
    for project in (garden, home, other, None):
        await make_task(ada, title=project["name"] if project else "inbox", project_id=project and project["id"])
    await make_task(bob, title="of Bob", project_id=(await make_project(bob))["id"])

    assert await titles_of(ada, project="Garden") == ["Garden", "Garden"]
    assert await titles_of(ada, project=home["id"]) == ["Home"]
    assert await titles_of(ada, project="none") == ["inbox"]
    assert await titles_of(ada, project="Unknown") == []
    assert len(await titles_of(ada, project="")) == 4


@pytest.mark.spec("PRJ-014")
async def test_project_with_digits_as_its_name_is_found_by_them(
    ada: Person, project: Json, make_project: Make, make_task: Make
) -> None:
    named = await make_project(ada, name=str(project["id"]))
    for owner_id in (project["id"], named["id"]):
        await make_task(ada, title=str(owner_id), project_id=owner_id)

    assert len(await titles_of(ada, project=project["id"])) == 2


@pytest.mark.spec("PRJ-015")
async def test_lists_leave_out_the_tasks_of_archived_projects(
    ada: Person, project: Json, make_project: Make, make_task: Make
) -> None:
    other = await make_project(ada, name="Home")
    await make_task(ada, title="archived", project_id=project["id"])
    await make_task(ada, title="open", project_id=other["id"])

    await ada.client.patch(f"/projects/{project['id']}", json={"archived": True})
    await make_task(ada, title="new", project_id=project["id"])

    for query in ({}, {"sort": "title"}, {"q": "n"}, {"status": "pending"}, {"sort": "due_date"}, {"due": "none"}):
        assert "archived" not in await titles_of(ada, **query)
    assert await titles_of(ada) == ["open"]
    assert await titles_of(ada, archived="true") == ["archived", "new"]
    assert sorted(await titles_of(ada, archived="all", sort="title")) == ["archived", "new", "open"]
    assert await titles_of(ada, project=project["id"], archived="all") == ["archived", "new"]
    assert (await ada.client.get("/tasks")).json()["total"] == 1
    listed = {
        archived: len((await ada.client.get("/projects", params={"archived": archived})).json())
        for archived in ("false", "true", "all")
    }
    assert listed == {"false": 1, "true": 1, "all": 2}


@pytest.mark.spec("PRJ-015")
async def test_task_appears_again_when_its_project_is_opened_or_it_moves(
    ada: Person, project: Json, make_task: Make
) -> None:
    tasks = [await make_task(ada, title=title, project_id=project["id"]) for title in ("a", "b")]
    archiving = await ada.client.patch(f"/projects/{project['id']}", json={"archived": True})

    await ada.client.patch(f"/tasks/{tasks[0]['id']}", json={"project_id": None})
    assert await titles_of(ada) == ["a"]
    await undo(ada, archiving)

    assert sorted(await titles_of(ada)) == ["a", "b"]
    assert (await read(ada, f"/tasks/{tasks[1]['id']}"))["version"] == tasks[1]["version"]


@pytest.mark.spec("PRJ-015")
async def test_other_value_of_archived_is_a_400(ada: Person) -> None:
    for path in ("/tasks", "/projects"):
        response = await ada.client.get(path, params={"archived": "yes"})
        assert_error(response, 400, "INVALID_ARCHIVED_FILTER", "Archived must be one of: false, true, all")


@pytest.mark.spec("PRJ-016")
async def test_counts_have_the_inbox_and_the_projects_with_tasks(
    ada: Person, bob: Person, project: Json, make_project: Make, make_task: Make
) -> None:
    await make_project(ada, name="empty")
    await make_task(ada)
    await make_task(bob)
    for completed in (True, False, True):
        await make_task(ada, project_id=project["id"], completed=completed)

    assert (await ada.client.get("/projects/counts")).json() == [
        {"project_id": None, "total": 1, "completed": 0},
        {"project_id": project["id"], "total": 3, "completed": 2},
    ]


@pytest.mark.spec("PRJ-017")
async def test_plain_list_and_create_do_not_read_projects(recorded_app: RecordedApp, ada: Person) -> None:
    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        await client.post("/tasks", json={"title": "first"})
        recorded_app.statements.clear()
        await client.post("/tasks", json={"title": "second"})
        await client.get("/tasks")
        await client.get("/tasks", params={"status": "pending", "sort": "due_date"})

    statements = [statement for statement in recorded_app.statements if "tasks" in statement]
    assert len(statements) == 3
    assert [statement for statement in statements if "projects" in statement] == []
