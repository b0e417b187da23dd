"""How often one address may try to authenticate (contract, section 2)."""

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
NEW_ADDRESS = (f"2001:db8:0:{number:x}::1" for number in count(1))


async def attempt(client: AsyncClient, path: str, email: str | None = None) -> Response:
    """Try once: register a new e-mail, log in with an unknown one unless it is given, or refresh with no cookie."""
    address = email or f"{uuid4().hex}@example.com"
    if path == REGISTER:
        return await client.post(path, json={"email": address, "password": PASSWORD})
    if path == LOGIN:
        return await client.post(path, data={"username": address, "password": PASSWORD})
    return await client.post(path)


async def use_up(client: AsyncClient, path: str, limit: int) -> list[int]:
    """Try as often as it is allowed, and return the statuses."""
    return [(await attempt(client, path)).status_code for _ in range(limit)]


@pytest.fixture(scope="module")
async def limited_app(make_session_app: MakeApp) -> FastAPI:
    """Return an application that has the limits on."""
    return await make_session_app(rate_limit_enabled=True)


@pytest.fixture
def limited(limited_app: FastAPI) -> Callable[[], AsyncClient]:
    """Make clients of that application, each at an address of its own."""
    return lambda: make_client(limited_app, next(NEW_ADDRESS))


@pytest.mark.spec("RTE-001")
@EVERY_LIMIT
async def test_lets_as_many_attempts_pass_as_the_contract_allows(
    limited: Callable[[], AsyncClient], path: str, limit: int
) -> None:
    statuses = await use_up(limited(), path, limit)

    assert statuses == [201 if path == REGISTER else 401] * limit


@pytest.mark.spec("RTE-002")
@EVERY_LIMIT
async def test_refuses_the_attempt_after_that(limited: Callable[[], AsyncClient], path: str, limit: int) -> None:
    client = limited()
    await use_up(client, path, limit)

    response = await attempt(client, path)

    message = "Too many authentication attempts. Please try again later"
    assert_error(response, 429, "RATE_LIMIT_EXCEEDED", message)
    assert set(response.json()) == {"detail", "code"}


@pytest.mark.spec("RTE-002")
@EVERY_LIMIT
async def test_says_when_to_try_again(limited: Callable[[], AsyncClient], path: str, limit: int) -> None:
    client = limited()
    with time_machine.travel(datetime.now(UTC), tick=False):
        await use_up(client, path, limit)
        response = await attempt(client, path)

    assert response.headers["Retry-After"].isdecimal()
    assert 1 <= int(response.headers["Retry-After"]) <= 60


@pytest.mark.spec("RTE-002")
async def test_refuses_the_right_password_too(limited: Callable[[], AsyncClient], ada: Person) -> None:
    client = limited()
    await use_up(client, LOGIN, 5)

    response = await attempt(client, LOGIN, ada.email)

    assert_error(response, 429, "RATE_LIMIT_EXCEEDED")
    assert "Set-Cookie" not in response.headers


@pytest.mark.spec("RTE-002")
async def test_counts_attempts_at_once_one_by_one(limited: Callable[[], AsyncClient]) -> None:
    client = limited()

    responses = await asyncio.gather(*(attempt(client, LOGIN) for _ in range(20)))

    assert sorted(response.status_code for response in responses) == [401] * 5 + [429] * 15


@pytest.mark.spec("RTE-003")
@EVERY_LIMIT
async def test_lets_attempts_pass_again_after_the_window(
    limited: Callable[[], AsyncClient], path: str, limit: int
) -> None:
    client = limited()
    await use_up(client, path, limit)
    assert (await attempt(client, path)).status_code == 429

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61), tick=True):
        response = await attempt(client, path)

    assert response.status_code == (201 if path == REGISTER else 401)


@pytest.mark.spec("RTE-003")
async def test_lets_an_attempt_pass_when_it_said_so(limited: Callable[[], AsyncClient]) -> None:
    client = limited()
    began = datetime.now(UTC)
    with time_machine.travel(began, tick=False):
        await use_up(client, LOGIN, 5)
    with time_machine.travel(began + timedelta(seconds=17), tick=False):
        refused = await attempt(client, LOGIN)
    wait = timedelta(seconds=17 + int(refused.headers["Retry-After"]))

    with time_machine.travel(began + wait, tick=False):
        response = await attempt(client, LOGIN)

    assert refused.status_code == 429
    assert response.status_code == 401


@EVERY_LIMIT
async def test_counts_each_address_by_itself(limited: Callable[[], AsyncClient], path: str, limit: int) -> None:
    await use_up(limited(), path, limit + 1)

    response = await attempt(limited(), path)

    assert response.status_code != 429


async def test_does_not_believe_an_address_that_the_client_claims(
    limited: Callable[[], AsyncClient],
) -> None:
    client = limited()
    await use_up(client, LOGIN, 5)
    client.headers["X-Forwarded-For"] = next(NEW_ADDRESS)

    response = await attempt(client, LOGIN)

    assert_error(response, 429, "RATE_LIMIT_EXCEEDED")


@pytest.mark.parametrize(("used", "limit"), [(LOGIN, 5), (REGISTER, 5), (REFRESH, 10)])
async def test_counts_each_call_by_itself(limited: Callable[[], AsyncClient], used: str, limit: int) -> None:
    client = limited()
    await use_up(client, used, limit + 1)

    others = [await attempt(client, path) for path in (REGISTER, LOGIN, REFRESH) if path != used]

    assert 429 not in {response.status_code for response in others}


@pytest.mark.parametrize(
    ("path", "setting", "limit"),
    [
        (REGISTER, "rate_limit_register", 2),
        (LOGIN, "rate_limit_login", 3),
        (REFRESH, "rate_limit_refresh", 1),
    ],
)
async def test_takes_the_limit_from_the_settings(make_app: MakeApp, path: str, setting: str, limit: int) -> None:
    app = await make_app(rate_limit_enabled=True, **{setting: f"{limit}/minute"})
    client = make_client(app)

    statuses = await use_up(client, path, limit + 1)

    assert 429 not in statuses[:limit]
    assert statuses[limit] == 429


async def test_takes_the_window_from_the_settings(make_app: MakeApp) -> None:
    client = make_client(await make_app(rate_limit_enabled=True, rate_limit_login="1/hour"))
    await use_up(client, LOGIN, 1)

    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=59), tick=True):
        response = await attempt(client, LOGIN)

    assert_error(response, 429, "RATE_LIMIT_EXCEEDED")


@EVERY_LIMIT
async def test_counts_nothing_when_limits_are_off(make_app: MakeApp, path: str, limit: int) -> None:
    client = make_client(await make_app(rate_limit_enabled=False))

    statuses = await use_up(client, path, limit + 1)

    assert 429 not in statuses


@pytest.mark.parametrize("path", ["/tasks", "/tags", "/auth/me", "https://todo.test/health"])
async def test_never_limits_anything_else(make_app: MakeApp, ada: Person, path: str) -> None:
    once = dict.fromkeys(("rate_limit_register", "rate_limit_login", "rate_limit_refresh"), "1/minute")
    client = make_client(await make_app(rate_limit_enabled=True, **once))
    client.headers["Authorization"] = ada.client.headers["Authorization"]
    await use_up(client, LOGIN, 2)

    statuses = {(await client.get(path)).status_code for _ in range(20)}

    assert statuses == {200}


async def test_never_limits_logging_out(limited: Callable[[], AsyncClient]) -> None:
    client = limited()

    statuses = {(await client.post("/auth/logout")).status_code for _ in range(20)}

    assert statuses == {200}


# What is left


def left_of(response: Response) -> tuple[int, int]:
    """Return how many attempts a window has, and how many are left of it, as the answer says."""
    assert 1 <= int(response.headers["RateLimit-Reset"]) <= 60
    return int(response.headers["RateLimit-Limit"]), int(response.headers["RateLimit-Remaining"])


@pytest.mark.spec("HDR-003")
async def test_tells_on_every_answer_how_many_attempts_are_left(make_app: MakeApp) -> None:
    client = make_client(await make_app(rate_limit_enabled=True))

    answers = [await log_in(client, "nobody@example.com") for _ in range(6)]
    unread = await client.post("/auth/register", json={})

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert [left_of(answer) for answer in answers] == [(5, left) for left in (4, 3, 2, 1, 0, 0)]
    assert answers[-1].headers["Retry-After"] == answers[-1].headers["RateLimit-Reset"]
    assert (unread.status_code, left_of(unread)) == (422, (5, 4))


@pytest.mark.spec("HDR-003")
async def test_tells_nothing_where_nothing_is_counted(ada: Person) -> None:
    assert "RateLimit-Limit" not in (await ada.client.get("/tasks")).headers


@pytest.mark.spec("HDR-003")
async def test_lets_pages_of_other_origins_read_what_is_left(make_app: MakeApp) -> None:
    client = make_client(await make_app(rate_limit_enabled=True), headers={"Origin": "http://localhost:3000"})

    exposed = (await log_in(client, "nobody@example.com")).headers["Access-Control-Expose-Headers"]

    assert {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"} <= set(exposed.split(", "))


@pytest.mark.spec("HDR-004")
@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "unknown"),
        (None, "unknown"),
    ],
)
def test_counts_by_what_one_customer_has(address: str | None, counted_as: str) -> None:
    assert network_of(address) == counted_as
