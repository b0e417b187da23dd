"""A batch has at most its number of rows, whatever plan PostgreSQL chooses."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from tests.models.rows import INSERT_MAIL, insert_user
from tests.support import MakeDatabase
from todo.core.clock import utc_now
from todo.core.database.url import connect_arguments
from todo.services.mail.statements import CLAIM_MAIL
from todo.services.password_resets.statements import TAKE_BATCH, TAKE_REQUESTS

ROWS = 3 * TAKE_BATCH
INSERT_REQUESTS = """
INSERT INTO password_reset_requests (id, email_key) SELECT gen_random_uuid(), i::text FROM generate_series(1, $1) AS i
"""


@pytest.fixture
async def vacuumed(make_database: MakeDatabase) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection to a database whose empty tables were vacuumed, so that kept plans expect no rows."""
    connection = await asyncpg.connect(**connect_arguments(await make_database()))
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute("VACUUM (ANALYZE) mail_queue, password_reset_requests")
    yield connection
    await connection.close()


@pytest.mark.spec("MAI-037")
async def test_one_mail_is_claimed_at_a_time(vacuumed: asyncpg.Connection) -> None:
    values = {"now": utc_now() + timedelta(minutes=1), "next_attempt_at": utc_now() + timedelta(minutes=3)}
    await vacuumed.fetch(CLAIM_MAIL.sql, *CLAIM_MAIL.arguments(values))
    for number in range(20):
        user_id = await insert_user(vacuumed, f"ada{number}@example.com")
        await vacuumed.execute(INSERT_MAIL, user_id, "password_reset")

    claimed = await vacuumed.fetch(CLAIM_MAIL.sql, *CLAIM_MAIL.arguments(values))

    assert len(claimed) == 1


@pytest.mark.spec("MAI-037")
async def test_requests_are_taken_in_batches(vacuumed: asyncpg.Connection) -> None:
    await vacuumed.fetch(TAKE_REQUESTS.sql, *TAKE_REQUESTS.arguments({}))
    await vacuumed.execute(INSERT_REQUESTS, ROWS)

    taken = await vacuumed.fetch(TAKE_REQUESTS.sql, *TAKE_REQUESTS.arguments({}))

    assert len(taken) == TAKE_BATCH
