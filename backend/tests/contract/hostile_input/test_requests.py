"""Extra fields, repeated headers and concurrent requests."""

import asyncio

import pytest
from fastapi import FastAPI

from tests.support import PASSWORD, Make, Person, assert_error, make_client


@pytest.mark.spec("INP-005")
async def test_read_only_fields_of_a_body_are_ignored(ada: Person, bob: Person) -> None:
    body = {
        "title": "Mine",
        "id": 7,
        "user_id": str(bob.id),
        "version": 9,
        "created_at": "2000-01-01T00:00:00Z",
        "priority": "low",
        "completed": False,
    }
    created = (await ada.client.post("/tasks", json={"title": "Hers"})).json()

    task = (await ada.client.put(f"/tasks/{created['id']}", json=body)).json()

    assert task["user_id"] == str(ada.id)
    assert (task["id"], task["version"], task["tags"]) == (created["id"], 2, [])
    assert task["created_at"] == created["created_at"]
    assert (await bob.client.get("/tasks")).json()["total"] == 0


@pytest.mark.spec("INP-003")
async def test_repeated_header_is_read_as_a_list(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    path, headers = f"/tasks/{task['id']}", [("Content-Type", "application/json")]

    etag = (await ada.client.get(path)).headers["ETag"]

    read = await ada.client.get(path, headers=[("If-None-Match", '"7"'), ("If-None-Match", etag)])
    written = await ada.client.patch(
        path, content=b'{"completed": true}', headers=[*headers, ("If-Match", '"7"'), ("If-Match", '"1"')]
    )
    with_two_keys = await ada.client.patch(
        path, content=b"{}", headers=[*headers, ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    )

    assert (read.status_code, written.status_code) == (304, 200)
    assert_error(with_two_keys, 400, "INVALID_IDEMPOTENCY_KEY")


@pytest.mark.spec("INP-007")
async def test_concurrent_requests_take_effect_once(app: FastAPI, ada: Person, make_task: Make) -> None:
    anonymous, task = make_client(app), await make_task(ada)
    account = {"email": f"many-{ada.email}", "password": PASSWORD}

    registrations = await asyncio.gather(*(anonymous.post("/auth/register", json=account) for _ in range(20)))
    created_tags = await asyncio.gather(*(ada.client.post("/tags", json={"name": "home"}) for _ in range(20)))
    [tag_id] = [response.json()["id"] for response in created_tags if response.status_code == 201]
    added_tags = await asyncio.gather(*(ada.client.post(f"/tasks/{task['id']}/tags/{tag_id}") for _ in range(20)))
    patches_and_deletions = await asyncio.gather(
        *(ada.client.patch(f"/tasks/{task['id']}", json={"title": str(number)}) for number in range(10)),
        *(ada.client.delete(f"/tasks/{task['id']}") for _ in range(10)),
    )

    assert sorted(response.status_code for response in registrations) == [201] + [400] * 19
    assert sorted(response.status_code for response in created_tags) == [201] + [400] * 19
    assert sorted(response.status_code for response in added_tags) == [200] * 19 + [201]
    assert sorted(response.status_code for response in patches_and_deletions[10:]) == [204] + [404] * 9
    assert {response.status_code for response in patches_and_deletions[:10]} <= {200, 404}
