"""Limits on tags, and on what a bulk request may combine."""

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.support import Json, Make, MakeApp, Person, assert_error, make_client


@pytest.fixture
async def client(make_app: MakeApp, ada: Person) -> AsyncClient:
    """A client of Ada, for an application that allows three tags and two on a task."""
    app: FastAPI = await make_app(max_tags=3, max_tags_per_task=2)
    return make_client(app, headers=ada.client.headers)


@pytest.mark.spec("TXT-010")
async def test_another_tag_than_allowed_is_rejected(client: AsyncClient, ada: Person, make_tag: Make) -> None:
    tags = [await make_tag(ada) for _ in range(3)]

    rejected = await client.post("/tags", json={"name": "one too many"})
    await client.delete(f"/tags/{tags[0]['id']}")
    accepted = await client.post("/tags", json={"name": "one too many"})

    assert_error(rejected, 400, "TOO_MANY_TAGS")
    assert accepted.status_code == 201


@pytest.mark.spec("TXT-010")
async def test_tags_of_other_users_do_not_count(client: AsyncClient, bob: Person, make_tag: Make) -> None:
    for _ in range(3):
        await make_tag(bob)

    assert (await client.post("/tags", json={"name": "mine"})).status_code == 201


@pytest.mark.spec("TXT-011")
async def test_another_tag_on_a_task_than_allowed_is_rejected(
    client: AsyncClient, ada: Person, make_task: Make, make_tag: Make
) -> None:
    task, tags = await make_task(ada), [await make_tag(ada) for _ in range(3)]

    responses = [await client.post(f"/tasks/{task['id']}/tags/{tag['id']}") for tag in [*tags, tags[0]]]
    await client.delete(f"/tasks/{task['id']}/tags/{tags[0]['id']}")
    accepted = await client.post(f"/tasks/{task['id']}/tags/{tags[2]['id']}")

    assert [response.status_code for response in responses] == [201, 201, 400, 200]
    assert_error(responses[2], 400, "TOO_MANY_TAGS_ON_TASK")
    assert accepted.status_code == 201


async def write(owner: Person, *items: Json) -> Json:
    response = await owner.client.post("/tasks/bulk", json={"atomic": False, "items": items})
    assert response.status_code == 200, response.text
    results: Json = response.json()
    return results


@pytest.mark.spec("TXT-012")
async def test_delete_after_a_create_that_found_the_task_is_rejected(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, external_id="import-7")
    create = {"action": "create", "task": {"title": "Again", "external_id": "import-7"}}
    delete = {"action": "delete", "id": task["id"]}

    results = (await write(ada, create, delete))["results"]

    assert [result["status"] for result in results] == [200, 400]
    assert results[1]["error"]["code"] == "DUPLICATE_ITEM"
    assert (await ada.client.get(f"/tasks/{task['id']}")).json() == task


@pytest.mark.spec("TXT-012")
async def test_create_after_a_delete_makes_a_new_task(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, external_id="import-7")
    create = {"action": "create", "task": {"title": "Again", "external_id": "import-7"}}
    delete = {"action": "delete", "id": task["id"]}

    results = (await write(ada, delete, create))["results"]

    assert [result["status"] for result in results] == [204, 201]
    assert (await ada.client.get(f"/tasks/{task['id']}")).status_code == 404


@pytest.mark.spec("TXT-012")
async def test_update_after_a_create_that_found_the_task_is_done(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, external_id="import-7")
    create = {"action": "create", "task": {"title": "Again", "external_id": "import-7"}}
    update = {"action": "update", "id": task["id"], "changes": {"title": "Changed"}}

    results = (await write(ada, create, update))["results"]

    assert [result["status"] for result in results] == [200, 200]
    assert (await ada.client.get(f"/tasks/{task['id']}")).json()["title"] == "Changed"
