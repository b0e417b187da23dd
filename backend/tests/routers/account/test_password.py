"""Password changes and passwords that are replaced during a request."""

import asyncio

import asyncpg
import pytest
from httpx import AsyncClient

from tests.routers.account.support import (
    NEW_PASSWORD,
    PASSWORD_REQUESTS,
    WRONG_PASSWORD,
    WRONG_PASSWORD_ERROR,
    BcryptGate,
    SendPassword,
    change_password,
    fetch_user,
)
from tests.routers.support import ABSENT
from tests.support import (
    COUNT_WAITING,
    PASSWORD,
    MakeLoginSession,
    MakeToken,
    Person,
    assert_error,
    authorize,
    log_in,
    refresh,
    refresh_token_of,
)

# Effects


@pytest.mark.spec("ACC-004")
async def test_login_accepts_only_the_new_password(client: AsyncClient, ada: Person) -> None:
    response = await change_password(ada.client, PASSWORD)

    assert response.status_code == 204
    assert response.content == b""
    assert (await log_in(client, ada.email, NEW_PASSWORD)).status_code == 200
    assert_error(await log_in(client, ada.email, PASSWORD), 401, "INVALID_CREDENTIALS")


@pytest.mark.spec("ACC-004")
async def test_password_change_ends_other_login_sessions(
    client: AsyncClient, ada: Person, make_login_session: MakeLoginSession
) -> None:
    second_login = await make_login_session(ada)

    await change_password(ada.client, PASSWORD)

    assert_error(await second_login.client.get("/auth/sessions"), 401, "SESSION_ENDED")
    assert_error(await refresh(client, refresh_token_of(second_login)), 401, "SESSION_ENDED")


@pytest.mark.spec("ACC-004")
async def test_password_change_keeps_the_current_login_session(client: AsyncClient, ada: Person) -> None:
    await change_password(ada.client, PASSWORD)

    assert len((await ada.client.get("/auth/sessions")).json()) == 1
    assert (await refresh(client, refresh_token_of(ada))).status_code == 200


@pytest.mark.spec("ACC-004")
async def test_password_change_keeps_login_sessions_of_other_users(ada: Person, bob: Person) -> None:
    await change_password(ada.client, PASSWORD)

    assert len((await bob.client.get("/auth/sessions")).json()) == 1


@pytest.mark.spec("ACC-004")
async def test_password_change_keeps_personal_access_tokens(
    client: AsyncClient, ada: Person, make_token: MakeToken
) -> None:
    token = await make_token(ada, "tasks:read")

    await change_password(ada.client, PASSWORD)

    assert (await client.get("/tasks", headers=authorize(token["token"]))).status_code == 200


# Rules


@pytest.mark.spec("ACC-005")
@pytest.mark.parametrize("password", ["", WRONG_PASSWORD, NEW_PASSWORD, "p" * 5_000], ids=len)
async def test_wrong_old_password_is_rejected(
    ada: Person, make_login_session: MakeLoginSession, connection: asyncpg.Connection, password: str
) -> None:
    second_login, user = await make_login_session(ada), await fetch_user(connection, ada)

    response = await change_password(ada.client, password)

    assert_error(response, *WRONG_PASSWORD_ERROR)
    assert await fetch_user(connection, ada) == user
    assert (await second_login.client.get("/auth/sessions")).status_code == 200


async def test_problem_names_the_old_password(ada: Person) -> None:
    response = await change_password(ada.client, WRONG_PASSWORD)

    assert [error["field"] for error in response.json()["errors"]] == ["old_password"]


@pytest.mark.parametrize(
    ("password", "code"), [("seven77", "PASSWORD_TOO_SHORT"), ("p" * 1025, "PASSWORD_TOO_LONG")], ids=["short", "long"]
)
async def test_invalid_new_password_is_rejected(ada: Person, password: str, code: str) -> None:
    response = await ada.client.post("/auth/password", json={"old_password": PASSWORD, "new_password": password})

    assert_error(response, 400, code)
    assert [error["field"] for error in response.json()["errors"]] == ["new_password"]


@pytest.mark.parametrize("invalid_field", ["old_password", "new_password"])
@pytest.mark.parametrize("value", [ABSENT, None, 12_345_678], ids=["absent", "null", "number"])
async def test_missing_or_mistyped_field_is_rejected(ada: Person, invalid_field: str, value: object) -> None:
    fields = {"old_password": PASSWORD, "new_password": NEW_PASSWORD} | {invalid_field: value}
    body = {name: field for name, field in fields.items() if field is not ABSENT}

    response = await ada.client.post("/auth/password", json=body)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == [invalid_field]


# Concurrency


@pytest.mark.spec("ACC-003", "ACC-005", "ACC-006")
@PASSWORD_REQUESTS
async def test_password_replaced_during_a_request_is_rejected(
    ada: Person, connection: asyncpg.Connection, watcher: asyncpg.Connection, send: SendPassword
) -> None:
    async with connection.transaction():
        await connection.execute("UPDATE users SET password_hash = 'replaced' WHERE id = $1", ada.id)
        request = asyncio.create_task(send(ada.client, PASSWORD))
        async with asyncio.timeout(10):
            while not await watcher.fetchval(COUNT_WAITING) and not request.done():
                pass
    response = await request

    assert_error(response, *WRONG_PASSWORD_ERROR)
    user = await fetch_user(connection, ada)
    assert (user["email"], user["password_hash"]) == (ada.email, "replaced")


@pytest.mark.spec("ACC-004")
async def test_login_with_a_password_replaced_during_the_hash_is_rejected(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection, bcrypt_gate: BcryptGate
) -> None:
    request = asyncio.create_task(log_in(client, ada.email))
    await asyncio.to_thread(bcrypt_gate.reached.wait, 10)
    await connection.execute("UPDATE users SET password_hash = 'replaced' WHERE id = $1", ada.id)
    bcrypt_gate.opened.set()
    response = await request

    assert_error(response, 401, "INVALID_CREDENTIALS")
    assert await connection.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", ada.id) == 1
