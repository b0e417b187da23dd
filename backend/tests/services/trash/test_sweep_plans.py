"""The plan of the sweep of old changes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from tests.services.plans import connect, explain
from tests.support import MakeDatabase
from todo.services.trash.statements import SELECT_OLD_CHANGES

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 20
INSERT_DAY = """
INSERT INTO changes (user_id, seq, batch, action, type, id, after, at)
SELECT users.id, $1 * 500 + i, 1, 'update', 'task', i, '{"title": "Water the plants"}',
       $2::timestamptz + i * interval '1 minute'
FROM users, generate_series(1, 500) AS i
"""


@pytest.fixture
async def connection(make_database: MakeDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database whose changes were all deleted and written again in the same space."""
    connection = await connect(await make_database())
    await connection.execute(
        "INSERT INTO users (email, email_key, password_hash) VALUES ('ada@example.com', 'ada@example.com', 'x')"
    )
    for day in range(3 * DAYS):
        await connection.execute("DELETE FROM changes WHERE at < $1", FIRST_DAY + timedelta(days=day - DAYS))
        await connection.execute("VACUUM changes")
        await connection.execute(INSERT_DAY, day, FIRST_DAY + timedelta(days=day))
    await connection.execute("VACUUM ANALYZE changes")
    yield connection
    await connection.close()


@pytest.mark.spec("TRA-009")
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_sweep_reads_few_blocks_when_nothing_is_old(connection: asyncpg.Connection, mode: str) -> None:
    await connection.execute(f"SET plan_cache_mode = {mode}")
    since = FIRST_DAY + timedelta(days=2 * DAYS)
    assert await connection.fetchval("SELECT pg_relation_size('changes') / 8192") > 100

    plan = (await explain(connection, SELECT_OLD_CHANGES, run=True, since=since))[0]

    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 20
