"""The table `task_tag_link`."""

from uuid import UUID

import asyncpg
import pytest

from tests.models.rows import ADD_TAG, count_rows, insert_tag, insert_task


@pytest.mark.spec("DB-005")
async def test_link_is_unique(connection: asyncpg.Connection, ada: UUID) -> None:
    task, tag = await insert_task(connection, ada), await insert_tag(connection, ada)
    await connection.execute(ADD_TAG, ada, task, tag)

    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(ADD_TAG, ada, task, tag)


@pytest.mark.parametrize("owner", ["task's", "tag's"])
async def test_link_across_users_is_rejected(connection: asyncpg.Connection, ada: UUID, bob: UUID, owner: str) -> None:
    task, tag = await insert_task(connection, ada), await insert_tag(connection, bob)

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute(ADD_TAG, {"task's": ada, "tag's": bob}[owner], task, tag)


async def test_linked_task_cannot_move_to_another_user(connection: asyncpg.Connection, ada: UUID, bob: UUID) -> None:
    task, tag = await insert_task(connection, ada), await insert_tag(connection, ada)
    await connection.execute(ADD_TAG, ada, task, tag)

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute("UPDATE tasks SET user_id = $1", bob)


@pytest.mark.parametrize(("deleted_table", "other_table"), [("tasks", "tags"), ("tags", "tasks")])
async def test_links_of_a_deleted_row_are_deleted(
    connection: asyncpg.Connection, ada: UUID, deleted_table: str, other_table: str
) -> None:
    task, tag = await insert_task(connection, ada), await insert_tag(connection, ada)
    await connection.execute(ADD_TAG, ada, task, tag)

    await connection.execute(f"DELETE FROM {deleted_table}")

    assert (await count_rows(connection, "task_tag_link"), await count_rows(connection, other_table)) == (0, 1)
