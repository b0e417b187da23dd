"""Rate limits of registration, login and refresh by address (contract, section 2)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest
import time_machine
from fastapi import FastAPI
from httpx import AsyncClient, Response

from tests.support import PASSWORD, MakeApp, Person, assert_error, log_in, make_client
from todo.core.limits.rate_limits import network_of

REGISTER, LOGIN, REFRESH = "/auth/register", "/auth/login", "/auth/refresh"
EVERY_LIMIT = pytest.mark.parametrize(("path", "limit"), [(REGISTER, 5), (LOGIN, 5), (REFRESH, 10)])
MakeClient = Callable[[], AsyncClient]
NEW_ADDRESS = (f"2001:db8:0:{number:x}::1" for number in count(1))


async def attempt(client: AsyncClient, path: str, email: str | None = None) -> Response:
    """Register, log in or refresh once. The default e-mail address is unknown, and a refresh has no cookie."""
    address = email or f"{uuid4().hex}@example.com"
    if path == REGISTER:
        return await client.post(path, json={"email": address, "password": PASSWORD})
    if path == LOGIN:
        return await client.post(path, data={"username": address, "password": PASSWORD})
    return await client.post(path)


async def use_up(client: AsyncClient, path: str, limit: int) -> list[int]:
    """Make all attempts that the limit allows, and return their statuses."""
    return [(await attempt(client, path)).status_code for _ in range(limit)]


@pytest.fixture(scope="module")
async def limited_app(make_module_app: MakeApp) -> FastAPI:
    """Return an application with rate limits."""
    return await make_module_app(rate_limit_enabled=True)


@pytest.fixture
def make_limited_client(limited_app: FastAPI) -> MakeClient:
    """Make clients of the limited application with different addresses."""
    return lambda: make_client(limited_app, next(NEW_ADDRESS))


@pytest.mark.spec("RTE-001")
@EVERY_LIMIT
async def test_attempts_up_to_the_limit_are_accepted(make_limited_client: MakeClient, path: str, limit: int) -> None:
    statuses = await use_up(make_limited_client(), path, limit)

    assert statuses == [201 if path == REGISTER else 401] * limit


@pytest.mark.spec("RTE-002")
@EVERY_LIMIT
async def test_attempt_above_the_limit_is_rejected(make_limited_client: MakeClient, path: str, limit: int) -> None:
    client = make_limited_client()
    await use_up(client, path, limit)

    response = await attempt(client, path)

    message = "Too many authentication attempts. Please try again later"
    assert_error(response, 429, "RATE_LIMIT_EXCEEDED", message)
    assert set(response.json()) == {"detail", "code"}


@pytest.mark.spec("RTE-002")
@EVERY_LIMIT
async def test_429_has_a_retry_after_header(make_limited_client: MakeClient, path: str, limit: int) -> None:
    client = make_limited_client()
    with time_machine.travel(datetime.now(UTC), tick=False):
        await use_up(client, path, limit)
        response = await attempt(client, path)

    assert response.headers["Retry-After"].isdecimal()
    assert 1 <= int(response.headers["Retry-After"]) <= 60


@pytest.mark.spec("RTE-002")
async def test_correct_password_above_the_limit_is_rejected(make_limited_client: MakeClient, ada: Person) -> None:
    client = make_limited_client()
    await use_up(client, LOGIN, 5)

    response = await attempt(client, LOGIN, ada.email)

    assert_error(response, 429, "RATE_LIMIT_EXCEEDED")
    assert "Set-Cookie" not in response.headers


@pytest.mark.spec("RTE-002")
async def test_concurrent_attempts_are_all_counted(make_limited_client: MakeClient) -> None:
    client = make_limited_client()

    responses = await asyncio.gather(*(attempt(client, LOGIN) for _ in range(20)))

    assert sorted(response.status_code for response in responses) == [401] * 5 + [429] * 15


@pytest.mark.spec("RTE-003")
@EVERY_LIMIT
async def test_attempt_after_the_window_is_accepted(make_limited_client: MakeClient, path: str, limit: int) -> None:
    client = make_limited_client()
    await use_up(client, path, limit)
    assert (await attempt(client, path)).status_code == 429

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61), tick=True):
        response = await attempt(client, path)

    assert response.status_code == (201 if path == REGISTER else 401)


@pytest.mark.spec("RTE-003")
async def test_attempt_after_retry_after_is_accepted(make_limited_client: MakeClient) -> None:
    client = make_limited_client()
    started_at = datetime.now(UTC)
    with time_machine.travel(started_at, tick=False):
        await use_up(client, LOGIN, 5)
    with time_machine.travel(started_at + timedelta(seconds=17), tick=False):
        rejected = await attempt(client, LOGIN)
    wait = timedelta(seconds=17 + int(rejected.headers["Retry-After"]))

    with time_machine.travel(started_at + wait, tick=False):
        response = await attempt(client, LOGIN)

    assert rejected.status_code == 429
    assert response.status_code == 401


@EVERY_LIMIT
async def test_addresses_have_separate_limits(make_limited_client: MakeClient, path: str, limit: int) -> None:
    await use_up(make_limited_client(), path, limit + 1)

    response = await attempt(make_limited_client(), path)

    assert response.status_code != 429


async def test_x_forwarded_for_of_a_client_is_ignored(make_limited_client: MakeClient) -> None:
    client = make_limited_client()
    await use_up(client, LOGIN, 5)
    client.headers["X-Forwarded-For"] = next(NEW_ADDRESS)

    response = await attempt(client, LOGIN)

    assert_error(response, 429, "RATE_LIMIT_EXCEEDED")


@pytest.mark.parametrize(("exhausted_path", "limit"), [(LOGIN, 5), (REGISTER, 5), (REFRESH, 10)])
async def test_routes_have_separate_limits(make_limited_client: MakeClient, exhausted_path: str, limit: int) -> None:
    client = make_limited_client()
    await use_up(client, exhausted_path, limit + 1)

    responses = [await attempt(client, path) for path in (REGISTER, LOGIN, REFRESH) if path != exhausted_path]

    assert 429 not in {response.status_code for response in responses}


@pytest.mark.parametrize(
    ("path", "setting", "limit"),
    [
        (REGISTER, "rate_limit_register", 2),
        (LOGIN, "rate_limit_login", 3),
        (REFRESH, "rate_limit_refresh", 1),
    ],
)
async def test_settings_change_the_limit(make_app: MakeApp, path: str, setting: str, limit: int) -> None:
    app = await make_app(rate_limit_enabled=True, **{setting: f"{limit}/minute"})
    client = make_client(app)

    statuses = await use_up(client, path, limit + 1)

    assert 429 not in statuses[:limit]
    assert statuses[limit] == 429


async def test_settings_change_the_window(make_app: MakeApp) -> None:
    client = make_client(await make_app(rate_limit_enabled=True, rate_limit_login="1/hour"))
    await use_up(client, LOGIN, 1)

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=59), tick=True):
        response = await attempt(client, LOGIN)

    assert_error(response, 429, "RATE_LIMIT_EXCEEDED")


@EVERY_LIMIT
async def test_disabled_rate_limits_reject_nothing(make_app: MakeApp, path: str, limit: int) -> None:
    client = make_client(await make_app(rate_limit_enabled=False))

    statuses = await use_up(client, path, limit + 1)

    assert 429 not in statuses


@pytest.mark.parametrize("path", ["/tasks", "/tags", "/auth/me", "https://todo.test/health"])
async def test_other_routes_have_no_rate_limit(make_app: MakeApp, ada: Person, path: str) -> None:
    limits = dict.fromkeys(("rate_limit_register", "rate_limit_login", "rate_limit_refresh"), "1/minute")
    client = make_client(await make_app(rate_limit_enabled=True, **limits))
    client.headers["Authorization"] = ada.client.headers["Authorization"]
    await use_up(client, LOGIN, 2)

    statuses = {(await client.get(path)).status_code for _ in range(20)}

    assert statuses == {200}


async def test_logout_has_no_rate_limit(make_limited_client: MakeClient) -> None:
    client = make_limited_client()

    statuses = {(await client.post("/auth/logout")).status_code for _ in range(20)}

    assert statuses == {200}


def limit_and_remaining(response: Response) -> tuple[int, int]:
    """Return the limit and the remaining attempts in the headers of a response."""
    assert 1 <= int(response.headers["RateLimit-Reset"]) <= 60
    return int(response.headers["RateLimit-Limit"]), int(response.headers["RateLimit-Remaining"])


@pytest.mark.spec("HDR-003")
async def test_every_response_has_the_remaining_attempts(make_app: MakeApp) -> None:
    client = make_client(await make_app(rate_limit_enabled=True))

    responses = [await log_in(client, "nobody@example.com") for _ in range(6)]
    invalid = await client.post("/auth/register", json={})

    assert [response.status_code for response in responses] == [401] * 5 + [429]
    assert [limit_and_remaining(response) for response in responses] == [
        (5, remaining) for remaining in (4, 3, 2, 1, 0, 0)
    ]
    assert responses[-1].headers["Retry-After"] == responses[-1].headers["RateLimit-Reset"]
    assert (invalid.status_code, limit_and_remaining(invalid)) == (422, (5, 4))


@pytest.mark.spec("HDR-003")
async def test_route_without_a_limit_has_no_rate_limit_headers(ada: Person) -> None:
    assert "RateLimit-Limit" not in (await ada.client.get("/tasks")).headers


@pytest.mark.spec("HDR-003")
async def test_pages_of_other_origins_can_read_the_rate_limit_headers(make_app: MakeApp) -> None:
    client = make_client(await make_app(rate_limit_enabled=True), headers={"Origin": "http://localhost:3000"})

    exposed_headers = (await log_in(client, "nobody@example.com")).headers["Access-Control-Expose-Headers"]

    assert {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= set(exposed_headers.split(", "))


@pytest.mark.spec("HDR-004")
@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "unknown"),
        (None, "unknown"),
    ],
)
def test_address_is_counted_by_its_network(address: str | None, network: str) -> None:
    assert network_of(address) == network
