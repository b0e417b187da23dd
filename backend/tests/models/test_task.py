"""The table `tasks`."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.models.rows import count_rows, insert_task


@pytest.mark.spec("DB-004")
async def test_task_without_a_user_is_rejected(connection: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        await insert_task(connection, None)


@pytest.mark.spec("DB-004")
async def test_task_of_an_unknown_user_is_rejected(connection: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await insert_task(connection, uuid4())


async def test_task_has_defaults(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_task(connection, ada)

    task = await connection.fetchrow("SELECT completed, priority, due_date, created_at = updated_at FROM tasks")

    assert task is not None
    assert tuple(task) == (False, "medium", None, True)


@pytest.mark.parametrize("title", ["", " ", "\t\n", "\u00a0", "\u3000"], ids=ascii)
async def test_blank_title_is_rejected(connection: asyncpg.Connection, ada: UUID, title: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await insert_task(connection, ada, title)


@pytest.mark.parametrize(("column", "limit"), [("title", 200), ("description", 1000)], ids=["title", "description"])
async def test_text_limit_counts_characters(connection: asyncpg.Connection, ada: UUID, column: str, limit: int) -> None:
    await insert_task(connection, ada)

    await connection.execute(f"UPDATE tasks SET {column} = $1", limit * "🌿")
    with pytest.raises(asyncpg.StringDataRightTruncationError):
        await connection.execute(f"UPDATE tasks SET {column} = $1", (limit + 1) * "x")


@pytest.mark.parametrize("priority", ["", "urgent", "HIGH", " high"])
async def test_unknown_priority_is_rejected(connection: asyncpg.Connection, ada: UUID, priority: str) -> None:
    await insert_task(connection, ada)

    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE tasks SET priority = $1", priority)


async def test_empty_recurrence_rule_is_rejected(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_task(connection, ada)

    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE tasks SET recurrence_rule = ''")


@pytest.mark.parametrize("column", ["title", "completed", "priority", "created_at", "updated_at"])
async def test_required_column_of_a_task_rejects_null(connection: asyncpg.Connection, ada: UUID, column: str) -> None:
    await insert_task(connection, ada)

    with pytest.raises(asyncpg.NotNullViolationError):
        await connection.execute(f"UPDATE tasks SET {column} = NULL")


async def test_external_id_is_unique_for_a_user(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_task(connection, ada)
    await insert_task(connection, ada)

    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("UPDATE tasks SET external_id = 'import-7'")


async def test_users_may_have_tasks_of_the_same_external_id(
    connection: asyncpg.Connection, ada: UUID, bob: UUID
) -> None:
    await insert_task(connection, ada)
    await insert_task(connection, bob)

    await connection.execute("UPDATE tasks SET external_id = 'import-7'")

    assert await count_rows(connection, "tasks") == 2


async def test_external_id_is_optional(connection: asyncpg.Connection, ada: UUID) -> None:
    for _ in range(3):
        await insert_task(connection, ada)

    assert await count_rows(connection, "tasks") == 3


async def test_empty_external_id_is_rejected(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_task(connection, ada)

    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE tasks SET external_id = ''")
