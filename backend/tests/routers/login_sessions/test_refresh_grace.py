"""The grace in which a used refresh token returns its successor again."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from httpx import AsyncClient
from jose import jwt

from tests.routers.login_sessions.support import (
    TOKEN_REUSED_DETAIL,
    decode_claims,
    list_login_sessions,
    replaced_secret_settings,
)
from tests.routers.support import SESSION_ENDED, START
from tests.support import (
    MakeApp,
    Person,
    assert_error,
    authorize,
    make_client,
    refresh,
    refresh_token_in,
    refresh_token_of,
)


@pytest.fixture
def client_at_start(client: AsyncClient) -> Iterator[AsyncClient]:
    """Return a client and stop the clock at START."""
    with time_machine.travel(START, tick=False):
        yield client


# Within the grace


@pytest.mark.spec("SES-003")
@pytest.mark.parametrize("seconds", [0, 1, 29.9, 30])
async def test_grace_returns_the_same_successor(client_at_start: AsyncClient, ada: Person, seconds: float) -> None:
    token = refresh_token_of(ada)
    first_response = await refresh(client_at_start, token)

    with time_machine.travel(START + timedelta(seconds=seconds), tick=False):
        second_response = await refresh(client_at_start, token)

    assert second_response.status_code == 200
    assert refresh_token_in(second_response) == refresh_token_in(first_response)


@pytest.mark.spec("SES-003")
async def test_grace_returns_an_access_token_of_full_lifetime(client_at_start: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    await refresh(client_at_start, token)

    request_time = START + timedelta(seconds=29)
    with time_machine.travel(request_time, tick=False):
        second_response = await refresh(client_at_start, token)
        me = await client_at_start.get("/auth/me", headers=authorize(second_response.json()["access_token"]))

    assert me.status_code == 200
    assert decode_claims(second_response.json()["access_token"])["exp"] == int(request_time.timestamp()) + 900


@pytest.mark.spec("SES-003")
async def test_repeated_successor_can_refresh(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    await refresh(client, token)
    second_response = await refresh(client, token)

    response = await refresh(client, refresh_token_in(second_response))

    assert response.status_code == 200


@pytest.mark.spec("SES-003")
async def test_grace_returns_the_same_successor_repeatedly(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)

    successors = {refresh_token_in(await refresh(client, token)) for _ in range(5)}

    assert len(successors) == 1


@pytest.mark.spec("SES-003", "SES-012")
async def test_grace_survives_a_replaced_secret(client: AsyncClient, ada: Person, make_app: MakeApp) -> None:
    token = refresh_token_of(ada)
    first_response = await refresh(client, token)
    async with make_client(await make_app(**replaced_secret_settings())) as restarted_client:
        second_response = await refresh(restarted_client, token)
        response = await refresh(restarted_client, refresh_token_in(second_response))

    assert (
        decode_claims(refresh_token_in(first_response))["jti"]
        == jwt.get_unverified_claims(refresh_token_in(second_response))["jti"]
    )
    assert response.status_code == 200


# After the grace


@pytest.mark.spec("SES-004")
@pytest.mark.parametrize("seconds", [30.001, 31, 86_400])
async def test_previous_refresh_token_is_rejected_after_the_grace(
    client_at_start: AsyncClient, ada: Person, seconds: float
) -> None:
    token = refresh_token_of(ada)
    await refresh(client_at_start, token)

    with time_machine.travel(START + timedelta(seconds=seconds), tick=False):
        response = await refresh(client_at_start, token)

    assert_error(response, 401, "REFRESH_TOKEN_REUSED", TOKEN_REUSED_DETAIL)


@pytest.mark.spec("SES-004")
async def test_reuse_after_the_grace_ends_the_login_session(client_at_start: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    newest_token = refresh_token_in(await refresh(client_at_start, token))

    with time_machine.travel(START + timedelta(seconds=31), tick=False):
        await refresh(client_at_start, token)
        response = await refresh(client_at_start, newest_token)

    assert_error(response, *SESSION_ENDED)


@pytest.mark.spec("SES-004")
async def test_repeated_use_does_not_extend_the_grace(client_at_start: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    await refresh(client_at_start, token)
    with time_machine.travel(START + timedelta(seconds=20), tick=False):
        assert (await refresh(client_at_start, token)).status_code == 200

    with time_machine.travel(START + timedelta(seconds=40), tick=False):
        response = await refresh(client_at_start, token)

    assert_error(response, 401, "REFRESH_TOKEN_REUSED")


@pytest.mark.spec("SES-003", "SES-004")
@pytest.mark.parametrize(("grace", "status"), [(0, 401), (4, 401), (5, 200), (600, 200)])
async def test_grace_follows_the_settings(make_app: MakeApp, ada: Person, grace: int, status: int) -> None:
    token = refresh_token_of(ada)
    async with make_client(await make_app(refresh_grace=grace)) as client:
        with time_machine.travel(START, tick=False):
            await refresh(client, token)
        with time_machine.travel(START + timedelta(seconds=5), tick=False):
            response = await refresh(client, token)

    assert response.status_code == status


# Concurrency


@pytest.mark.spec("SES-013")
async def test_concurrent_refreshes_return_one_successor(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)

    responses = await asyncio.gather(*(refresh(client, token) for _ in range(20)))

    assert {response.status_code for response in responses} == {200}
    assert len({refresh_token_in(response) for response in responses}) == 1


@pytest.mark.spec("SES-013")
async def test_successor_of_concurrent_refreshes_can_refresh(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    responses = await asyncio.gather(*(refresh(client, token) for _ in range(20)))

    response = await refresh(client, refresh_token_in(responses[-1]))

    assert response.status_code == 200
    assert len(await list_login_sessions(ada)) == 1
