"""A failed write does not use its key, and a replay needs the same rights as the write."""

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.contract.idempotency.support import create_task
from tests.contract.support import UNKNOWN_ID
from tests.support import Json, Person, assert_error, make_client


@pytest.mark.spec("IDK-008")
@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        pytest.param("POST", "/tasks", {"json": {"title": ""}}, 400, id="400"),
        pytest.param("POST", "/tags", {"json": {"name": "home"}}, 400, id="400-of-a-constraint"),
        pytest.param("PATCH", f"/tasks/{UNKNOWN_ID}", {"json": {"completed": True}}, 404, id="404"),
        pytest.param("POST", "/tasks/{task}/tags/0", {}, 404, id="404-of-a-tag"),
        pytest.param("DELETE", "/tasks/{task}", {"headers": {"If-Match": '"7"'}}, 412, id="412"),
        pytest.param("POST", "/tasks", {"json": {}}, 422, id="422"),
    ],
)
async def test_failed_write_leaves_the_key_unused(
    ada: Person, task: Json, key: str, method: str, path: str, options: Json, status: int
) -> None:
    await ada.client.post("/tags", json={"name": "home"})
    headers = {"Idempotency-Key": key, **options.get("headers", {})}

    failed = await ada.client.request(method, path.format(task=task["id"]), **options | {"headers": headers})
    created = await create_task(ada, key)

    assert failed.status_code == status
    assert created.status_code == 201
    assert "Idempotency-Replayed" not in created.headers


@pytest.mark.spec("IDK-008")
async def test_failed_write_can_be_retried_with_its_key(ada: Person, task: Json, key: str) -> None:
    headers = {"Idempotency-Key": key, "If-Match": '"2"'}
    path = f"/tasks/{task['id']}"
    failed = await ada.client.patch(path, json={"title": "Feed the cat"}, headers=headers)
    await ada.client.patch(path, json={"completed": True})

    retried = await ada.client.patch(path, json={"title": "Feed the cat"}, headers=headers)

    assert (failed.status_code, retried.status_code) == (412, 200)


@pytest.mark.spec("IDK-008")
async def test_anonymous_request_with_a_key_is_a_401(client: AsyncClient, key: str) -> None:
    response = await client.post("/tasks", json={"title": "a"}, headers={"Idempotency-Key": key})

    assert_error(response, 401, "MISSING_TOKEN")


async def test_token_without_the_scope_gets_no_replay(ada: Person, app: FastAPI, key: str) -> None:
    await create_task(ada, key)
    token = await ada.client.post("/auth/tokens", json={"name": "cron", "scopes": ["tasks:read"]})

    async with make_client(app, headers={"Authorization": f"Bearer {token.json()['token']}"}) as token_client:
        response = await create_task(Person(ada.id, ada.email, token_client), key)

    assert_error(response, 403, "INSUFFICIENT_SCOPE")


async def test_key_of_a_deleted_user_is_a_401(ada: Person, connection: asyncpg.Connection, key: str) -> None:
    await create_task(ada, key)
    await connection.execute("DELETE FROM users WHERE id = $1", ada.id)

    assert_error(await create_task(ada, key), 401, "INVALID_TOKEN")
