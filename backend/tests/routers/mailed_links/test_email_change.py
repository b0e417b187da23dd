"""A change of the e-mail address that waits for its confirmation."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
import time_machine
from fastapi import FastAPI
from httpx import AsyncClient

from tests.routers.mailed_links.support import (
    INVALID_EMAIL_TOKEN,
    INVALID_RESET_TOKEN,
    NEW_PASSWORD,
    ODD_TOKENS,
    Deliver,
    change_email,
    confirm_email,
    get_email_token,
    get_reset_token,
    request_reset,
    reset_password,
)
from tests.routers.support import new_email
from tests.smtp import PUBLIC_URL, Inbox, mail_settings, text_of, token_in
from tests.support import PASSWORD, Json, MakeApp, Person, assert_error, log_in, make_client
from todo.core.clock import utc_now


async def get_account(person: Person) -> Json:
    """Return the account through the API."""
    account: Json = (await person.client.get("/auth/me")).json()
    return account


# The request


@pytest.mark.spec("MAI-020")
async def test_new_address_waits_for_confirmation(client: AsyncClient, ada: Person) -> None:
    account, email = await get_account(ada), new_email()

    response = await change_email(ada, email, name="Ada")

    assert response.status_code == 200
    assert response.json() == account | {"name": "Ada", "pending_email": email}
    assert await get_account(ada) == response.json()
    assert (await log_in(client, ada.email)).status_code == 200
    assert_error(await log_in(client, email), 401, "INVALID_CREDENTIALS")


@pytest.mark.spec("MAI-020")
async def test_new_address_gets_a_link_and_the_present_one_a_notice(
    ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    email = new_email()
    await change_email(ada, email)
    await deliver()

    [link], [notice] = inbox.to(email), inbox.to(ada.email)
    assert link["Subject"] == "Todo: Confirm your e-mail address"
    assert f"\n{PUBLIC_URL}/confirm-email#token={token_in(link)}\n" in text_of(link)
    assert "24 hours" in text_of(link)
    assert notice["Subject"] == "Todo: Your e-mail address is about to change"
    assert "token" not in text_of(notice)


@pytest.mark.spec("MAI-020")
async def test_wrong_password_changes_nothing(ada: Person, deliver: Deliver, inbox: Inbox) -> None:
    account = await get_account(ada)

    response = await change_email(ada, new_email(), password="not the password")
    await deliver()

    assert_error(response, 400, "WRONG_PASSWORD")
    assert await get_account(ada) == account
    assert inbox.mails == []


@pytest.mark.spec("MAI-020")
async def test_address_of_another_user_is_rejected(ada: Person, bob: Person, deliver: Deliver, inbox: Inbox) -> None:
    assert_error(await change_email(ada, bob.email.upper()), 400, "EMAIL_ALREADY_EXISTS")
    await deliver()

    assert inbox.mails == []


@pytest.mark.spec("MAI-022")
async def test_present_address_cancels_the_change(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    token = await get_email_token(deliver, inbox, ada, new_email())

    response = await change_email(ada, ada.email)

    assert response.json()["pending_email"] is None
    assert_error(await confirm_email(client, token), *INVALID_EMAIL_TOKEN)


@pytest.mark.spec("MAI-022")
async def test_later_address_replaces_the_earlier_one(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    first, second = new_email(), new_email()
    first_token = await get_email_token(deliver, inbox, ada, first)
    second_token = await get_email_token(deliver, inbox, ada, second)

    assert_error(await confirm_email(client, first_token), *INVALID_EMAIL_TOKEN)
    assert (await confirm_email(client, second_token)).json()["email"] == second


@pytest.mark.spec("MAI-022")
async def test_address_that_was_replaced_before_its_mail_was_sent_gets_no_mail(
    ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    first, second = new_email(), new_email()
    await change_email(ada, first)
    await change_email(ada, second)
    await deliver()

    assert (inbox.to(first), len(inbox.to(second))) == ([], 1)


@pytest.mark.spec("MAI-013")
async def test_mails_to_a_new_address_are_limited(make_app: MakeApp, app: FastAPI, ada: Person, bob: Person) -> None:
    settings = app.state.resources.settings
    mail = {name: getattr(settings, name) for name in ("smtp_url", "mail_from", "public_url")}
    limited = await make_app(settings.database_url, **mail, rate_limit_enabled=True, rate_limit_mail="2/hour")
    email, statuses = new_email(), []
    for person in (ada, ada, bob):
        async with make_client(limited, headers=person.client.headers) as client:
            response = await client.patch("/auth/me", json={"email": email, "password": PASSWORD})
            statuses.append(response.status_code)

    assert statuses == [200, 200, 429]


# The confirmation


@pytest.mark.spec("MAI-021")
async def test_token_changes_the_address(client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox) -> None:
    account, email = await get_account(ada), new_email()
    token = await get_email_token(deliver, inbox, ada, email)

    response = await confirm_email(client, token)

    assert response.status_code == 200
    assert response.json() == account | {"email": email, "pending_email": None}
    assert (await log_in(client, email)).status_code == 200
    assert_error(await log_in(client, ada.email), 401, "INVALID_CREDENTIALS")


@pytest.mark.spec("MAI-021")
async def test_previous_address_is_told(client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox) -> None:
    email = new_email()
    await confirm_email(client, await get_email_token(deliver, inbox, ada, email))
    await deliver()

    notice = inbox.to(ada.email)[-1]
    assert notice["Subject"] == "Todo: Your e-mail address was changed"
    assert email not in text_of(notice)


@pytest.mark.spec("MAI-023")
async def test_token_works_once(client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox) -> None:
    token = await get_email_token(deliver, inbox, ada, new_email())

    responses = await asyncio.gather(*(confirm_email(client, token) for _ in range(4)))

    assert sorted(response.status_code for response in responses) == [200] + [400] * 3
    assert_error(await confirm_email(client, token), *INVALID_EMAIL_TOKEN)


@pytest.mark.spec("MAI-023")
@pytest.mark.parametrize(("hours", "status"), [(23, 200), (25, 400)])
async def test_token_works_for_24_hours(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, hours: int, status: int
) -> None:
    email = new_email()
    token = await get_email_token(deliver, inbox, ada, email)

    with time_machine.travel(utc_now() + timedelta(hours=hours), tick=True):
        response = await confirm_email(client, token)
        account = (await log_in(client, email if status == 200 else ada.email)).status_code

    assert (response.status_code, account) == (status, 200)


@pytest.mark.spec("MAI-023")
async def test_expired_address_is_not_shown(ada: Person) -> None:
    await change_email(ada, new_email())
    token = (await log_in(ada.client, ada.email)).json()["access_token"]

    assert (await get_account(ada))["pending_email"] is not None
    with time_machine.travel(utc_now() + timedelta(hours=25), tick=True):
        token = (await log_in(ada.client, ada.email)).json()["access_token"]
        ada.client.headers["Authorization"] = f"Bearer {token}"
        assert (await get_account(ada))["pending_email"] is None


@pytest.mark.spec("MAI-024")
async def test_address_that_was_taken_meanwhile_is_rejected(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    email = new_email()
    token = await get_email_token(deliver, inbox, ada, email)
    await client.post("/auth/register", json={"email": email.upper(), "password": PASSWORD})

    assert_error(await confirm_email(client, token), 400, "EMAIL_ALREADY_EXISTS")
    assert (await get_account(ada))["email"] == ada.email


@pytest.mark.spec("MAI-024")
async def test_one_of_two_accounts_gets_an_address(
    client: AsyncClient, ada: Person, bob: Person, deliver: Deliver, inbox: Inbox
) -> None:
    email = new_email()
    tokens = [await get_email_token(deliver, inbox, person, email) for person in (ada, bob)]

    responses = await asyncio.gather(*(confirm_email(client, token) for token in tokens))

    assert sorted(response.status_code for response in responses) == [200, 400]


@pytest.mark.spec("MAI-023")
async def test_change_of_the_password_cancels_the_change(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    token = await get_email_token(deliver, inbox, ada, new_email())
    await ada.client.post("/auth/password", json={"old_password": PASSWORD, "new_password": NEW_PASSWORD})

    assert (await get_account(ada))["pending_email"] is None
    assert_error(await confirm_email(client, token), *INVALID_EMAIL_TOKEN)


@pytest.mark.spec("MAI-023")
async def test_token_of_a_deleted_account_is_rejected(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    token = await get_email_token(deliver, inbox, ada, new_email())
    await ada.client.request("DELETE", "/auth/me", json={"password": PASSWORD})

    assert_error(await confirm_email(client, token), *INVALID_EMAIL_TOKEN)


@pytest.mark.spec("MAI-023")
async def test_token_of_a_password_reset_confirms_no_address(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    await change_email(ada, new_email())
    reset_token = await get_reset_token(client, deliver, inbox, ada)

    assert_error(await confirm_email(client, reset_token), *INVALID_EMAIL_TOKEN)


@pytest.mark.spec("MAI-023")
async def test_random_part_of_a_token_belongs_to_its_user(
    client: AsyncClient, ada: Person, bob: Person, deliver: Deliver, inbox: Inbox
) -> None:
    of_ada, of_bob = [await get_email_token(deliver, inbox, person, new_email()) for person in (ada, bob)]

    assert_error(await confirm_email(client, of_bob[:22] + of_ada[22:]), *INVALID_EMAIL_TOKEN)


@pytest.mark.spec("MAI-023")
@pytest.mark.parametrize("token", ODD_TOKENS, ids=len)
async def test_odd_token_is_rejected(client: AsyncClient, token: str) -> None:
    assert_error(await confirm_email(client, token), *INVALID_EMAIL_TOKEN)


@pytest.mark.spec("MAI-020")
async def test_idempotency_key_queues_the_mails_once(ada: Person, deliver: Deliver, inbox: Inbox) -> None:
    ada.client.headers["Idempotency-Key"], email = "a key", new_email()
    first, second = [await change_email(ada, email) for _ in range(2)]
    await deliver()

    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(inbox.to(email)) == 1


@pytest.mark.spec("MAI-020")
async def test_without_smtp_url_the_address_changes_at_once(make_app: MakeApp, app: FastAPI, ada: Person) -> None:
    silent, email = await make_app(app.state.resources.settings.database_url), new_email()
    async with make_client(silent, headers=ada.client.headers) as client:
        response = await client.patch("/auth/me", json={"email": email, "password": PASSWORD})

    assert (response.json()["email"], response.json()["pending_email"]) == (email, None)


# Limits and disabled accounts


@pytest.mark.spec("MAI-025")
async def test_taken_addresses_cannot_be_found_without_limit(
    app: FastAPI, inbox: Inbox, make_app: MakeApp, ada: Person, bob: Person
) -> None:
    url = app.state.resources.settings.database_url
    limited = await make_app(url, **mail_settings(inbox) | {"rate_limit_enabled": True, "rate_limit_mail": "3/hour"})
    async with make_client(limited, headers=ada.client.headers) as client:
        person = Person(ada.id, ada.email, client)
        allowed = [(await change_email(person, bob.email)).status_code for _ in range(3)]
        taken, free = await change_email(person, bob.email), await change_email(person, new_email())

    assert allowed == [400] * 3
    assert (taken.status_code, free.status_code) == (429, 429)


@pytest.mark.spec("MAI-026")
async def test_links_of_a_disabled_account_do_not_work(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    email = new_email()
    await change_email(ada, email)
    await request_reset(client, ada.email)
    await deliver()
    [link], reset = inbox.to(email), next(mail for mail in inbox.to(ada.email) if "#token=" in text_of(mail))
    await connection.execute("UPDATE users SET disabled_at = now() WHERE id = $1", ada.id)

    confirmation = await confirm_email(client, token_in(link))
    new_password = await reset_password(client, token_in(reset))

    assert_error(confirmation, *INVALID_EMAIL_TOKEN)
    assert_error(new_password, *INVALID_RESET_TOKEN)


@pytest.mark.spec("MAI-026")
async def test_disabled_account_gets_no_mail(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    await connection.execute("UPDATE users SET disabled_at = now() WHERE id = $1", ada.id)

    assert (await request_reset(client, ada.email)).status_code == 202
    await deliver()

    assert inbox.to(ada.email) == []
