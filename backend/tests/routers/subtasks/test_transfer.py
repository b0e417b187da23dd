"""Sync, export and import have the parents of tasks."""

from typing import Any

import pytest

from tests.routers.projects.support import list_tasks, read, undo
from tests.routers.subtasks.support import change, delete, make_chain, move, tree_of
from tests.routers.transfer.support import NOTHING, export_account, import_into, make_document, send
from tests.support import Json, Make, Person


async def read_pages(owner: Person, since: str | None = None) -> list[list[Json]]:
    """Return the tasks of each page of a sync with one change a page."""
    pages: list[list[Json]] = []
    query: dict[str, Any] = {"limit": 1} | ({} if since is None else {"since": since})
    while True:
        page = (await owner.client.get("/sync", params=query)).json()
        pages.append([item["data"] for item in page["items"] if item["type"] == "task" and not item["deleted"]])
        query["since"] = page["next"]
        if not page["has_more"]:
            return pages


@pytest.mark.spec("SUB-030")
async def test_tree_that_changed_at_once_is_on_one_page(ada: Person, project: Json, make_task: Make) -> None:
    tree = await make_chain(make_task, ada, "abc")
    ids = {task["id"] for task in tree}
    token = (await ada.client.get("/sync", params={"limit": 1000})).json()["next"]

    await move(ada, tree[0], project_id=project["id"])
    moved = (await ada.client.get("/sync", params={"limit": 1, "since": token})).json()
    deleted = await delete(ada, tree[0])
    gone = (await ada.client.get("/sync", params={"limit": 1, "since": moved["next"]})).json()
    await undo(ada, deleted)
    restored = (await ada.client.get("/sync", params={"limit": 1, "since": gone["next"]})).json()

    assert [{item["id"] for item in page["items"]} for page in (moved, gone, restored)] == [ids, ids, ids]
    assert [item["id"] for item in restored["items"]] == [task["id"] for task in tree]


@pytest.mark.spec("SUB-030")
async def test_copy_has_all_parents_after_the_last_page(ada: Person, project: Json, make_task: Make) -> None:
    start = (await ada.client.get("/sync", params={"limit": 1000})).json()["next"]
    a, *_ = await make_chain(make_task, ada, "abc")
    d = await make_task(ada, title="d")
    await change(ada, a, parent_id=d["id"])
    await undo(ada, await delete(ada, d))
    await move(ada, d, project_id=project["id"])

    tasks = {task["id"]: task for page in await read_pages(ada, start) for task in page}

    assert {id_: task["parent_id"] for id_, task in tasks.items()} == {
        task["id"]: task["parent_id"] for task in await list_tasks(ada)
    }


@pytest.mark.spec("SUB-030")
async def test_full_sync_has_all_parents_at_its_end(ada: Person, make_task: Make) -> None:
    a, b = await make_chain(make_task, ada, "ab")
    c = await make_task(ada, title="c")
    await change(ada, a, parent_id=c["id"])

    tasks = {task["id"]: task for page in await read_pages(ada) for task in page}

    assert {id_: task["parent_id"] for id_, task in tasks.items()} == {
        a["id"]: c["id"],
        b["id"]: a["id"],
        c["id"]: None,
    }
    assert "subtask_counts" not in tasks[a["id"]]


@pytest.mark.spec("SUB-030")
async def test_history_has_the_parent(ada: Person, make_task: Make) -> None:
    a, b = await make_chain(make_task, ada, "ab")
    await change(ada, b, parent_id=None)

    changes = (await read(ada, f"/tasks/{b['id']}/changes"))["items"]

    assert changes[0]["fields"]["parent_id"] == {"before": a["id"], "after": None}
    assert changes[1]["fields"]["parent_id"] == {"before": None, "after": a["id"]}


@pytest.mark.spec("SUB-031")
async def test_imported_export_has_the_same_tree(
    ada: Person, bob: Person, project: Json, section: Json, make_task: Make
) -> None:
    a, b, _ = await make_chain(make_task, ada, "abc", section_id=section["id"])
    await make_task(ada, title="d", parent_id=a["id"])
    late = await make_task(ada, title="e")
    await make_chain(make_task, ada, "xy")
    await change(ada, late, parent_id=a["id"])
    await move(ada, late, before=b["id"])
    document = await export_account(ada)

    report = await import_into(bob, document)

    assert report["created"] == NOTHING | {"projects": 1, "sections": 1, "tasks": 7}
    assert await tree_of(bob) == await tree_of(ada) == "a(e b(c) d) x(y)"
    [imported] = (await bob.client.get("/projects")).json()
    assert await tree_of(bob, project=imported["id"]) == await tree_of(ada, project=project["id"])
    again = await send(bob, document)
    assert again.json()["existing"] == report["created"]
    assert "Change-Seq" not in again.headers


@pytest.mark.spec("SUB-031")
async def test_import_can_be_undone_and_redone(bob: Person) -> None:
    rows = [{"id": 3, "title": "c", "parent_id": 2}, {"id": 2, "title": "b", "parent_id": 1}, {"id": 1, "title": "a"}]
    response = await send(bob, make_document(tasks=rows))
    assert response.status_code == 200, response.text
    assert await tree_of(bob) == "a(b(c))"

    undone = await undo(bob, response)

    assert undone.status_code == 200, undone.text
    assert await tree_of(bob) == ""
    assert (await undo(bob, undone)).status_code == 200
    assert await tree_of(bob) == "a(b(c))"


@pytest.mark.spec("SUB-031")
async def test_new_rows_come_below_a_task_that_exists(bob: Person, project: Json, make_project: Make) -> None:
    rows = [{"id": 1, "title": "a"}]
    document = make_document(tasks=rows)
    await import_into(bob, document)
    garden = await make_project(bob)
    [task] = (await bob.client.get("/tasks")).json()["items"]
    await change(bob, task, project_id=garden["id"])
    rows += [{"id": 2, "title": "b", "parent_id": 1}, {"id": 3, "title": "c", "parent_id": 2, "project_id": None}]

    report = await import_into(bob, document)

    assert project
    assert (report["created"]["tasks"], report["existing"]["tasks"]) == (2, 1)
    assert await tree_of(bob, project=garden["id"]) == "a(b(c))"


@pytest.mark.spec("SUB-032")
@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        ([{"id": 1, "parent_id": 9}], {"tasks.0.parent_id": "PARENT_NOT_FOUND"}),
        ([{"id": 1, "parent_id": 1}], {"tasks.0.parent_id": "SUBTASK_CYCLE"}),
        (
            [{"id": 1, "parent_id": 2}, {"id": 2, "parent_id": 1}, {"id": 3, "parent_id": 1}],
            {
                "tasks.0.parent_id": "SUBTASK_CYCLE",
                "tasks.1.parent_id": "SUBTASK_CYCLE",
                "tasks.2.parent_id": "PARENT_NOT_FOUND",
            },
        ),
        (
            [{"id": number, "parent_id": number - 1 or None} for number in range(1, 13)],
            {"tasks.10.parent_id": "SUBTASKS_TOO_DEEP", "tasks.11.parent_id": "PARENT_NOT_FOUND"},
        ),
        (
            [{"id": 1, "project_id": 5}, {"id": 2, "parent_id": 1, "project_id": 6}],
            {"tasks.1.parent_id": "SUBTASK_FOLLOWS_PARENT"},
        ),
        (
            [{"id": 1, "title": ""}, {"id": 2, "parent_id": 1}],
            {"tasks.0.title": "INVALID_TITLE", "tasks.1.parent_id": "PARENT_NOT_FOUND"},
        ),
    ],
    ids=["unknown", "itself", "cycle", "depth", "project", "invalid"],
)
async def test_problems_of_parents_are_named(bob: Person, rows: list[Json], problems: dict[str, str]) -> None:
    projects = [{"id": 5, "name": "Garden"}, {"id": 6, "name": "Home"}]
    document = make_document(projects=projects, tasks=[{"title": "t"} | row for row in rows])

    rejected = await send(bob, document)
    report = await import_into(bob, document, atomic=False)

    assert rejected.status_code >= 400
    assert {error["field"]: error["code"] for error in report["errors"]} == problems
    assert report["failed"]["tasks"] == len(problems)
    assert report["created"]["tasks"] == len(rows) - len(problems)


@pytest.mark.spec("SUB-032")
async def test_existing_parent_counts_for_the_depth(bob: Person, make_task: Make) -> None:
    document = make_document(tasks=[{"id": 1, "title": "k"}])
    await import_into(bob, document)
    [task] = (await bob.client.get("/tasks")).json()["items"]
    chain = await make_chain(make_task, bob, "abcdefghi")
    await change(bob, task, parent_id=chain[-1]["id"])
    document["tasks"].append({"id": 2, "title": "l", "parent_id": 1})

    report = await import_into(bob, document, atomic=False)

    assert [error["code"] for error in report["errors"]] == ["SUBTASKS_TOO_DEEP"]
