"""A forgotten password: the request, the mail, and the new password."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
import time_machine
from fastapi import FastAPI
from httpx import AsyncClient

from tests.routers.mailed_links.support import (
    INVALID_RESET_TOKEN,
    NEW_PASSWORD,
    ODD_TOKENS,
    Deliver,
    confirm_email,
    count_tokens,
    get_email_token,
    get_reset_token,
    request_reset,
    reset_password,
)
from tests.routers.support import new_email
from tests.smtp import PUBLIC_URL, Inbox, text_of, token_in
from tests.support import (
    PASSWORD,
    MakeApp,
    MakePerson,
    Person,
    assert_error,
    log_in,
    make_client,
    refresh,
    refresh_token_of,
)
from todo.core.clock import utc_now
from todo.core.database.session import Row, Session
from todo.core.database.statement import Statement
from todo.services.password_resets.statements import INSERT_REQUEST

# The request


@pytest.mark.spec("MAI-010")
async def test_known_and_unknown_addresses_get_one_response(client: AsyncClient, ada: Person) -> None:
    known, unknown = await request_reset(client, ada.email), await request_reset(client, new_email())

    assert known.status_code == unknown.status_code == 202
    assert known.json() == unknown.json()
    assert {*known.json()} == {"message"}


@pytest.mark.spec("MAI-011")
async def test_known_and_unknown_addresses_run_the_same_statement(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    fetch_all = Session.fetch_all

    async def record_and_fetch(session: Session, statement: Statement, **values: object) -> list[Row]:
        statements.append(statement.sql)
        return await fetch_all(session, statement, **values)

    monkeypatch.setattr(Session, "fetch_all", record_and_fetch)
    written = []
    for email in (ada.email, new_email()):
        await request_reset(client, email)
        written.append(await connection.fetchval("SELECT count(*) FROM password_reset_requests"))

    assert statements == [INSERT_REQUEST.sql] * 2
    assert written == [1, 2]


@pytest.mark.spec("MAI-010")
async def test_account_gets_a_mail_with_a_link(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    await request_reset(client, ada.email.upper())
    await deliver()

    [mail] = inbox.mails
    assert mail["To"] == ada.email
    assert mail["Subject"] == "Todo: Set a new password"
    assert f"\n{PUBLIC_URL}/reset-password#token={token_in(mail)}\n" in text_of(mail)
    assert "30 minutes" in text_of(mail)


@pytest.mark.spec("MAI-010")
async def test_unknown_address_gets_no_mail(
    client: AsyncClient, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    await request_reset(client, new_email())
    await deliver()

    assert inbox.mails == []
    assert await connection.fetchval("SELECT count(*) FROM password_reset_requests") == 0


@pytest.mark.spec("MAI-010")
async def test_mail_goes_to_the_stored_address(client: AsyncClient, deliver: Deliver, inbox: Inbox) -> None:
    # Both addresses have one folded form, and can be different mailboxes.
    stored, typed = "weiß@example.com", "WEISS@example.com"
    await client.post("/auth/register", json={"email": stored, "password": PASSWORD})

    await request_reset(client, typed)
    await deliver()

    assert [envelope.rcpt_tos for envelope in inbox.envelopes] == [[stored]]


@pytest.mark.parametrize("email", ["", "ada", "ada@example.com\nBcc: eve@example.com", "a" * 400 + "@example.com"])
async def test_invalid_address_is_rejected(client: AsyncClient, email: str) -> None:
    assert_error(await request_reset(client, email), 400, "INVALID_EMAIL")


@pytest.mark.spec("MAI-013")
async def test_mails_to_one_address_are_limited(make_app: MakeApp, app: FastAPI, ada: Person) -> None:
    limited = await make_app(
        app.state.resources.settings.database_url, **_mail_of(app), rate_limit_enabled=True, rate_limit_mail="2/hour"
    )
    statuses = []
    for email in (ada.email, new_email()):
        for number in range(3):
            async with make_client(limited, f"198.51.100.{number}") as client:
                statuses.append((await request_reset(client, email)).status_code)

    assert statuses == [202, 202, 429] * 2


@pytest.mark.spec("MAI-013")
async def test_requests_of_one_network_are_limited(make_app: MakeApp, app: FastAPI) -> None:
    limited = await make_app(
        app.state.resources.settings.database_url,
        **_mail_of(app),
        rate_limit_enabled=True,
        rate_limit_password_reset="2/minute",
    )
    async with make_client(limited, "198.51.100.9") as client:
        responses = [await request_reset(client, new_email()) for _ in range(3)]

    assert [response.status_code for response in responses] == [202, 202, 429]
    assert responses[2].headers["Retry-After"]


# The new password


@pytest.mark.spec("MAI-012")
async def test_token_sets_a_new_password(client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox) -> None:
    token = await get_reset_token(client, deliver, inbox, ada)

    response = await reset_password(client, token)

    assert (response.status_code, response.content) == (204, b"")
    assert (await log_in(client, ada.email, NEW_PASSWORD)).status_code == 200
    assert (await log_in(client, ada.email, PASSWORD)).status_code == 401


@pytest.mark.spec("MAI-012")
async def test_new_password_ends_all_login_sessions(
    client: AsyncClient, ada: Person, bob: Person, deliver: Deliver, inbox: Inbox
) -> None:
    await reset_password(client, await get_reset_token(client, deliver, inbox, ada))

    assert_error(await refresh(client, refresh_token_of(ada)), 401, "SESSION_ENDED")
    assert (await refresh(client, refresh_token_of(bob))).status_code == 200


@pytest.mark.spec("MAI-014")
async def test_token_works_once(client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox) -> None:
    token = await get_reset_token(client, deliver, inbox, ada)
    await reset_password(client, token)

    assert_error(await reset_password(client, token, "yet another password"), *INVALID_RESET_TOKEN)
    assert (await log_in(client, ada.email, NEW_PASSWORD)).status_code == 200


@pytest.mark.spec("MAI-014")
async def test_one_of_several_concurrent_uses_succeeds(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    token = await get_reset_token(client, deliver, inbox, ada)
    passwords = [f"{NEW_PASSWORD} {number}" for number in range(5)]

    responses = await asyncio.gather(*(reset_password(client, token, password) for password in passwords))

    statuses = [response.status_code for response in responses]
    assert sorted(statuses) == [204] + [400] * 4
    assert (await log_in(client, ada.email, passwords[statuses.index(204)])).status_code == 200


@pytest.mark.spec("MAI-014")
@pytest.mark.parametrize(("minutes", "status"), [(29, 204), (31, 400)])
async def test_token_works_for_30_minutes(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, minutes: int, status: int
) -> None:
    token = await get_reset_token(client, deliver, inbox, ada)

    with time_machine.travel(utc_now() + timedelta(minutes=minutes), tick=True):
        assert (await reset_password(client, token)).status_code == status


@pytest.mark.spec("MAI-014")
async def test_new_password_ends_older_tokens(
    client: AsyncClient, ada: Person, bob: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    first, second = [await get_reset_token(client, deliver, inbox, ada) for _ in range(2)]
    of_bob = await get_reset_token(client, deliver, inbox, bob)

    assert (await reset_password(client, first)).status_code == 204

    assert_error(await reset_password(client, second), *INVALID_RESET_TOKEN)
    assert await count_tokens(connection, ada) == 0
    assert (await reset_password(client, of_bob)).status_code == 204


@pytest.mark.spec("MAI-014")
async def test_request_of_a_stranger_does_not_end_the_token_of_the_owner(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    token = await get_reset_token(client, deliver, inbox, ada)
    await get_reset_token(client, deliver, inbox, ada)

    assert (await reset_password(client, token)).status_code == 204


@pytest.mark.spec("MAI-014")
async def test_account_has_at_most_five_tokens(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    tokens = [await get_reset_token(client, deliver, inbox, ada) for _ in range(6)]

    assert await count_tokens(connection, ada) == 5
    assert_error(await reset_password(client, tokens[0]), *INVALID_RESET_TOKEN)
    assert (await reset_password(client, tokens[1])).status_code == 204


@pytest.mark.spec("MAI-014")
async def test_change_of_the_password_ends_the_token(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    token = await get_reset_token(client, deliver, inbox, ada)
    await ada.client.post("/auth/password", json={"old_password": PASSWORD, "new_password": NEW_PASSWORD})

    assert_error(await reset_password(client, token, "yet another password"), *INVALID_RESET_TOKEN)


@pytest.mark.spec("MAI-014")
async def test_change_of_the_address_ends_the_token(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    token = await get_reset_token(client, deliver, inbox, ada)
    await confirm_email(client, await get_email_token(deliver, inbox, ada, new_email()))

    assert_error(await reset_password(client, token), *INVALID_RESET_TOKEN)


@pytest.mark.spec("MAI-014")
async def test_address_that_changed_before_the_mail_was_sent_gets_no_token(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    inbox.replies.append("451 Try again later")
    await request_reset(client, ada.email)
    await deliver()
    email = new_email()
    await connection.execute("UPDATE users SET email = $2, email_key = $3 WHERE id = $1", ada.id, email, email)

    with time_machine.travel(utc_now() + timedelta(minutes=5), tick=True):
        await deliver()

    assert inbox.mails == []


@pytest.mark.spec("MAI-014")
async def test_token_of_a_deleted_account_is_rejected(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    token = await get_reset_token(client, deliver, inbox, ada)
    await ada.client.request("DELETE", "/auth/me", json={"password": PASSWORD})

    assert_error(await reset_password(client, token), *INVALID_RESET_TOKEN)


@pytest.mark.spec("MAI-014")
async def test_random_part_of_a_token_belongs_to_its_user(
    client: AsyncClient, ada: Person, bob: Person, deliver: Deliver, inbox: Inbox
) -> None:
    of_ada, of_bob = [await get_reset_token(client, deliver, inbox, person) for person in (ada, bob)]

    # 16 bytes of the user's id are the first 21 characters and a part of the next one.
    assert_error(await reset_password(client, of_bob[:22] + of_ada[22:]), *INVALID_RESET_TOKEN)
    assert_error(await reset_password(client, of_ada[:22] + of_bob[22:]), *INVALID_RESET_TOKEN)


@pytest.mark.spec("MAI-014")
@pytest.mark.parametrize("token", ODD_TOKENS, ids=len)
async def test_odd_token_is_rejected(client: AsyncClient, token: str) -> None:
    assert_error(await reset_password(client, token), *INVALID_RESET_TOKEN)


@pytest.mark.parametrize("token", ["A" * 63 + "\0", None, 7, ["A" * 64]], ids=repr)
async def test_token_of_a_wrong_type_is_rejected(client: AsyncClient, token: object) -> None:
    body = {"token": token, "new_password": NEW_PASSWORD}

    assert_error(await client.post("/auth/password-reset/confirm", json=body), 422, "VALIDATION_ERROR")


async def test_short_password_keeps_the_token(client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox) -> None:
    token = await get_reset_token(client, deliver, inbox, ada)

    assert_error(await reset_password(client, token, "short"), 400, "PASSWORD_TOO_SHORT")
    assert (await reset_password(client, token)).status_code == 204


@pytest.mark.spec("MAI-015")
async def test_dump_of_the_database_has_no_token(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    tokens = [
        await get_reset_token(client, deliver, inbox, ada),
        await get_email_token(deliver, inbox, ada, new_email()),
    ]
    await request_reset(client, ada.email)

    tables = ("users", "mail_queue", "password_resets", "password_reset_requests")
    dump = str([list(row.values()) for table in tables for row in await connection.fetch(f"SELECT * FROM {table}")])

    assert ada.email in dump
    assert [token for token in tokens if token in dump or token[22:] in dump] == []


@pytest.mark.spec("MAI-016")
async def test_new_password_forgets_the_wrong_ones_of_the_network(
    make_app: MakeApp, app: FastAPI, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    limits = {"rate_limit_enabled": True, "rate_limit_account": "3/hour", "rate_limit_login": "100/minute"}
    limited = await make_app(app.state.resources.settings.database_url, **_mail_of(app), **limits)
    async with make_client(limited, "198.51.100.20") as client, make_client(limited, "198.51.100.21") as other:
        for _ in range(4):
            await log_in(client, ada.email, "not the password")
            await log_in(other, ada.email, "not the password")
        await reset_password(client, await get_reset_token(client, deliver, inbox, ada))

        statuses = [(await log_in(each, ada.email, NEW_PASSWORD)).status_code for each in (client, other)]

    assert statuses == [200, 429]


@pytest.mark.spec("MAI-012")
async def test_new_password_cancels_a_change_of_the_address(
    client: AsyncClient, make_person: MakePerson, deliver: Deliver, inbox: Inbox
) -> None:
    ada = await make_person()
    email_token = await get_email_token(deliver, inbox, ada, new_email())

    await reset_password(client, await get_reset_token(client, deliver, inbox, ada))

    assert_error(await confirm_email(client, email_token), 400, "INVALID_EMAIL_TOKEN")


@pytest.mark.spec("MAI-017")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/password-reset", {"email": "ada@example.com"}),
        ("/auth/password-reset/confirm", {"token": "A" * 64, "new_password": NEW_PASSWORD}),
        ("/auth/email-change/confirm", {"token": "A" * 64}),
    ],
)
async def test_routes_without_smtp_url_are_a_503(make_app: MakeApp, path: str, body: dict[str, str]) -> None:
    async with make_client(await make_app()) as client:
        response = await client.post(path, json=body)

    assert_error(response, 503, "MAIL_NOT_CONFIGURED")
    assert "todo user reset-password" in response.json()["detail"]


def _mail_of(app: FastAPI) -> dict[str, object]:
    settings = app.state.resources.settings
    return {name: getattr(settings, name) for name in ("smtp_url", "mail_from", "public_url")}


@pytest.mark.spec("MAI-010")
async def test_change_of_an_address_does_not_count_as_a_request(app: FastAPI, make_app: MakeApp, ada: Person) -> None:
    limited = await make_app(
        app.state.resources.settings.database_url, **_mail_of(app), rate_limit_enabled=True, rate_limit_mail="2/hour"
    )
    async with make_client(limited, headers=ada.client.headers) as client:
        await client.patch("/auth/me", json={"email": new_email(), "password": PASSWORD})
        changed = [(await request_reset(client, ada.email)).status_code for _ in range(3)]

    assert changed == [202, 202, 429]
