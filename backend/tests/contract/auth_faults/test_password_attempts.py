"""Attempts at a password, counted by account and network."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import time_machine
from fastapi import FastAPI
from httpx import Response

from tests.routers.support import new_email
from tests.support import PASSWORD, MakeApp, Person, assert_error, log_in, make_client

WRONG = "correct horse batterz"
NETWORKS = (f"2001:db8:a77:{number:x}::1" for number in count(1))
LIMIT, TOTAL, GUESSED = 4, 8, 2
Guess = Callable[..., Coroutine[object, object, Response]]


@pytest.fixture
async def limited_app(make_app: MakeApp) -> FastAPI:
    """Return an application whose rate limits on passwords are low."""
    return await make_app(
        rate_limit_enabled=True,
        rate_limit_login="1000/minute",
        rate_limit_account=f"{LIMIT}/minute",
        rate_limit_account_total=f"{TOTAL}/hour",
        rate_limit_account_guessed=f"{GUESSED}/hour",
    )


@pytest.fixture
def guess(limited_app: FastAPI) -> Guess:
    """Log in from a network, by default with a wrong password."""

    async def guess(email: str, network: str, password: str = WRONG) -> Response:
        async with make_client(limited_app, network) as client:
            return await log_in(client, email, password)

    return guess


async def use_up(guess: Guess, email: str, network: str) -> None:
    for _ in range(LIMIT):
        await guess(email, network)


@pytest.mark.spec("AUT-022")
@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", 429),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", 200),
        ("203.0.113.50", "::ffff:203.0.113.50", 429),
        ("203.0.113.51", "203.0.113.52", 200),
    ],
    ids=["one-64", "another-64", "one-ipv4", "another-ipv4"],
)
async def test_attempts_count_by_network(guess: Guess, ada: Person, first: str, second: str, status: int) -> None:
    await use_up(guess, ada.email, first)

    assert (await guess(ada.email, second, PASSWORD)).status_code == status


@pytest.mark.spec("AUT-022")
async def test_login_and_account_share_one_count(limited_app: FastAPI, guess: Guess, ada: Person) -> None:
    network = next(NETWORKS)
    await use_up(guess, ada.email, network)

    async with make_client(limited_app, network, headers=ada.client.headers) as client:
        body = {"old_password": PASSWORD, "new_password": "another password"}
        response = await client.post("/auth/password", json=body)

    assert_error(response, 429, "RATE_LIMIT_EXCEEDED")


@pytest.mark.spec("AUT-022")
async def test_right_password_resets_the_count(guess: Guess, ada: Person) -> None:
    network = next(NETWORKS)
    for _ in range(3):
        await guess(ada.email, network)
        await guess(ada.email, network, PASSWORD)

    assert (await guess(ada.email, network, PASSWORD)).status_code == 200


@pytest.mark.spec("AUT-022")
async def test_login_from_a_network_exempts_nothing(guess: Guess, ada: Person) -> None:
    network = next(NETWORKS)
    await guess(ada.email, network, PASSWORD)

    statuses = [(await guess(ada.email, network)).status_code for _ in range(LIMIT + 1)]

    assert statuses == [401] * LIMIT + [429]


@pytest.mark.spec("AUT-023")
@pytest.mark.parametrize("networks", [1, 3, 7])
async def test_known_and_unknown_emails_differ_in_nothing(guess: Guess, ada: Person, networks: int) -> None:
    await guess(ada.email, "198.51.100.9", PASSWORD)
    histories = []
    for email in (ada.email, new_email()):
        addresses = [f"198.51.100.{9 + number}" for number in range(networks)]
        responses = [await guess(email, addresses[number % networks]) for number in range(30)]
        histories.append([(r.status_code, r.json(), "Retry-After" in r.headers) for r in responses])

    assert histories[0] == histories[1]
    assert {status for status, *_ in histories[0]} == {401, 429}


@pytest.mark.spec("AUT-023")
async def test_malformed_email_is_limited_as_well(guess: Guess) -> None:
    statuses = [(await guess("not an address", "198.51.100.77")).status_code for _ in range(LIMIT + 1)]

    assert statuses == [401] * LIMIT + [429]


@pytest.mark.spec("AUT-024")
async def test_owner_logs_in_while_others_guess_from_elsewhere(guess: Guess, ada: Person) -> None:
    for _ in range(10):
        await use_up(guess, ada.email, next(NETWORKS))

    assert (await guess(ada.email, next(NETWORKS), PASSWORD)).status_code == 200


@pytest.mark.spec("AUT-024")
async def test_owner_who_mistypes_once_logs_in_while_others_guess(guess: Guess, ada: Person) -> None:
    for _ in range(10):
        await use_up(guess, ada.email, next(NETWORKS))
    network = next(NETWORKS)

    assert (await guess(ada.email, network)).status_code == 401
    assert [(await guess(ada.email, network, PASSWORD)).status_code for _ in range(5)] == [200] * 5


@pytest.mark.spec("AUT-025")
async def test_account_guessed_at_from_many_networks_has_a_lower_limit(guess: Guess, ada: Person) -> None:
    for _ in range(TOTAL):
        await guess(ada.email, next(NETWORKS))
    network = next(NETWORKS)

    statuses = [(await guess(ada.email, network)).status_code for _ in range(GUESSED + 1)]

    assert statuses == [401] * GUESSED + [429]


@pytest.mark.spec("AUT-025")
async def test_lower_limit_lasts_as_long_as_its_window(guess: Guess, ada: Person) -> None:
    network = next(NETWORKS)
    for _ in range(TOTAL):
        await guess(ada.email, next(NETWORKS))
    for _ in range(GUESSED + 1):
        await guess(ada.email, network)

    now = datetime.now(UTC)
    with time_machine.travel(now + timedelta(minutes=2), tick=True):
        early = await guess(ada.email, network, PASSWORD)
    with time_machine.travel(now + timedelta(minutes=61), tick=True):
        late = await guess(ada.email, network, PASSWORD)

    assert (early.status_code, late.status_code) == (429, 200)


@pytest.mark.spec("AUT-025")
async def test_guesses_at_one_account_do_not_limit_another(guess: Guess, ada: Person, bob: Person) -> None:
    network = next(NETWORKS)
    for _ in range(TOTAL + 5):
        await guess(ada.email, next(NETWORKS))

    statuses = [(await guess(bob.email, network)).status_code for _ in range(GUESSED + 1)]

    assert statuses == [401] * (GUESSED + 1)
