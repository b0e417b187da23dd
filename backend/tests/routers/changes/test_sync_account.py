"""Changes of the account have a number, and sync returns the account."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import Response

from tests.routers.changes.copies import read_page, read_token
from tests.routers.changes.support import read_log
from tests.routers.totp.support import delete_totp, enable_totp
from tests.support import PASSWORD, Json, Person
from todo.core.clock import utc_now
from todo.core.security.passwords import PasswordHasher
from todo.http.request_state import AppResources
from todo.services.accounts.email_change import sweep_email_changes
from todo.services.administration import service as administration

NEW_PASSWORD = "staple and a longer one"
SET_PENDING = """
UPDATE users SET pending_email = 'new@example.com', pending_email_expires_at = now() + $2 * interval '1 hour'
WHERE id = $1
"""


async def change_name(owner: Person) -> Response:
    return await owner.client.patch("/auth/me", json={"name": "Ada"})


async def change_email(owner: Person) -> Response:
    return await owner.client.patch("/auth/me", json={"email": f"new-{owner.email}", "password": PASSWORD})


async def change_password(owner: Person) -> Response:
    body = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    return await owner.client.post("/auth/password", json=body)


async def read_changes(connection: asyncpg.Connection, owner: Person) -> list[Json]:
    return [change for change in await read_log(connection, owner) if change["type"] == "account"]


async def assert_account_is_synced(owner: Person, token: str) -> None:
    """Check that the delta since a token is the account as it is now."""
    page = await read_page(owner, token)
    account = (await owner.client.get("/auth/me")).json()
    assert page["items"] == [{"type": "account", "id": None, "deleted": False, "data": account}]


@pytest.mark.spec("SYN-008")
@pytest.mark.parametrize("send", [change_name, change_email])
async def test_change_of_the_account_is_synced(
    ada: Person, connection: asyncpg.Connection, send: Callable[[Person], Awaitable[Response]]
) -> None:
    token = await read_token(ada)

    response = await send(ada)

    assert response.is_success, response.text
    [change] = await read_changes(connection, ada)
    assert (change["action"], change["id"], change["before"], change["after"]) == ("update", None, None, None)
    assert change["login_session_id"] is not None
    assert change["request_id"] == response.headers["X-Request-ID"]
    assert response.headers["Change-Seq"] == str(change["seq"])
    await assert_account_is_synced(ada, token)


@pytest.mark.spec("SYN-008")
async def test_second_factor_is_synced(ada: Person, connection: asyncpg.Connection) -> None:
    token = await read_token(ada)
    factor = await enable_totp(ada)
    await assert_account_is_synced(ada, token)

    token = await read_token(ada)
    response = await delete_totp(ada, factor.recovery_codes[0])

    await assert_account_is_synced(ada, token)
    assert response.headers["Change-Seq"] == "2"
    assert len(await read_changes(connection, ada)) == 2


@pytest.mark.spec("SYN-008")
async def test_write_without_a_change_of_the_account_has_no_number(ada: Person, connection: asyncpg.Connection) -> None:
    await change_name(ada)

    responses = [
        await change_name(ada),
        await ada.client.patch("/auth/me", json={"email": ada.email, "password": PASSWORD}),
        await ada.client.patch("/auth/me", json={"email": "x@example.com", "password": "wrong"}),
        await change_password(ada),
    ]

    assert not any("Change-Seq" in response.headers for response in responses)
    assert len(await read_changes(connection, ada)) == 1


@pytest.mark.spec("SYN-008")
async def test_cancelled_address_is_synced(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(SET_PENDING, ada.id, 1)
    token = await read_token(ada)

    response = await change_password(ada)

    assert response.headers["Change-Seq"] == "1"
    await assert_account_is_synced(ada, token)


@pytest.mark.spec("SYN-008")
async def test_expired_address_is_synced_after_the_sweep(
    ada: Person, bob: Person, app: FastAPI, connection: asyncpg.Connection
) -> None:
    resources: AppResources = app.state.resources
    await connection.execute(SET_PENDING, ada.id, -1)
    await connection.execute(SET_PENDING, bob.id, 1)
    token = await read_token(ada)

    for _ in range(2):
        await sweep_email_changes(resources.database.session, utc_now())

    await assert_account_is_synced(ada, token)
    [change] = await read_changes(connection, ada)
    assert (change["login_session_id"], change["access_token_id"], change["request_id"]) == (None, None, None)
    assert await read_changes(connection, bob) == []


@pytest.mark.spec("SYN-008")
async def test_operator_changes_are_synced(ada: Person, app: FastAPI, connection: asyncpg.Connection) -> None:
    resources: AppResources = app.state.resources
    session, hasher = resources.database.session, PasswordHasher(4, 1024)
    operations: list[Callable[[], Awaitable[object]]] = [
        lambda: administration.end_sessions(session, ada.id, utc_now()),
        lambda: administration.disable_user(session, ada.id, utc_now()),
        lambda: administration.reset_password(session, hasher, ada.id, NEW_PASSWORD, utc_now()),
    ]
    for number, change_account in enumerate(operations, 1):
        await connection.execute(SET_PENDING, ada.id, 1)
        for _ in range(2):
            await change_account()
        assert len(await read_changes(connection, ada)) == number


@pytest.mark.spec("SYN-008")
async def test_replay_has_the_number_of_the_account(ada: Person) -> None:
    headers, body = {"Idempotency-Key": "once"}, {"email": f"new-{ada.email}", "password": PASSWORD}

    first, second = [await ada.client.patch("/auth/me", json=body, headers=headers) for _ in range(2)]

    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Change-Seq"] == first.headers["Change-Seq"] == "1"
