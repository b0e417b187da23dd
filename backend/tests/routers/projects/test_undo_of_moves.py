"""Undo of moves and of creations, when tasks are elsewhere by then."""

import pytest
from httpx import AsyncClient

from tests.support import Json, MakeToken, Person, assert_error, authorize


async def create(owner: Person, path: str, **fields: object) -> Json:
    response = await owner.client.post(path, json=fields)
    assert response.status_code == 201, response.text
    created: Json = response.json() | {"seq": int(response.headers["Change-Seq"])}
    return created


@pytest.mark.spec("HIS-008", "PRJ-040")
async def test_undo_of_a_move_meets_a_later_section(ada: Person) -> None:
    first, second = await create(ada, "/projects", name="A"), await create(ada, "/projects", name="B")
    section = await create(ada, f"/projects/{second['id']}/sections", name="S")
    task = await create(ada, "/tasks", title="t", project_id=first["id"])
    moved = await ada.client.patch(f"/tasks/{task['id']}", json={"project_id": second["id"]})
    await ada.client.patch(f"/tasks/{task['id']}", json={"section_id": section["id"]})

    conflict = await ada.client.post(f"/changes/{moved.headers['Change-Seq']}/undo", json={})
    forced = await ada.client.post(f"/changes/{moved.headers['Change-Seq']}/undo", json={"force": True})

    assert_error(conflict, 409, "UNDO_CONFLICT")
    assert [error["field"] for error in conflict.json()["errors"]] == [f"task.{task['id']}.section_id"]
    assert forced.status_code == 200, forced.text
    found = (await ada.client.get(f"/tasks/{task['id']}")).json()
    assert (found["project_id"], found["section_id"]) == (first["id"], None)


@pytest.mark.spec("PRJ-027")
@pytest.mark.parametrize("noun", ["project", "section"])
async def test_undo_of_a_creation_needs_the_scope_of_the_tasks_inside(
    client: AsyncClient, ada: Person, make_token: MakeToken, noun: str
) -> None:
    created = project = await create(ada, "/projects", name="A")
    task: Json = {"title": "t", "project_id": project["id"]}
    if noun == "section":
        created = await create(ada, f"/projects/{project['id']}/sections", name="S")
        task["section_id"] = created["id"]
    kept = await create(ada, "/tasks", **task)
    headers = authorize((await make_token(ada, "projects:write"))["token"])

    response = await client.post(f"/changes/{created['seq']}/undo", json={"force": True}, headers=headers)

    assert_error(response, 403, "INSUFFICIENT_SCOPE")
    found = (await ada.client.get(f"/tasks/{kept['id']}")).json()
    assert (found["project_id"], found["section_id"]) == (kept["project_id"], kept["section_id"])
