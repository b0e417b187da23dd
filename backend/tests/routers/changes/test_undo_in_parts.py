"""Undo after a part of it was undone by the trash, and undo of requests that change a task more than once."""

from typing import Any

import pytest
from httpx import Response

from tests.routers.task_bulk.support import create_item, delete_item, update_item, write_bulk
from tests.support import Json, Make, Person, assert_error


def seq_of(response: Response) -> int:
    assert response.is_success, response.text
    return int(response.headers["Change-Seq"])


async def undo(owner: Person, seq: int, *, force: bool = False) -> Response:
    return await owner.client.post(f"/changes/{seq}/undo", json={"force": force})


async def restore(owner: Person, title: str) -> None:
    entries = (await owner.client.get("/trash")).json()["items"]
    [seq] = [entry["seq"] for entry in entries if entry["name"] == title]
    assert (await owner.client.post(f"/trash/{seq}/restore")).status_code == 200


async def make_project(owner: Person) -> Json:
    project: Json = (await owner.client.post("/projects", json={"name": "Garden"})).json()
    return project


async def state_of(owner: Person) -> list[dict[str, Any]]:
    tasks = (await owner.client.get("/tasks?sort=title")).json()["items"]
    return [{name: task[name] for name in task if name not in {"version", "updated_at"}} for task in tasks]


@pytest.fixture
async def task(ada: Person, make_task: Make, make_tag: Make) -> Json:
    await make_tag(ada, name="home")
    return await make_task(ada, title="old", tags=["home"])


@pytest.mark.spec("HIS-016")
async def test_restored_part_of_an_undo_can_be_undone_by_the_first_change(ada: Person, task: Json) -> None:
    seq = seq_of(await write_bulk(ada, delete_item(task), create_item(title="new")))
    await undo(ada, seq)
    before = await state_of(ada)
    await restore(ada, "new")

    response = await undo(ada, seq)

    assert response.status_code == 200, response.text
    assert await state_of(ada) == before
    assert_error(await undo(ada, seq), 409, "ALREADY_UNDONE")


@pytest.mark.spec("HIS-016")
async def test_update_stays_undone_when_another_part_is_restored(ada: Person, task: Json) -> None:
    seq = seq_of(await write_bulk(ada, update_item(task, description="new"), create_item(title="new")))
    await undo(ada, seq)
    await ada.client.patch(f"/tasks/{task['id']}", json={"description": "later"})
    await restore(ada, "new")

    assert (await undo(ada, seq)).status_code == 200

    [only] = await state_of(ada)
    assert (only["title"], only["description"]) == ("old", "later")


@pytest.mark.spec("HIS-016")
async def test_restored_part_of_a_redo_can_be_undone_again(ada: Person, task: Json) -> None:
    seq = seq_of(await write_bulk(ada, delete_item(task), create_item(title="new")))
    first_undo = seq_of(await undo(ada, seq))
    await undo(ada, first_undo)
    await restore(ada, "old")

    assert (await undo(ada, first_undo)).status_code == 200

    assert [left["title"] for left in await state_of(ada)] == ["new"]


@pytest.mark.spec("HIS-017")
@pytest.mark.parametrize("order", [1, -1])
async def test_bulk_that_moves_a_task_and_deletes_its_subtask_is_undone(
    ada: Person, make_task: Make, order: int
) -> None:
    project = await make_project(ada)
    parent = await make_task(ada, title="parent")
    child = await make_task(ada, title="child", parent_id=parent["id"])
    await make_task(ada, title="grandchild", parent_id=child["id"])
    before = await state_of(ada)
    items = [update_item(parent, project_id=project["id"]), delete_item(child)][::order]
    seq = seq_of(await write_bulk(ada, *items))
    after = await state_of(ada)

    response = await undo(ada, seq)

    assert response.status_code == 200, response.text
    assert await state_of(ada) == before
    assert (await undo(ada, seq_of(response))).status_code == 200
    assert await state_of(ada) == after


@pytest.mark.spec("HIS-018")
@pytest.mark.parametrize("noun", ["project", "section"])
async def test_deletion_that_keeps_tasks_is_redone(ada: Person, make_task: Make, noun: str) -> None:
    project = await make_project(ada)
    section = (await ada.client.post(f"/projects/{project['id']}/sections", json={"name": "Spring"})).json()
    parent = await make_task(ada, title="parent", section_id=section["id"])
    await make_task(ada, title="child", parent_id=parent["id"])
    path = f"/projects/{project['id']}" if noun == "project" else f"/sections/{section['id']}"
    seq = seq_of(await ada.client.delete(path, params={"children": "keep"}))
    after = await state_of(ada)
    redo = seq_of(await undo(ada, seq))

    response = await undo(ada, redo)

    assert response.status_code == 200, response.text
    assert await state_of(ada) == after


@pytest.mark.spec("HIS-018")
async def test_task_that_came_into_a_project_since_is_a_conflict(ada: Person, make_task: Make) -> None:
    project = await make_project(ada)
    await make_task(ada, title="first", project_id=project["id"])
    seq = seq_of(await ada.client.delete(f"/projects/{project['id']}", params={"children": "keep"}))
    redo = seq_of(await undo(ada, seq))
    await make_task(ada, title="second", project_id=project["id"])

    response = await undo(ada, redo)

    assert_error(response, 409, "UNDO_CONFLICT")
    assert [error["field"] for error in response.json()["errors"]] == [f"project.{project['id']}.tasks"]
