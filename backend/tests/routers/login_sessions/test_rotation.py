"""Rotation of refresh tokens and the reuse of an old one."""

import re
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
import time_machine
from httpx import AsyncClient
from jose import jwt

from tests.routers.auth.support import JWT
from tests.routers.login_sessions.support import (
    COOKIE_ATTRIBUTES,
    TOKEN_REUSED_DETAIL,
    decode_claims,
    fetch_login_session,
)
from tests.routers.support import SESSION_ENDED, START, new_email
from tests.support import (
    SECRET,
    MakeLoginSession,
    Person,
    RecordedApp,
    assert_error,
    make_client,
    refresh,
    refresh_token_in,
    refresh_token_of,
)


async def refresh_twice(client: AsyncClient, person: Person) -> tuple[str, str]:
    """Refresh twice. Return the first token, which is stale after that, and the newest token."""
    stale_token = refresh_token_of(person)
    next_token = refresh_token_in(await refresh(client, stale_token))
    return stale_token, refresh_token_in(await refresh(client, next_token))


# Rotation


@pytest.mark.spec("SES-001")
async def test_refresh_returns_a_new_refresh_token(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)

    response = await refresh(client, token)

    assert response.status_code == 200
    assert set(response.json()) == {"access_token", "token_type", "expires_in"}
    assert re.fullmatch(f"refresh_token={JWT}; {COOKIE_ATTRIBUTES}604800", response.headers["Set-Cookie"])
    assert refresh_token_in(response) != token


@pytest.mark.spec("SES-001")
async def test_refresh_returns_an_access_token_of_the_same_login_session(client: AsyncClient, ada: Person) -> None:
    old_token = ada.client.headers["Authorization"].removeprefix("Bearer ")

    response = await refresh(client, refresh_token_of(ada))

    new_token = response.json()["access_token"]
    assert new_token != old_token
    assert decode_claims(new_token)["sid"] == decode_claims(old_token)["sid"]


@pytest.mark.spec("SES-001")
async def test_login_session_can_refresh_repeatedly(client: AsyncClient, ada: Person) -> None:
    tokens = [refresh_token_of(ada)]
    for _ in range(5):
        tokens.append(refresh_token_in(await refresh(client, tokens[-1])))

    assert len(set(tokens)) == 6


@pytest.mark.spec("SES-001")
async def test_refresh_runs_one_statement(recorded_app: RecordedApp, ada: Person) -> None:
    async with make_client(recorded_app.app) as client:
        response = await refresh(client, refresh_token_of(ada))

    assert response.status_code == 200
    assert len(recorded_app.statements) == 1


@pytest.mark.spec("SES-001")
async def test_refresh_extends_the_login_session_by_seven_days(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    with time_machine.travel(START + timedelta(days=6), tick=False):
        response = await refresh(client, refresh_token_of(ada))

    login_session = await fetch_login_session(connection, ada)
    assert login_session["expires_at"] == START + timedelta(days=13)
    assert decode_claims(refresh_token_in(response))["exp"] == int((START + timedelta(days=13)).timestamp())


@pytest.mark.spec("SES-001")
async def test_refreshed_tokens_contain_the_current_email(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    email = new_email()
    await connection.execute("UPDATE users SET email = $2 WHERE id = $1", ada.id, email)

    response = await refresh(client, refresh_token_of(ada))

    assert decode_claims(response.json()["access_token"])["email"] == email
    assert decode_claims(refresh_token_in(response))["email"] == email


# Reuse


@pytest.mark.spec("SES-002")
async def test_reused_refresh_token_is_rejected(client: AsyncClient, ada: Person) -> None:
    stale_token, _ = await refresh_twice(client, ada)

    response = await refresh(client, stale_token)

    assert_error(response, 401, "REFRESH_TOKEN_REUSED", TOKEN_REUSED_DETAIL)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("SES-002")
async def test_reuse_revokes_the_newest_refresh_token(client: AsyncClient, ada: Person) -> None:
    stale_token, newest_token = await refresh_twice(client, ada)
    await refresh(client, stale_token)

    response = await refresh(client, newest_token)

    assert_error(response, *SESSION_ENDED)


@pytest.mark.spec("SES-002")
async def test_second_reuse_gets_session_ended(client: AsyncClient, ada: Person) -> None:
    stale_token, _ = await refresh_twice(client, ada)
    await refresh(client, stale_token)

    response = await refresh(client, stale_token)

    assert_error(response, *SESSION_ENDED)


@pytest.mark.spec("SES-002")
async def test_reuse_stores_the_end_of_the_login_session(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    stale_token, _ = await refresh_twice(client, ada)

    await refresh(client, stale_token)

    assert (await fetch_login_session(connection, ada))["revoked_at"] is not None


@pytest.mark.spec("SES-002")
async def test_reuse_keeps_other_login_sessions(
    client: AsyncClient, ada: Person, make_login_session: MakeLoginSession
) -> None:
    second_login = await make_login_session(ada)
    stale_token, _ = await refresh_twice(client, ada)
    await refresh(client, stale_token)

    response = await refresh(client, refresh_token_of(second_login))

    assert response.status_code == 200


@pytest.mark.spec("SES-002")
async def test_forged_token_id_counts_as_reuse(client: AsyncClient, ada: Person) -> None:
    claims = decode_claims(refresh_token_of(ada)) | {"jti": uuid4().hex}

    response = await refresh(client, jwt.encode(claims, SECRET, algorithm="HS256"))

    assert_error(response, 401, "REFRESH_TOKEN_REUSED")
