"""A task becomes a subtask on create, PUT, PATCH and in bulk."""

import asyncpg
import pytest

from tests.routers.projects.support import MakeSection, list_tasks, read
from tests.routers.subtasks.support import assert_sound, change, make_chain, tree_of
from tests.routers.task_bulk.support import create_item, update_item, write_bulk
from tests.support import Json, Make, MakeToken, Person, assert_error, authorize

UNKNOWN = 2**62


@pytest.mark.spec("SUB-001")
@pytest.mark.parametrize("in_bulk", [False, True])
async def test_new_subtask_is_where_its_parent_is(
    ada: Person, project: Json, section: Json, make_task: Make, in_bulk: bool
) -> None:
    parent = await make_task(ada, section_id=section["id"])

    if in_bulk:
        response = await write_bulk(ada, create_item("b", parent_id=parent["id"]))
        subtask = response.json()["results"][0]["task"]
    else:
        subtask = await make_task(ada, title="b", parent_id=parent["id"])

    assert (subtask["parent_id"], subtask["project_id"], subtask["section_id"]) == (
        *(parent["id"], project["id"], section["id"]),
    )
    assert await read(ada, f"/tasks/{subtask['id']}") == subtask


@pytest.mark.spec("SUB-001")
async def test_new_task_has_no_parent(ada: Person, make_task: Make) -> None:
    assert (await make_task(ada, parent_id=None))["parent_id"] is None
    assert (await make_task(ada))["parent_id"] is None


@pytest.mark.spec("SUB-001")
async def test_put_without_parent_leaves_it_and_null_clears_it(ada: Person, project: Json, make_task: Make) -> None:
    _, subtask = await make_chain(make_task, ada, "ab", project_id=project["id"])
    body = {"title": "b", "priority": "low", "completed": True}

    left = (await ada.client.put(f"/tasks/{subtask['id']}", json=body)).json()
    whole = (await ada.client.put(f"/tasks/{subtask['id']}", json=left)).json()
    cleared = (await ada.client.put(f"/tasks/{subtask['id']}", json=body | {"parent_id": None})).json()

    assert left["parent_id"] == whole["parent_id"] == subtask["parent_id"]
    assert (cleared["parent_id"], cleared["project_id"]) == (None, project["id"])


@pytest.mark.spec("SUB-001")
async def test_patch_sets_and_clears_the_parent(ada: Person, section: Json, make_task: Make) -> None:
    parent = await make_task(ada, title="a", section_id=section["id"])
    task = await make_task(ada, title="b")

    below = await change(ada, task, parent_id=parent["id"])
    same = await change(ada, task, parent_id=parent["id"])
    above = await change(ada, task, parent_id=None)

    assert (below.json()["parent_id"], below.json()["section_id"]) == (parent["id"], section["id"])
    assert "Change-Seq" not in same.headers
    assert (above.json()["parent_id"], above.json()["section_id"]) == (None, section["id"])
    assert await tree_of(ada) == "a b"


@pytest.mark.spec("SUB-001")
async def test_second_create_with_the_external_id_returns_the_subtask(ada: Person, make_task: Make) -> None:
    parent = await make_task(ada)
    body = {"title": "b", "external_id": "x", "parent_id": parent["id"]}
    created = await ada.client.post("/tasks", json=body)
    await ada.client.delete(f"/tasks/{parent['id']}", params={"children": "keep"})

    again = await ada.client.post("/tasks", json=body)

    assert (created.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == created.json()["id"]


@pytest.mark.spec("SUB-002")
@pytest.mark.parametrize("kind", ["unknown", "of another user", "deleted"])
async def test_unknown_parent_is_404(ada: Person, bob: Person, make_task: Make, kind: str) -> None:
    task = await make_task(ada)
    parent_id = UNKNOWN
    if kind == "of another user":
        parent_id = (await make_task(bob))["id"]
    if kind == "deleted":
        parent_id = (await make_task(ada))["id"]
        await ada.client.delete(f"/tasks/{parent_id}")
    body: Json = {"parent_id": parent_id}

    for response in (
        await ada.client.post("/tasks", json={"title": "b"} | body),
        await ada.client.patch(f"/tasks/{task['id']}", json=body),
        await ada.client.put(f"/tasks/{task['id']}", json={"title": "b", "priority": "low", "completed": False} | body),
        await ada.client.post(f"/tasks/{task['id']}/move", json=body),
    ):
        assert_error(response, 404, "PARENT_NOT_FOUND")
    for item, field in ((create_item(**body), "task"), (update_item(task, **body), "changes")):
        response = await write_bulk(ada, item)
        assert_error(response, 404, "PARENT_NOT_FOUND")
        assert response.json()["errors"][0]["field"] == f"items.0.{field}.parent_id"


@pytest.mark.spec("SUB-003")
async def test_subtask_in_another_project_is_400(
    ada: Person, project: Json, section: Json, make_project: Make, make_section: MakeSection, make_task: Make
) -> None:
    parent, subtask = await make_chain(make_task, ada, "ab", section_id=section["id"])
    other = await make_project(ada)
    there = await make_section(ada, other)
    above: Json = {"parent_id": parent["id"]}

    for place in ({"project_id": other["id"]}, {"section_id": there["id"]}):
        assert_error(
            await ada.client.post("/tasks", json={"title": "c"} | above | place), 400, "SUBTASK_FOLLOWS_PARENT"
        )
        assert_error(await change(ada, subtask, **place), 400, "SUBTASK_FOLLOWS_PARENT")
        assert_error(await change(ada, subtask, **place, **above), 400, "SUBTASK_FOLLOWS_PARENT")
        assert_error(await write_bulk(ada, update_item(subtask, **place)), 400, "SUBTASK_FOLLOWS_PARENT")
        assert_error(await write_bulk(ada, create_item(**above, **place)), 400, "SUBTASK_FOLLOWS_PARENT")
    assert_error(await change(ada, subtask, project_id=None), 400, "SUBTASK_FOLLOWS_PARENT")
    assert_error(await change(ada, subtask, section_id=None), 400, "SUBTASK_FOLLOWS_PARENT")
    same = await change(ada, subtask, project_id=project["id"], section_id=section["id"])
    assert (same.status_code, same.json()["version"]) == (200, 1)


@pytest.mark.spec("SUB-003")
async def test_task_can_leave_its_parent_for_a_project(ada: Person, make_project: Make, make_task: Make) -> None:
    other = await make_project(ada)
    _, subtask = await make_chain(make_task, ada, "ab")

    response = await change(ada, subtask, parent_id=None, project_id=other["id"])

    assert (response.json()["parent_id"], response.json()["project_id"]) == (None, other["id"])


@pytest.mark.spec("SUB-004")
async def test_eleventh_level_is_400(ada: Person, make_task: Make, connection: asyncpg.Connection) -> None:
    chain = await make_chain(make_task, ada, "abcdefghij")
    task = await make_task(ada, title="x")
    below: Json = {"parent_id": chain[-1]["id"]}

    for response in (
        await ada.client.post("/tasks", json={"title": "k"} | below),
        await change(ada, task, **below),
        await ada.client.post(f"/tasks/{task['id']}/move", json=below),
    ):
        assert_error(response, 400, "SUBTASKS_TOO_DEEP")
    response = await write_bulk(ada, create_item(**below))
    assert_error(response, 400, "SUBTASKS_TOO_DEEP")
    assert response.json()["errors"][0]["field"] == "items.0.task.parent_id"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-004")
async def test_moved_subtree_has_at_most_ten_levels(
    ada: Person, make_task: Make, connection: asyncpg.Connection
) -> None:
    chain = await make_chain(make_task, ada, "abcdef")
    other = await make_chain(make_task, ada, "uvwxy")

    assert_error(await change(ada, other[0], parent_id=chain[-1]["id"]), 400, "SUBTASKS_TOO_DEEP")
    assert_error(await write_bulk(ada, update_item(other[0], parent_id=chain[-1]["id"])), 400, "SUBTASKS_TOO_DEEP")
    fits = await change(ada, other[0], parent_id=chain[-2]["id"])

    assert fits.status_code == 200, fits.text
    await assert_sound(connection, ada)
    assert_error(
        await ada.client.post("/tasks", json={"title": "z", "parent_id": other[-1]["id"]}), 400, "SUBTASKS_TOO_DEEP"
    )


@pytest.mark.spec("SUB-005")
@pytest.mark.parametrize("below", [0, 1, 2])
async def test_task_below_itself_is_400(ada: Person, make_task: Make, below: int) -> None:
    chain = await make_chain(make_task, ada, "abc")
    parent = {"parent_id": chain[below]["id"]}

    for response in (
        await change(ada, chain[0], **parent),
        await ada.client.post(f"/tasks/{chain[0]['id']}/move", json=parent),
        await write_bulk(ada, update_item(chain[0], **parent)),
    ):
        assert_error(response, 400, "SUBTASK_CYCLE")
    if below:
        before = {"before": chain[below]["id"]}
        response = await ada.client.post(f"/tasks/{chain[0]['id']}/move", json=before)
        assert_error(response, 400, "SUBTASK_CYCLE")
    assert await tree_of(ada) == "a(b(c))"


@pytest.mark.spec("SUB-009")
async def test_items_of_a_bulk_write_are_placed_one_after_the_other(
    ada: Person, project: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    a, b = [await make_task(ada, title=title) for title in "ab"]
    cycle = [update_item(a, parent_id=b["id"]), update_item(b, parent_id=a["id"])]

    assert_error(await write_bulk(ada, *cycle), 400, "SUBTASK_CYCLE")
    results = (
        await write_bulk(
            ada,
            *cycle,
            create_item("c", parent_id=a["id"]),
            create_item("d", parent_id=a["id"], project_id=project["id"]),
            atomic=False,
        )
    ).json()["results"]

    assert [result["status"] for result in results] == [200, 400, 201, 400]
    assert await tree_of(ada) == "b(a(c))"
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-009")
async def test_bulk_write_moves_a_task_and_its_subtask(
    ada: Person, project: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    a, b, c = await make_chain(make_task, ada, "abc")

    response = await write_bulk(
        ada,
        update_item(a, project_id=project["id"]),
        update_item(b, title="B"),
        update_item(c, parent_id=None, project_id=None),
    )

    assert response.status_code == 200, response.text
    tasks = [result["task"] for result in response.json()["results"]]
    assert [task["project_id"] for task in tasks] == [project["id"], project["id"], None]
    assert [task["version"] for task in tasks] == [2, 2, 2]
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-009")
async def test_failed_item_of_a_bulk_write_moves_no_subtasks(
    ada: Person, project: Json, make_task: Make, connection: asyncpg.Connection
) -> None:
    a, b = await make_chain(make_task, ada, "ab")
    failing = update_item(a, project_id=project["id"], tags=[UNKNOWN])

    results = (await write_bulk(ada, failing, update_item(b, completed=True), atomic=False)).json()["results"]

    assert [result["status"] for result in results] == [404, 200]
    assert {task["project_id"] for task in await list_tasks(ada)} == {None}
    await assert_sound(connection, ada)


@pytest.mark.spec("SUB-033")
async def test_token_needs_the_scope_of_tasks(ada: Person, make_task: Make, make_token: MakeToken) -> None:
    parent, subtask = await make_chain(make_task, ada, "ab")
    reader = authorize((await make_token(ada, "tasks:read"))["token"])
    writer = authorize((await make_token(ada, "tasks:write"))["token"])
    body = {"title": "c", "parent_id": parent["id"]}

    assert_error(await ada.client.post("/tasks", json=body, headers=reader), 403, "INSUFFICIENT_SCOPE")
    assert_error(await ada.client.delete(f"/tasks/{parent['id']}", headers=reader), 403, "INSUFFICIENT_SCOPE")
    shown = await ada.client.get("/tasks", params={"parent": parent["id"], "include": "subtask_counts"}, headers=reader)
    assert [task["id"] for task in shown.json()["items"]] == [subtask["id"]]
    assert (await ada.client.post("/tasks", json=body, headers=writer)).status_code == 201
    assert (await ada.client.delete(f"/tasks/{parent['id']}", headers=writer)).status_code == 204
