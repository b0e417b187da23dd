"""Expiry of personal access tokens."""

from datetime import timedelta

import pytest
import time_machine
from httpx import AsyncClient

from tests.routers.access_tokens.support import create_token, list_tasks, list_tokens
from tests.routers.support import START
from tests.support import MakeToken, Person, assert_error


@pytest.mark.spec("PAT-006")
async def test_expiry_is_returned_in_utc(ada: Person) -> None:
    response = await create_token(ada, expires_at="2099-01-01T00:00:00+02:00")

    assert response.json()["expires_at"] == "2098-12-31T22:00:00Z"


@pytest.mark.spec("PAT-006")
@pytest.mark.parametrize(("seconds", "status"), [(3599.9, 200), (3600, 401), (86_400, 401)])
async def test_token_is_rejected_from_its_expiry(
    client: AsyncClient, ada: Person, make_token: MakeToken, seconds: float, status: int
) -> None:
    token = await make_token(ada, "tasks:read", expires_at=(START + timedelta(hours=1)).isoformat())

    with time_machine.travel(START + timedelta(seconds=seconds), tick=False):
        response = await list_tasks(client, token)

    assert response.status_code == status


@pytest.mark.spec("PAT-006")
async def test_expired_token_returns_token_expired(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read", expires_at=(START + timedelta(hours=1)).isoformat())

    with time_machine.travel(START + timedelta(hours=2), tick=False):
        response = await list_tasks(client, token)

    assert_error(response, 401, "TOKEN_EXPIRED", "Access token has expired")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("PAT-006")
async def test_token_without_expiry_stays_valid(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read", expires_at=None)

    with time_machine.travel(START + timedelta(days=30_000), tick=False):
        response = await list_tasks(client, token)

    assert response.status_code == 200


@pytest.mark.spec("PAT-006")
@pytest.mark.parametrize("expires_at", ["9999-12-31T23:59:59.999999Z", "9999-12-31"], ids=["last-instant", "last-day"])
async def test_token_can_expire_at_the_latest_instant(
    client: AsyncClient, ada: Person, make_token: MakeToken, expires_at: str
) -> None:
    token = await make_token(ada, "tasks:read", expires_at=expires_at)

    response = await list_tasks(client, token)

    assert response.status_code == 200
    assert token["expires_at"].endswith("Z")
    assert [listed_token["expires_at"] for listed_token in await list_tokens(ada)] == [token["expires_at"]]


@pytest.mark.spec("PAT-006")
@pytest.mark.parametrize("expires_at", ["2001-01-01", "0001-01-01", "soon", "", "2099-13-01"])
async def test_invalid_expiry_is_rejected(ada: Person, expires_at: str) -> None:
    response = await create_token(ada, expires_at=expires_at)

    assert_error(response, 400, "INVALID_EXPIRY", "Expiry must be a future ISO 8601 datetime")
    assert [error["field"] for error in response.json()["errors"]] == ["expires_at"]
    assert await list_tokens(ada) == []


@pytest.mark.spec("PAT-006")
async def test_current_instant_is_rejected_as_expiry(ada: Person) -> None:
    with time_machine.travel(START, tick=False):
        response = await create_token(ada, expires_at=START.isoformat())

    assert_error(response, 400, "INVALID_EXPIRY")
