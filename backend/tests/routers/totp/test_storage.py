"""Secrets and recovery codes in the database, in the export, and after a new JWT_SECRET_KEY."""

import logging
from collections.abc import Coroutine
from typing import Protocol
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from tests.routers.totp.support import Factor, confirm_totp, enable_totp, is_enabled, log_in, start_totp
from tests.support import PASSWORD, SECRET, MakeApp, MakeDatabase, MakePerson, Person, assert_error, make_client
from todo.core.database.url import connect_arguments
from todo.core.security.sealing import HEAD_BYTES, Sealer

NEW_SECRET = "a1b2" * 16
RESEALER = "todo.workers.resealer"


class StartWith(Protocol):
    """Starts an application with this secret and previous secret."""

    def __call__(self, secret: str, previous: str | None = None) -> Coroutine[object, object, FastAPI]: ...


@pytest.fixture
async def url(make_database: MakeDatabase) -> str:
    """Return the URL of a new database, because an application seals the secrets of all users in its database."""
    return await make_database()


@pytest.fixture
def start_with(make_app: MakeApp, url: str) -> StartWith:
    async def start(secret: str, previous: str | None = None) -> FastAPI:
        return await make_app(
            url,
            jwt_secret_key=SecretStr(secret),
            jwt_secret_key_previous=SecretStr(previous) if previous else None,
        )

    return start


async def register(app: FastAPI, email: str) -> tuple[Person, Factor]:
    """Register a user, and set up a second factor."""
    client = make_client(app)
    user = (await client.post("/auth/register", json={"email": email, "password": PASSWORD})).json()
    person = Person(UUID(user["id"]), email, client)
    client.headers["Authorization"] = f"Bearer {(await log_in(client, person)).json()['access_token']}"
    return person, await enable_totp(person)


async def status_of_login(app: FastAPI, person: Person, code: str) -> int:
    async with make_client(app) as client:
        return (await log_in(client, person, code)).status_code


async def fetch_heads(url: str) -> set[bytes]:
    """Return the heads of all sealed secrets."""
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        rows = await connection.fetch("SELECT sealed_secret FROM totp_factors")
    finally:
        await connection.close()
    return {row["sealed_secret"][:HEAD_BYTES] for row in rows}


def messages(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if (record.name, record.levelno) == (RESEALER, level)]


# At rest


@pytest.mark.spec("TFA-012")
async def test_database_holds_neither_secret_nor_codes(
    ada: Person, factor: Factor, connection: asyncpg.Connection
) -> None:
    rows = [
        str(dict(row))
        for table in ("totp_factors", "recovery_codes")
        for row in await connection.fetch(f"SELECT * FROM {table} WHERE user_id = $1", ada.id)
    ]

    assert len(rows) == 11
    for text in (factor.secret, *factor.recovery_codes, *(code.replace("-", "") for code in factor.recovery_codes)):
        assert not any(text in row for row in rows)


@pytest.mark.spec("TFA-012")
async def test_secret_of_another_row_is_not_opened(
    ada: Person, bob: Person, factor: Factor, connection: asyncpg.Connection
) -> None:
    await enable_totp(bob)

    await connection.execute(
        "UPDATE totp_factors SET sealed_secret = ada.sealed_secret FROM totp_factors AS ada "
        "WHERE totp_factors.user_id = $1 AND ada.user_id = $2",
        *(bob.id, ada.id),
    )

    assert_error(await log_in(bob.client, bob, factor.code(1)), 401, "INVALID_TOTP_CODE")


@pytest.mark.spec("TFA-013")
async def test_export_and_log_hold_no_secret(ada: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    factor = await enable_totp(ada)
    await log_in(ada.client, ada, factor.recovery_codes[0])

    export = (await ada.client.get("/auth/me/export")).text

    assert '"totp_enabled":true' in export
    for text in (factor.secret, *factor.recovery_codes):
        assert text not in export
        assert text not in caplog.text


@pytest.mark.spec("TFA-013")
async def test_deletion_of_the_account_deletes_factor_and_codes(
    ada: Person, factor: Factor, connection: asyncpg.Connection
) -> None:
    assert factor.recovery_codes
    await ada.client.request("DELETE", "/auth/me", json={"password": PASSWORD})

    for table in ("totp_factors", "recovery_codes"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table} WHERE user_id = $1", ada.id) == 0


@pytest.mark.spec("TFA-013")
async def test_repeated_request_with_an_idempotency_key_stores_no_secret(
    ada: Person, connection: asyncpg.Connection
) -> None:
    ada.client.headers["Idempotency-Key"] = "setup"

    first, second = [(await start_totp(ada)).json()["secret"] for _ in range(2)]

    assert first != second
    assert await connection.fetchval("SELECT count(*) FROM idempotency_keys WHERE user_id = $1", ada.id) == 0


# New JWT_SECRET_KEY


@pytest.mark.spec("TFA-012")
async def test_start_with_a_new_secret_seals_anew(
    url: str, start_with: StartWith, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = await start_with(SECRET)
    ada, factor = await register(before, "ada@example.com")
    await start_totp((await register(before, "bob@example.com"))[0])

    await start_with(NEW_SECRET, previous=SECRET)
    after = await start_with(NEW_SECRET)

    assert await fetch_heads(url) == {Sealer(NEW_SECRET).head}
    assert messages(caplog, logging.INFO) == ["Sealed 2 second factors with the current JWT_SECRET_KEY"]
    assert messages(caplog, logging.WARNING) == []
    assert await status_of_login(after, ada, factor.code(1)) == 200


@pytest.mark.spec("TFA-012")
async def test_previous_secret_opens_what_a_slower_process_sealed(start_with: StartWith) -> None:
    before, after = await start_with(SECRET), await start_with(NEW_SECRET, previous=SECRET)

    ada, factor = await register(before, "ada@example.com")

    assert await status_of_login(after, ada, factor.code(1)) == 200


@pytest.mark.spec("TFA-012")
async def test_start_without_the_previous_secret_warns_and_loses_nothing(
    url: str, start_with: StartWith, caplog: pytest.LogCaptureFixture
) -> None:
    ada, factor = await register(await start_with(SECRET), "ada@example.com")
    head = await fetch_heads(url)

    forgotten = await start_with(NEW_SECRET)

    [warning] = messages(caplog, logging.WARNING)
    assert warning.startswith("1 second factors cannot be opened")
    assert "JWT_SECRET_KEY_PREVIOUS" in warning
    assert await fetch_heads(url) == head
    assert await status_of_login(forgotten, ada, factor.code(1)) == 401
    assert await status_of_login(forgotten, ada, factor.recovery_codes[0]) == 200

    mended = await start_with(NEW_SECRET, previous=SECRET)

    assert await status_of_login(mended, ada, factor.code(1)) == 200


@pytest.mark.spec("TFA-012")
async def test_start_seals_more_than_one_batch(
    url: str, start_with: StartWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todo.services.totp.statements.RESEAL_BATCH", 2)
    before = await start_with(SECRET)
    people = [await register(before, f"user{number}@example.com") for number in range(5)]

    after = await start_with(NEW_SECRET, previous=SECRET)

    assert await fetch_heads(url) == {Sealer(NEW_SECRET).head}
    for person, factor in people:
        assert await status_of_login(after, person, factor.code(1)) == 200


@pytest.mark.spec("TFA-012")
async def test_pending_secret_of_an_unknown_key_can_be_replaced(make_person: MakePerson, make_app: MakeApp) -> None:
    person = await make_person()
    other = await make_app(jwt_secret_key=SecretStr(NEW_SECRET), jwt_secret_key_previous=SecretStr(SECRET))
    async with make_client(other, headers=person.client.headers) as client:
        foreign = (await client.post("/auth/totp", json={"password": PASSWORD})).json()["secret"]

    assert_error(await confirm_totp(person, Factor(foreign, []).code()), 400, "WRONG_TOTP_CODE")
    await enable_totp(person)
    assert await is_enabled(person)
