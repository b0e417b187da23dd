"""The table `users`, and the rows that belong to a user."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.models.rows import (
    ADD_TAG,
    INSERT_KEY,
    INSERT_LOGIN_SESSION,
    INSERT_MAIL,
    INSERT_RESET,
    INSERT_SEARCH,
    INSERT_TOKEN,
    TABLES,
    count_rows,
    insert_tag,
    insert_task,
    insert_user,
)


@pytest.mark.spec("DB-002")
@pytest.mark.parametrize("email", ["ada@example.com", "ADA@EXAMPLE.COM", "Ada@example.com"])
async def test_email_is_unique_regardless_of_case(connection: asyncpg.Connection, email: str) -> None:
    await insert_user(connection, "ada@example.com")

    with pytest.raises(asyncpg.UniqueViolationError):
        await insert_user(connection, email)


@pytest.mark.parametrize("email", ["", "ada", "@example.com", "ada@"])
async def test_malformed_email_is_rejected(connection: asyncpg.Connection, email: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await insert_user(connection, email)


@pytest.mark.parametrize("column", ["email", "password_hash", "created_at"])
async def test_required_column_of_a_user_rejects_null(connection: asyncpg.Connection, ada: UUID, column: str) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        await connection.execute(f"UPDATE users SET {column} = NULL WHERE id = $1", ada)


async def test_pending_email_has_an_expiry(connection: asyncpg.Connection, ada: UUID) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE users SET pending_email = 'new@example.com' WHERE id = $1", ada)


async def test_unknown_kind_of_mail_is_rejected(connection: asyncpg.Connection, ada: UUID) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(INSERT_MAIL, ada, "newsletter")


async def test_rows_of_a_deleted_user_are_deleted(connection: asyncpg.Connection, ada: UUID) -> None:
    task, tag = await insert_task(connection, ada), await insert_tag(connection, ada)
    await connection.execute(ADD_TAG, ada, task, tag)
    await connection.execute(INSERT_SEARCH, ada, task)
    await connection.execute(INSERT_LOGIN_SESSION, ada)
    await connection.execute(INSERT_TOKEN, ada, b"a", ["tasks:read"])
    await connection.execute(INSERT_KEY, ada, "key")
    await connection.execute(INSERT_MAIL, ada, "password_reset")
    await connection.execute(INSERT_RESET, ada)

    await connection.execute("DELETE FROM users WHERE id = $1", ada)

    tables = sorted(TABLES - {"users"})
    assert {table: await count_rows(connection, table) for table in tables} == dict.fromkeys(tables, 0)


async def test_rows_of_another_user_remain(connection: asyncpg.Connection, ada: UUID, bob: UUID) -> None:
    task, tag = await insert_task(connection, bob), await insert_tag(connection, bob)
    await connection.execute(ADD_TAG, bob, task, tag)

    await connection.execute("DELETE FROM users WHERE id = $1", ada)

    assert [await count_rows(connection, table) for table in ("tasks", "tags", "task_tag_link")] == [1, 1, 1]


@pytest.mark.parametrize("user_id", [None, uuid4()], ids=["none", "unknown"])
async def test_login_session_token_and_key_require_a_user(connection: asyncpg.Connection, user_id: UUID | None) -> None:
    inserts: list[tuple[str, tuple[object, ...]]] = [
        (INSERT_LOGIN_SESSION, ()),
        (INSERT_TOKEN, (b"a", ["tasks:read"])),
        (INSERT_KEY, ("key",)),
    ]
    for statement, values in inserts:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            async with connection.transaction():
                await connection.execute(statement, user_id, *values)
