"""Limits on wrong codes."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import time_machine
from fastapi import FastAPI
from httpx import Response

from tests.routers.totp.support import Factor, confirm_totp, log_in, start_totp
from tests.support import PASSWORD, MakeApp, Person, assert_error, make_client

NETWORKS = (f"2001:db8:7f7:{number:x}::1" for number in count(1))
ACCOUNT, CODES, DAY_CODES = 4, 6, 8
TOO_MANY = (429, "RATE_LIMIT_EXCEEDED", "Too many authentication attempts. Please try again later")
Send = Callable[..., Coroutine[object, object, Response]]


@pytest.fixture
async def limited_app(make_app: MakeApp) -> FastAPI:
    """Return an application whose rate limits on passwords and codes are low."""
    return await make_app(
        rate_limit_enabled=True,
        rate_limit_login="1000/minute",
        rate_limit_account=f"{ACCOUNT}/minute",
        rate_limit_totp=f"{CODES}/hour;{DAY_CODES}/day",
    )


@pytest.fixture
def send(limited_app: FastAPI, ada: Person) -> Send:
    """Log Ada in from a network, with a code."""

    async def send(network: str, code: str | None, password: str = PASSWORD) -> Response:
        async with make_client(limited_app, network) as client:
            return await log_in(client, ada, code, password)

    return send


async def guess_from_many_networks(send: Send, factor: Factor, attempts: int) -> list[int]:
    """Send wrong codes with the right password, each from another network, and return the statuses."""
    return [(await send(next(NETWORKS), factor.wrong_code())).status_code for _ in range(attempts)]


# One network


@pytest.mark.spec("TFA-009")
async def test_wrong_codes_count_as_attempts_at_the_password(send: Send, factor: Factor) -> None:
    network = next(NETWORKS)

    statuses = [(await send(network, factor.wrong_code())).status_code for _ in range(ACCOUNT + 1)]

    assert statuses == [401] * ACCOUNT + [429]
    assert_error(await send(network, factor.recovery_codes[0]), *TOO_MANY)


@pytest.mark.spec("TFA-009")
async def test_right_password_without_the_code_does_not_reset_the_count(send: Send, factor: Factor) -> None:
    network = next(NETWORKS)

    responses = [await send(network, code) for code in (factor.wrong_code(), None) * 3]

    assert [response.status_code for response in responses] == [401] * ACCOUNT + [429] * 2


@pytest.mark.spec("TFA-009")
async def test_right_code_resets_the_count_of_the_network(send: Send, factor: Factor) -> None:
    network = next(NETWORKS)
    for code in factor.recovery_codes[:5]:
        assert (await send(network, None)).status_code == 401
        assert (await send(network, factor.wrong_code())).status_code == 401
        assert (await send(network, code)).status_code == 200


# Many networks


@pytest.mark.spec("TFA-009")
async def test_codes_of_one_account_are_limited_over_all_networks(send: Send, factor: Factor) -> None:
    assert await guess_from_many_networks(send, factor, CODES + 2) == [401] * CODES + [429] * 2

    assert_error(await send(next(NETWORKS), factor.code(1)), *TOO_MANY)


@pytest.mark.spec("TFA-009")
async def test_longer_window_limits_more(send: Send, factor: Factor) -> None:
    await guess_from_many_networks(send, factor, CODES)
    now = datetime.now(UTC)
    with time_machine.travel(now + timedelta(minutes=61), tick=True):
        next_hour = await guess_from_many_networks(send, factor, CODES)
    with time_machine.travel(now + timedelta(hours=25), tick=True):
        next_day = await send(next(NETWORKS), factor.code())

    left = DAY_CODES - CODES
    assert next_hour == [401] * left + [429] * (CODES - left)
    assert next_day.status_code == 200


@pytest.mark.spec("TFA-009")
async def test_recovery_code_works_above_the_limit_and_ends_it(send: Send, factor: Factor) -> None:
    await guess_from_many_networks(send, factor, CODES + 1)

    assert (await send(next(NETWORKS), factor.recovery_codes[0])).status_code == 200
    assert (await send(next(NETWORKS), factor.code(1))).status_code == 200


@pytest.mark.spec("TFA-009")
async def test_wrong_password_uses_up_no_codes(send: Send, factor: Factor) -> None:
    for _ in range(CODES + 1):
        response = await send(next(NETWORKS), factor.wrong_code(), "wrong password")
        assert_error(response, 401, "INVALID_CREDENTIALS")

    assert (await send(next(NETWORKS), factor.code(1))).status_code == 200


@pytest.mark.spec("TFA-009")
async def test_right_code_takes_back_its_own_attempt_alone(send: Send, factor: Factor) -> None:
    await guess_from_many_networks(send, factor, CODES - 1)

    assert (await send(next(NETWORKS), factor.code(1))).status_code == 200
    assert await guess_from_many_networks(send, factor, 2) == [401, 429]


# Logged-in users


@pytest.mark.spec("TFA-009")
async def test_deletion_shares_the_limit_of_the_login(
    limited_app: FastAPI, send: Send, ada: Person, factor: Factor
) -> None:
    await guess_from_many_networks(send, factor, CODES)

    async with make_client(limited_app, next(NETWORKS), headers=ada.client.headers) as client:
        body = {"password": PASSWORD, "code": factor.code(1)}
        assert_error(await client.request("DELETE", "/auth/totp", json=body), *TOO_MANY)
        assert_error(await client.post("/auth/totp/recovery-codes", json=body), *TOO_MANY)


@pytest.mark.spec("TFA-009")
async def test_confirmation_has_a_limit_of_its_own(limited_app: FastAPI, send: Send, ada: Person) -> None:
    factor = Factor((await start_totp(ada)).json()["secret"], [])
    async with make_client(limited_app, next(NETWORKS), headers=ada.client.headers) as client:
        thief = Person(ada.id, ada.email, client)
        statuses = [(await confirm_totp(thief, factor.wrong_code())).status_code for _ in range(CODES + 1)]

    assert statuses == [400] * CODES + [429]
    assert (await confirm_totp(ada, factor.code())).status_code == 200, "the other application counts for itself"
    assert (await send(next(NETWORKS), factor.code(1))).status_code == 200
