"""Deletion of the account with all its rows."""

from uuid import uuid4

import asyncpg
import pytest
from httpx import AsyncClient

from tests.routers.account.support import WRONG_PASSWORD, WRONG_PASSWORD_ERROR, delete_account
from tests.support import (
    PASSWORD,
    Json,
    MakePerson,
    MakeToken,
    Person,
    assert_error,
    authorize,
    log_in,
    refresh,
    refresh_token_of,
)

SELECT_TABLES_OF_USERS = """
SELECT table_name::text FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'user_id'
"""


async def count_rows(connection: asyncpg.Connection, person: Person) -> Json:
    """Return the number of rows of a user in each table that has users."""
    tables = [row["table_name"] for row in await connection.fetch(SELECT_TABLES_OF_USERS)]
    statements = {table: f"SELECT count(*) FROM {table} WHERE user_id = $1" for table in tables}
    statements["users"] = "SELECT count(*) FROM users WHERE id = $1"
    return {table: await connection.fetchval(statement, person.id) for table, statement in statements.items()}


@pytest.mark.spec("ACC-006")
async def test_deletion_removes_every_row_of_the_user(
    populated_account: Person, connection: asyncpg.Connection
) -> None:
    counts_before = await count_rows(connection, populated_account)

    response = await delete_account(populated_account.client, PASSWORD)

    assert response.status_code == 204
    assert response.content == b""
    assert {name for name, rows in counts_before.items() if rows} >= {
        "tasks",
        "tags",
        "task_tag_link",
        "sessions",
        "access_tokens",
        "idempotency_keys",
        "users",
    }
    assert await count_rows(connection, populated_account) == dict.fromkeys(counts_before, 0)


@pytest.mark.spec("ACC-006")
async def test_deletion_with_idempotency_key_removes_every_row(
    populated_account: Person, connection: asyncpg.Connection
) -> None:
    populated_account.client.headers["Idempotency-Key"] = uuid4().hex

    response = await delete_account(populated_account.client, PASSWORD)

    assert response.status_code == 204
    assert {*(await count_rows(connection, populated_account)).values()} == {0}


@pytest.mark.spec("ACC-006")
async def test_deletion_keeps_rows_of_other_users(
    populated_account: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    counts_before = await count_rows(connection, populated_account)

    await delete_account(bob.client, PASSWORD)

    assert await count_rows(connection, populated_account) == counts_before


@pytest.mark.spec("ACC-006")
async def test_credentials_of_a_deleted_user_are_rejected(
    client: AsyncClient, ada: Person, make_token: MakeToken
) -> None:
    token, refresh_token = await make_token(ada, "tasks:read"), refresh_token_of(ada)
    await delete_account(ada.client, PASSWORD)

    assert_error(await ada.client.get("/auth/me"), 401, "INVALID_TOKEN")
    assert_error(await refresh(client, refresh_token), 401, "SESSION_ENDED")
    assert_error(await log_in(client, ada.email), 401, "INVALID_CREDENTIALS")
    assert_error(await client.get("/tasks", headers=authorize(token["token"])), 401, "INVALID_TOKEN")
    assert_error(await ada.client.post("/tasks", json={"title": "Haunt"}), 401, "INVALID_TOKEN")


@pytest.mark.spec("ACC-006")
async def test_deletion_clears_the_cookie(ada: Person) -> None:
    response = await delete_account(ada.client, PASSWORD)

    attributes = "HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth; Max-Age=0"
    assert response.headers["Set-Cookie"] == f"refresh_token=; {attributes}"


@pytest.mark.spec("ACC-006")
async def test_email_of_a_deleted_user_can_register_again(make_person: MakePerson, ada: Person) -> None:
    await delete_account(ada.client, PASSWORD)

    new_user = await make_person(ada.email)

    assert new_user.id != ada.id
    assert (await new_user.client.get("/tasks")).json()["total"] == 0


@pytest.mark.spec("ACC-006")
@pytest.mark.parametrize("password", ["", WRONG_PASSWORD, "p" * 5_000], ids=len)
async def test_deletion_with_wrong_password_is_rejected(
    ada: Person, connection: asyncpg.Connection, password: str
) -> None:
    response = await delete_account(ada.client, password)

    assert_error(response, *WRONG_PASSWORD_ERROR)
    assert (await count_rows(connection, ada))["users"] == 1


@pytest.mark.parametrize("body", [{}, {"password": None}, {"password": 7}, {"confirm": PASSWORD}], ids=repr)
async def test_deletion_without_password_is_rejected(ada: Person, body: Json) -> None:
    response = await ada.client.request("DELETE", "/auth/me", json=body)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert (await ada.client.get("/auth/me")).status_code == 200
