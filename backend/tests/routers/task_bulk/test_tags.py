"""Tags that the items of a bulk write set."""

import pytest
from httpx import AsyncClient

from tests.support import Json, Make, MakeApp, MakeToken, Person, assert_error, authorize, make_client


async def write(owner: Person, *items: Json, atomic: bool = True) -> list[Json]:
    response = await owner.client.post("/tasks/bulk", json={"atomic": atomic, "items": items})
    assert response.status_code == 200, response.text
    results: list[Json] = response.json()["results"]
    return results


def create(title: str, *tags: object, **fields: object) -> Json:
    return {"action": "create", "task": {"title": title, "tags": [*tags], **fields}}


def update(task: Json, *tags: object, **fields: object) -> Json:
    return {"action": "update", "id": task["id"], "changes": {"tags": [*tags]}, **fields}


def names(result: Json) -> list[str]:
    return [tag["name"] for tag in result["task"]["tags"]]


@pytest.mark.spec("TGW-012")
async def test_items_create_and_set_tags(ada: Person, make_task: Make, make_tag: Make) -> None:
    home, task = await make_tag(ada, name="home"), await make_task(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{home['id']}")

    results = await write(ada, create("One", "garden", home), update(task, "garden", "work"), create("Two"))

    assert [names(result) for result in results] == [["garden", "home"], ["garden", "work"], []]
    assert [result["status"] for result in results] == [201, 200, 201]


@pytest.mark.spec("TGW-012")
async def test_absent_tags_stay(ada: Person, make_task: Make, make_tag: Make) -> None:
    home, task = await make_tag(ada, name="home"), await make_task(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{home['id']}")

    [result] = await write(ada, {"action": "update", "id": task["id"], "changes": {"title": "New"}})
    [emptied] = await write(ada, update(task))

    assert names(result) == ["home"]
    assert names(emptied) == []


@pytest.mark.spec("TGW-012")
async def test_invalid_item_prevents_all_writes(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    items = [create("One", "garden"), update(task, 987654321), create("Two", 5.5)]

    response = await ada.client.post("/tasks/bulk", json={"items": items})

    assert_error(response, 404, "TAG_NOT_FOUND")
    assert [error["field"] for error in response.json()["errors"]] == ["items.1.changes.tags", "items.2.task.tags"]
    assert (await ada.client.get("/tags")).json() == []


@pytest.mark.spec("TGW-012")
async def test_valid_items_are_written_without_atomic(make_app: MakeApp, ada: Person) -> None:
    client: AsyncClient = make_client(await make_app(max_tags=3, max_tags_per_task=2), headers=ada.client.headers)
    items = [
        *(create("One", "a", "b"), create("Three tags", "a", "b", "c"), create("Too many in all", "c", "d")),
        create("Fits", "c"),
    ]

    response = await client.post("/tasks/bulk", json={"atomic": False, "items": items})

    results = response.json()["results"]
    assert [result["status"] for result in results] == [201, 400, 400, 201]
    assert [result["error"]["code"] for result in results[1:3]] == ["TOO_MANY_TAGS_ON_TASK", "TOO_MANY_TAGS"]
    assert names(results[3]) == ["c"]


@pytest.mark.spec("TGW-007")
async def test_new_name_needs_the_scope(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    headers = authorize((await make_token(ada, "tasks:write"))["token"])
    items = [create("One", "new"), create("Two")]

    response = await client.post("/tasks/bulk", json={"atomic": False, "items": items}, headers=headers)

    results = response.json()["results"]
    assert [result["status"] for result in results] == [403, 201]
    assert results[0]["error"]["code"] == "INSUFFICIENT_SCOPE"


@pytest.mark.spec("TGW-009")
async def test_existing_task_keeps_its_tags(ada: Person) -> None:
    [created] = await write(ada, create("One", "home", external_id="a"))

    [repeated] = await write(ada, create("One", "other", external_id="a"))

    assert repeated["status"] == 200
    assert repeated["task"] == created["task"]
    assert [tag["name"] for tag in (await ada.client.get("/tags")).json()] == ["home"]


@pytest.mark.spec("TGW-008")
async def test_tags_that_changed_after_the_base_conflict(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    base = int((await ada.client.get("/sync")).headers["Change-Seq"])
    await write(ada, update(task, "theirs"))

    [conflict] = await write(ada, update(task, "mine", base=base), atomic=False)
    [repeated] = await write(ada, update(task, "theirs", base=base), atomic=False)

    assert conflict["error"]["errors"][0]["field"] == "changes.tags"
    assert repeated["status"] == 200
