"""The columns that `tasks` and `tags` share: `id` and `version`."""

from uuid import UUID

import asyncpg
import pytest

from tests.models.rows import insert_tag, insert_task


@pytest.mark.parametrize("table", ["tasks", "tags"])
async def test_id_cannot_be_changed(connection: asyncpg.Connection, ada: UUID, table: str) -> None:
    await insert_task(connection, ada)
    await insert_tag(connection, ada)

    with pytest.raises(asyncpg.GeneratedAlwaysError):
        await connection.execute(f"UPDATE {table} SET id = 1")


@pytest.mark.parametrize("table", ["tasks", "tags"])
async def test_new_row_has_version_1(connection: asyncpg.Connection, ada: UUID, table: str) -> None:
    await insert_task(connection, ada)
    await insert_tag(connection, ada)

    assert await connection.fetchval(f"SELECT version FROM {table}") == 1


@pytest.mark.parametrize("table", ["tasks", "tags"])
async def test_version_rejects_null(connection: asyncpg.Connection, ada: UUID, table: str) -> None:
    await insert_task(connection, ada)
    await insert_tag(connection, ada)

    with pytest.raises(asyncpg.NotNullViolationError):
        await connection.execute(f"UPDATE {table} SET version = NULL")
