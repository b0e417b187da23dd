"""The indexes that lists of a user's rows need."""

import asyncpg
import pytest

INDEXES = [
    "idx_tasks_user_id",
    "idx_tasks_user_completed",
    "idx_tasks_user_priority",
    "idx_tasks_user_due_date",
    "idx_tags_user_id",
    "idx_task_tag_link_task",
    "idx_task_tag_link_tag",
]


@pytest.mark.spec("DB-006")
@pytest.mark.parametrize("index", INDEXES)
async def test_index_begins_with_the_user(connection: asyncpg.Connection, index: str) -> None:
    definition = await connection.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = $1", index)

    assert "(user_id" in definition
