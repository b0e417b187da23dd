"""Stored hashes of refresh tokens, a replaced signing secret and the sweep."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import asyncpg
import pytest
import time_machine
from fastapi import FastAPI
from httpx import AsyncClient
from jose import jwt
from pydantic import SecretStr

from tests.routers.login_sessions.support import (
    NEW_SECRET,
    decode_claims,
    fetch_login_session,
    replaced_secret_settings,
)
from tests.routers.support import INVALID_TOKEN
from tests.support import (
    MakeApp,
    MakeLoginSession,
    Person,
    assert_error,
    make_client,
    refresh,
    refresh_token_in,
    refresh_token_of,
)
from todo.core.database.database import Database
from todo.services.login_sessions import service as login_session_service


@pytest.fixture
def database(app: FastAPI) -> Database:
    """Return the database of the application."""
    database: Database = app.state.resources.database
    return database


# Hashes


@pytest.mark.spec("SES-011")
async def test_hashes_of_the_last_two_refresh_tokens_are_stored(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    first_token = refresh_token_of(ada)
    second_token = refresh_token_in(await refresh(client, first_token))

    login_session = await fetch_login_session(connection, ada)

    previous_hash, newest_hash = (
        sha256(decode_claims(token)["jti"].encode()).digest() for token in (first_token, second_token)
    )
    assert (login_session["previous_hash"], login_session["token_hash"]) == (previous_hash, newest_hash)


@pytest.mark.spec("SES-011")
async def test_refresh_token_is_not_stored(client: AsyncClient, ada: Person, connection: asyncpg.Connection) -> None:
    tokens = [refresh_token_of(ada)]
    tokens.append(refresh_token_in(await refresh(client, tokens[0])))

    row_text = repr(dict(await fetch_login_session(connection, ada)))

    for token in tokens:
        assert decode_claims(token)["jti"] not in row_text
        assert token.rpartition(".")[2] not in row_text


# Replaced secret


@pytest.mark.spec("SES-012")
async def test_replaced_secret_keeps_login_sessions(make_app: MakeApp, ada: Person) -> None:
    async with make_client(await make_app(**replaced_secret_settings())) as client:
        me_response = await client.get("/auth/me", headers=ada.client.headers)
        refresh_response = await refresh(client, refresh_token_of(ada))

    assert me_response.status_code == 200
    assert refresh_response.status_code == 200


@pytest.mark.spec("SES-012")
async def test_new_tokens_are_signed_with_the_new_secret(make_app: MakeApp, ada: Person) -> None:
    async with make_client(await make_app(**replaced_secret_settings())) as client:
        refresh_response = await refresh(client, refresh_token_of(ada))

    for token in (refresh_response.json()["access_token"], refresh_token_in(refresh_response)):
        assert jwt.decode(token, NEW_SECRET, algorithms=["HS256"])["sub"] == str(ada.id)


@pytest.mark.spec("SES-012")
async def test_tokens_of_a_removed_secret_are_rejected(make_app: MakeApp, ada: Person) -> None:
    async with make_client(await make_app(jwt_secret_key=SecretStr(NEW_SECRET))) as client:
        me_response = await client.get("/auth/me", headers=ada.client.headers)
        refresh_response = await refresh(client, refresh_token_of(ada))

    assert_error(me_response, *INVALID_TOKEN)
    assert_error(refresh_response, *INVALID_TOKEN)


# Sweep


@pytest.mark.spec("CIT-013")
@pytest.mark.parametrize("has_shards", [False, True])
async def test_sweep_deletes_expired_login_sessions(
    ada: Person,
    make_login_session: MakeLoginSession,
    database: Database,
    connection: asyncpg.Connection,
    has_shards: bool,
) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(days=8), tick=False):
        await make_login_session(ada)

    deleted_count = await login_session_service.sweep_login_sessions(
        database.session, datetime.now(UTC), has_shards=has_shards
    )

    assert deleted_count >= 1
    assert (await fetch_login_session(connection, ada))["expires_at"] > datetime.now(UTC)
