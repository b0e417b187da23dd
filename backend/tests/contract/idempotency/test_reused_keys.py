"""A key of one request is rejected for a different request of the same user."""

import asyncio
from hashlib import sha256
from uuid import uuid4

import asyncpg
import pytest
from fastapi import FastAPI

from tests.contract.idempotency.support import INSERT_KEY, REUSED, Write, assert_replay, create_task
from tests.contract.support import REPLACEMENT, count_tasks
from tests.support import PASSWORD, Json, Person, assert_error, make_client, wait_for_lock_waiters


@pytest.mark.spec("IDK-002")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("POST", "/tasks", {"title": "Feed the cat"}, id="body"),
        pytest.param("POST", "/tasks", {"title": "Water the plants", "completed": False}, id="additional-field"),
        pytest.param("POST", "/tags", {"title": "Water the plants"}, id="path"),
        pytest.param("POST", "/tasks?x=1", {"title": "Water the plants"}, id="query"),
        pytest.param("PUT", "/tasks/1", {"title": "Water the plants"}, id="method-and-path"),
        pytest.param("DELETE", "/tasks/1", None, id="no-body"),
    ],
)
async def test_key_of_another_request_is_rejected(
    ada: Person, key: str, method: str, path: str, body: Json | None
) -> None:
    first = await create_task(ada, key)

    response = await ada.client.request(method, path, json=body, headers={"Idempotency-Key": key})

    assert_error(response, *REUSED)
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"
    assert_replay(await create_task(ada, key), first)


@pytest.mark.spec("IDK-002")
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_key_of_another_method_is_rejected(ada: Person, task: Json, key: str, method: str) -> None:
    path, other = f"/tasks/{task['id']}", {"PATCH": "PUT", "PUT": "PATCH"}[method]
    await ada.client.request(method, path, json=REPLACEMENT, headers={"Idempotency-Key": key})

    response = await ada.client.request(other, path, json=REPLACEMENT, headers={"Idempotency-Key": key})

    assert_error(response, *REUSED)


@pytest.mark.spec("IDK-002")
@pytest.mark.parametrize("if_match", ['"2"', "*", '"1", "2"'])
async def test_key_of_another_if_match_is_rejected(write: Write, if_match: str) -> None:
    await write("change a task", **{"If-Match": '"1"'})

    assert_error(await write("change a task", **{"If-Match": if_match}), *REUSED)
    assert_error(await write("change a task"), *REUSED)


@pytest.mark.spec("IDK-002")
async def test_one_of_many_concurrent_requests_uses_the_key(ada: Person, key: str) -> None:
    responses = await asyncio.gather(*(create_task(ada, key, f"Number {number}") for number in range(20)))

    assert sorted(response.status_code for response in responses) == [201] + [422] * 19
    assert await count_tasks(ada) == 1


@pytest.mark.spec("IDK-002")
async def test_key_is_rejected_after_waiting_for_another_request(
    ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection, key: str
) -> None:
    async with connection.transaction():
        await connection.execute(INSERT_KEY, ada.id, key)
        pending = asyncio.ensure_future(create_task(ada, key))
        await wait_for_lock_waiters(watcher)

    assert_error(await pending, *REUSED)


@pytest.mark.spec("IDK-009")
async def test_users_can_use_the_same_key(ada: Person, bob: Person, key: str) -> None:
    response_of_ada, response_of_bob = await create_task(ada, key), await create_task(bob, key, "Feed the cat")

    assert (response_of_ada.status_code, response_of_bob.status_code) == (201, 201)
    assert response_of_bob.json()["user_id"] == str(bob.id)
    assert_replay(await create_task(ada, key), response_of_ada)


@pytest.mark.spec("IDK-009")
async def test_user_and_personal_access_token_share_keys(ada: Person, app: FastAPI, key: str) -> None:
    first = await create_task(ada, key)
    token = await ada.client.post("/auth/tokens", json={"name": "cron", "scopes": ["tasks:write"]})

    async with make_client(app, headers={"Authorization": f"Bearer {token.json()['token']}"}) as token_client:
        replayed = await create_task(Person(ada.id, ada.email, token_client), key)

    assert_replay(replayed, first)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/password", {"old_password": PASSWORD, "new_password": "battery staple"}),
        ("PATCH", "/auth/me", {"email": f"{uuid4().hex}@example.com", "password": PASSWORD}),
    ],
    ids=["password", "e-mail"],
)
async def test_stored_fingerprint_is_no_plain_hash_of_a_password(
    ada: Person, connection: asyncpg.Connection, key: str, method: str, path: str, body: Json
) -> None:
    """An attacker with the database could guess a password from a plain hash of the request without bcrypt."""
    response = await ada.client.request(method, path, json=body, headers={"Idempotency-Key": key})

    assert response.is_success, response.text
    request_content = f"{method} {response.request.url.path}?\n\n".encode() + response.request.content
    fingerprint = await connection.fetchval("SELECT fingerprint FROM idempotency_keys WHERE user_id = $1", ada.id)
    assert fingerprint != sha256(request_content).digest()
