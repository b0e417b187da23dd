"""Caps of login sessions and personal access tokens."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.support import MakeApp, Person, assert_error, log_in, make_client, refresh

MAXIMUM = 3
COUNT_LIVE = "SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > now()"
COUNT_TOKENS = "SELECT count(*) FROM access_tokens WHERE user_id = $1"


@pytest.fixture
async def capped_app(make_app: MakeApp) -> FastAPI:
    """Return an application with low caps."""
    return await make_app(max_login_sessions=MAXIMUM, max_access_tokens=MAXIMUM, db_pool_max=10)


async def log_in_for_a_cookie(app: FastAPI, owner: Person) -> str:
    async with make_client(app) as client:
        return (await log_in(client, owner.email)).cookies["refresh_token"]


def token_client(app: FastAPI, owner: Person) -> AsyncClient:
    return make_client(app, headers=owner.client.headers)


async def create_token(client: AsyncClient, name: str | None = None) -> int:
    body = {"name": name or uuid4().hex, "scopes": ["tasks:read"]}
    return (await client.post("/auth/tokens", json=body)).status_code


@pytest.mark.spec("AUT-006")
async def test_login_over_the_cap_ends_the_oldest_login_session(
    capped_app: FastAPI, client: AsyncClient, ada: Person
) -> None:
    cookies = [await log_in_for_a_cookie(capped_app, ada) for _ in range(MAXIMUM + 1)]

    assert_error(await refresh(client, cookies[0]), 401, "SESSION_ENDED")
    for cookie in cookies[1:]:
        assert (await refresh(client, cookie)).status_code == 200


@pytest.mark.spec("AUT-006")
async def test_login_session_in_use_outlives_an_unused_one(
    capped_app: FastAPI, client: AsyncClient, ada: Person
) -> None:
    cookies = [await log_in_for_a_cookie(capped_app, ada) for _ in range(MAXIMUM)]
    first = (await refresh(client, cookies[0])).cookies["refresh_token"]

    await log_in_for_a_cookie(capped_app, ada)

    assert (await refresh(client, first)).status_code == 200
    assert_error(await refresh(client, cookies[1]), 401, "SESSION_ENDED")


@pytest.mark.spec("AUT-006")
async def test_cap_of_login_sessions_counts_each_user(capped_app: FastAPI, ada: Person, bob: Person) -> None:
    for _ in range(MAXIMUM + 1):
        await log_in_for_a_cookie(capped_app, ada)

    assert (await bob.client.get("/auth/sessions")).status_code == 200


@pytest.mark.spec("AUT-006")
async def test_rows_of_ended_login_sessions_can_be_swept(
    capped_app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    for _ in range(MAXIMUM + 2):
        await log_in_for_a_cookie(capped_app, ada)

    ended = "SELECT count(*) FROM sessions WHERE user_id = $1 AND expires_at <= now()"
    assert await connection.fetchval(ended, ada.id) == 3


@pytest.mark.spec("AUT-007")
async def test_personal_access_token_over_the_cap_is_rejected(capped_app: FastAPI, ada: Person) -> None:
    async with token_client(capped_app, ada) as client:
        statuses = [await create_token(client) for _ in range(MAXIMUM)]
        body = {"name": "one more", "scopes": ["tasks:read"]}
        response = await client.post("/auth/tokens", json=body)

    assert statuses == [201] * MAXIMUM
    assert_error(response, 400, "TOO_MANY_TOKENS", "You have too many personal access tokens. Delete one first")


@pytest.mark.spec("AUT-007")
async def test_deleted_personal_access_token_makes_room(capped_app: FastAPI, ada: Person) -> None:
    async with token_client(capped_app, ada) as client:
        for _ in range(MAXIMUM):
            await create_token(client)
        [first, *_] = (await client.get("/auth/tokens")).json()
        await client.delete(f"/auth/tokens/{first['id']}")

        assert await create_token(client) == 201


@pytest.mark.spec("AUT-007")
async def test_cap_of_personal_access_tokens_counts_each_user(capped_app: FastAPI, ada: Person, bob: Person) -> None:
    async with token_client(capped_app, ada) as hers, token_client(capped_app, bob) as his:
        for _ in range(MAXIMUM):
            await create_token(hers)

        assert await create_token(his) == 201


# Concurrent requests


@pytest.mark.spec("AUT-008")
async def test_concurrent_logins_stay_within_the_cap(
    capped_app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    await asyncio.gather(*(log_in_for_a_cookie(capped_app, ada) for _ in range(12)))

    assert await connection.fetchval(COUNT_LIVE, ada.id) == MAXIMUM


@pytest.mark.spec("AUT-008")
async def test_concurrent_personal_access_tokens_stay_within_the_cap(
    capped_app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    async with token_client(capped_app, ada) as client:
        statuses = await asyncio.gather(*(create_token(client) for _ in range(12)))

    assert sorted(statuses) == [201] * MAXIMUM + [400] * (12 - MAXIMUM)
    assert await connection.fetchval(COUNT_TOKENS, ada.id) == MAXIMUM


@pytest.mark.spec("AUT-008")
async def test_tasks_can_be_written_while_a_user_is_locked(ada: Person, connection: asyncpg.Connection) -> None:
    async with connection.transaction():
        await connection.execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", ada.id)

        assert (await ada.client.post("/tasks", json={"title": "Water the plants"})).status_code == 201
