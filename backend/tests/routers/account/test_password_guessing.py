"""Rate limits of wrong passwords for each account."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import time_machine
from fastapi import FastAPI
from httpx import Response

from tests.routers.account.support import PASSWORD_REQUESTS, WRONG_PASSWORD, BcryptGate, SendPassword
from tests.routers.support import new_email
from tests.support import PASSWORD, BcryptCalls, MakeApp, Person, RecordedApp, assert_error, log_in, make_client

RATE_LIMIT_ERROR = (429, "RATE_LIMIT_EXCEEDED", "Too many authentication attempts. Please try again later")
NEW_ADDRESSES = (f"2001:db8:acc:{number:x}::1" for number in count(1))
Guess = Callable[..., Coroutine[object, object, Response]]
SPELLINGS = pytest.mark.parametrize(
    "spell",
    [
        pytest.param(str.upper, id="capitals"),
        pytest.param(lambda email: email.replace("example", "e\uff58ample"), id="fullwidth-domain"),
        pytest.param(lambda email: email.replace(".com", "\u3002com"), id="fullwidth-dot"),
    ],
)


@pytest.fixture(scope="module")
async def limited_app(make_module_app: MakeApp) -> FastAPI:
    """Return an application with rate limits. That of the log-in is high, so that the one of the account counts."""
    return await make_module_app(rate_limit_enabled=True, rate_limit_login="1000/minute")


@pytest.fixture
def guess(limited_app: FastAPI) -> Guess:
    """Log in, by default with a wrong password and from one network, which is new in each test."""
    network = next(NEW_ADDRESSES)

    async def guess(email: str, password: str = WRONG_PASSWORD, address: str = network) -> Response:
        async with make_client(limited_app, address) as client:
            return await log_in(client, email, password)

    return guess


# Limit of an account


@pytest.mark.spec("ACC-009")
async def test_wrong_passwords_are_counted_by_account_and_network(guess: Guess, ada: Person) -> None:
    statuses = [(await guess(ada.email)).status_code for _ in range(10)]

    response = await guess(ada.email)

    assert statuses == [401] * 10
    assert_error(response, *RATE_LIMIT_ERROR)
    assert 1 <= int(response.headers["Retry-After"]) <= 60


@pytest.mark.spec("ACC-009")
async def test_limited_network_is_rejected_with_the_right_password(guess: Guess, ada: Person) -> None:
    for _ in range(10):
        await guess(ada.email)

    assert_error(await guess(ada.email, PASSWORD), *RATE_LIMIT_ERROR)


@pytest.mark.spec("ACC-009")
async def test_concurrent_guesses_stay_within_the_limit(
    limited_app: FastAPI, guess: Guess, ada: Person, bcrypt_gate: BcryptGate
) -> None:
    passwords = [WRONG_PASSWORD] * 15 + [PASSWORD]
    requests = [asyncio.create_task(guess(ada.email, password)) for password in passwords]
    async with make_client(limited_app, headers=ada.client.headers) as client:
        # Connections are acquired in order. After these responses, every guess has reached its hash.
        for _ in passwords:
            await client.get("/auth/me")
    bcrypt_gate.opened.set()
    statuses = [(await request).status_code for request in requests]

    assert sorted(statuses) == [401] * 10 + [429] * 6


@pytest.mark.spec("ACC-009")
@SPELLINGS
async def test_spellings_of_an_email_share_one_limit(guess: Guess, ada: Person, spell: Callable[[str], str]) -> None:
    assert (await guess(spell(ada.email), PASSWORD)).status_code == 200
    for _ in range(10):
        await guess(ada.email)

    assert_error(await guess(spell(ada.email)), *RATE_LIMIT_ERROR)


@pytest.mark.spec("ACC-009", "ACC-011")
@SPELLINGS
async def test_spellings_of_an_unknown_email_share_one_limit(guess: Guess, spell: Callable[[str], str]) -> None:
    email = new_email()
    for _ in range(10):
        await guess(email)

    assert_error(await guess(spell(email)), *RATE_LIMIT_ERROR)


@pytest.mark.spec("ACC-009")
async def test_each_account_has_its_own_limit(guess: Guess, ada: Person, bob: Person) -> None:
    for _ in range(11):
        await guess(ada.email)

    assert (await guess(bob.email, PASSWORD)).status_code == 200


@pytest.mark.spec("ACC-009")
async def test_right_passwords_are_not_counted(guess: Guess, ada: Person) -> None:
    statuses = {(await guess(ada.email, PASSWORD)).status_code for _ in range(12)}

    assert statuses == {200}


@pytest.mark.spec("ACC-009", "ACC-011")
async def test_unknown_email_has_the_limit_of_an_account(guess: Guess) -> None:
    email = new_email()
    statuses = [(await guess(email)).status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]


@pytest.mark.spec("ACC-009")
async def test_limit_ends_after_the_window(guess: Guess, ada: Person) -> None:
    for _ in range(11):
        await guess(ada.email)

    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61), tick=True):
        response = await guess(ada.email, PASSWORD)

    assert response.status_code == 200


@pytest.mark.spec("ACC-009")
@PASSWORD_REQUESTS
async def test_wrong_passwords_of_a_logged_in_user_are_counted(
    limited_app: FastAPI, ada: Person, send: SendPassword
) -> None:
    async with make_client(limited_app, next(NEW_ADDRESSES), headers=ada.client.headers) as client:
        statuses = [(await send(client, WRONG_PASSWORD)).status_code for _ in range(10)]

        response = await send(client, PASSWORD)

    assert statuses == [400] * 10
    assert_error(response, *RATE_LIMIT_ERROR)


@pytest.mark.spec("ACC-009")
async def test_account_limit_follows_the_settings(make_app: MakeApp, ada: Person) -> None:
    app = await make_app(rate_limit_enabled=True, rate_limit_account="2/minute")
    async with make_client(app, next(NEW_ADDRESSES)) as client:
        statuses = [(await log_in(client, ada.email, WRONG_PASSWORD)).status_code for _ in range(3)]

    assert statuses == [401, 401, 429]


# Other networks


@pytest.mark.spec("ACC-010")
async def test_guesses_from_one_network_do_not_limit_another(guess: Guess, ada: Person) -> None:
    for _ in range(15):
        await guess(ada.email)

    response = await guess(ada.email, PASSWORD, next(NEW_ADDRESSES))

    assert response.status_code == 200


@pytest.mark.spec("ACC-010")
@PASSWORD_REQUESTS
async def test_guesses_do_not_limit_a_logged_in_user(
    limited_app: FastAPI, guess: Guess, ada: Person, send: SendPassword
) -> None:
    for _ in range(11):
        await guess(ada.email)

    async with make_client(limited_app, headers=ada.client.headers) as client:
        response = await send(client, PASSWORD)

    assert response.status_code in (200, 204)


@pytest.mark.spec("ACC-009")
async def test_network_of_an_earlier_login_is_limited(guess: Guess, ada: Person) -> None:
    assert (await guess(ada.email, PASSWORD)).status_code == 200
    for _ in range(10):
        await guess(ada.email)

    assert_error(await guess(ada.email, PASSWORD), *RATE_LIMIT_ERROR)


# Cost of an unknown e-mail


@pytest.mark.spec("ACC-011")
async def test_unknown_email_costs_as_much_as_a_wrong_password(
    recorded_app: RecordedApp, ada: Person, bcrypt_calls: BcryptCalls
) -> None:
    work: list[tuple[list[str], list[int]]] = []
    async with make_client(recorded_app.app) as client:
        for email in (new_email(), ada.email):
            recorded_app.statements.clear()
            bcrypt_calls.costs.clear()
            assert_error(await log_in(client, email, WRONG_PASSWORD), 401, "INVALID_CREDENTIALS")
            work.append((recorded_app.statements.copy(), bcrypt_calls.costs.copy()))

    unknown_email_work, wrong_password_work = work
    assert unknown_email_work == wrong_password_work
    assert len(wrong_password_work[0]) == 1
    assert wrong_password_work[1] == [4]


@pytest.mark.spec("ACC-011")
async def test_unknown_email_is_hashed_with_the_configured_rounds(make_app: MakeApp, bcrypt_calls: BcryptCalls) -> None:
    async with make_client(await make_app(bcrypt_rounds=6)) as client:
        bcrypt_calls.costs.clear()
        await log_in(client, new_email(), WRONG_PASSWORD)

    assert bcrypt_calls.costs == [6]
