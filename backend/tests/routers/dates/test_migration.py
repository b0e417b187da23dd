"""The migration that adds dates keeps the tasks of before."""

import asyncio

import asyncpg
import pytest

from tests.support import MakeDatabase
from todo.core.database import migrator
from todo.core.database.url import connect_arguments

BEFORE, DATES = "9a4d27e6b3f1", "b8e1f40c7d26"
INSERT_USER = "INSERT INTO users (email, email_key, password_hash) VALUES ('ada@example.com', '', 'x') RETURNING id"
INSERT_TASK = """
INSERT INTO tasks (user_id, title, title_key, completed, due_date) VALUES ($1, 'x', 'x', $2, $3::text::timestamptz)
"""
SELECT_FILE = "SELECT pg_relation_filenode('tasks')"
SELECT_TASKS = "SELECT due_date::text, due_day, due_time_zone, completed_at FROM tasks ORDER BY id"


@pytest.mark.spec("DAT-012")
async def test_existing_due_dates_stay_instants_and_no_row_is_rewritten(make_database: MakeDatabase) -> None:
    url = await make_database(migrated=False)
    await asyncio.to_thread(migrator.upgrade, url, BEFORE)
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute("SET timezone = 'UTC'")
    user_id = await connection.fetchval(INSERT_USER)
    await connection.execute(INSERT_TASK, user_id, False, "2026-12-01T00:00:00Z")
    await connection.execute(INSERT_TASK, user_id, True, "2026-12-01T18:00:00Z")
    before = await connection.fetchval(SELECT_FILE)

    await asyncio.to_thread(migrator.upgrade, url, DATES)

    tasks = await connection.fetch(SELECT_TASKS)
    user = await connection.fetchrow("SELECT time_zone, week_start FROM users")
    assert [tuple(task) for task in tasks] == [
        ("2026-12-01 00:00:00+00", None, None, None),
        ("2026-12-01 18:00:00+00", None, None, None),
    ]
    assert tuple(user) == ("UTC", "monday")
    assert await connection.fetchval(SELECT_FILE) == before
    await connection.close()


@pytest.mark.spec("DAT-012")
async def test_downgrade_drops_the_days_of_tasks(make_database: MakeDatabase) -> None:
    url = await make_database(migrated=False)
    await asyncio.to_thread(migrator.upgrade, url, DATES)
    connection = await asyncpg.connect(**connect_arguments(url))
    user_id = await connection.fetchval(INSERT_USER)
    await connection.execute(INSERT_TASK, user_id, False, "2026-12-01T18:00:00Z")
    await connection.execute("UPDATE tasks SET due_date = NULL, due_day = '2026-12-01', start_day = '2026-11-01'")
    await connection.close()

    await asyncio.to_thread(migrator.downgrade, url, BEFORE)
    await asyncio.to_thread(migrator.upgrade, url, DATES)

    connection = await asyncpg.connect(**connect_arguments(url))
    task = await connection.fetchrow("SELECT title, due_date, due_day, start_day FROM tasks")
    await connection.close()
    assert tuple(task) == ("x", None, None, None)
