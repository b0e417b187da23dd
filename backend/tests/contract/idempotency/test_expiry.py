"""Keys expire after 24 hours and are then swept."""

import asyncio

import asyncpg
import pytest
from fastapi import FastAPI

from tests.contract.idempotency.support import assert_replay, create_task
from tests.contract.support import count_tasks
from tests.support import RETENTION, Json, Person
from todo.services.housekeeping import sweep
from todo.services.idempotency.service import sweep_keys
from todo.services.idempotency.statements import SWEEP_BATCH

AGE_KEYS = "UPDATE idempotency_keys SET created_at = now() - $2::text::interval WHERE user_id = $1"
INSERT_OLD_KEYS = """
INSERT INTO idempotency_keys (user_id, key, fingerprint, created_at)
SELECT $1, 'old ' || i, 'x', now() - interval '24 hours 1 second' FROM generate_series(1, $2) AS i
"""
COUNT_KEYS = "SELECT count(*) FROM idempotency_keys WHERE user_id = $1"


@pytest.mark.spec("IDK-005")
async def test_key_is_new_after_24_hours(ada: Person, connection: asyncpg.Connection, key: str) -> None:
    first = await create_task(ada, key)
    await connection.execute(AGE_KEYS, ada.id, "24 hours 1 second")

    second, replayed = await create_task(ada, key), await create_task(ada, key)

    assert second.json()["id"] != first.json()["id"]
    assert_replay(replayed, second)


@pytest.mark.spec("IDK-005")
async def test_expired_key_is_accepted_for_another_request(
    ada: Person, connection: asyncpg.Connection, key: str
) -> None:
    await create_task(ada, key)
    await connection.execute(AGE_KEYS, ada.id, "24 hours 1 second")

    response = await create_task(ada, key, "Feed the cat")

    assert response.status_code == 201


@pytest.mark.spec("IDK-005")
async def test_response_is_replayed_for_24_hours(ada: Person, connection: asyncpg.Connection, key: str) -> None:
    first = await create_task(ada, key)
    await connection.execute(AGE_KEYS, ada.id, "23 hours 59 minutes")

    assert_replay(await create_task(ada, key), first)


@pytest.mark.spec("IDK-003", "IDK-005")
async def test_concurrent_duplicates_with_an_expired_key_write_once(
    ada: Person, connection: asyncpg.Connection, key: str
) -> None:
    await create_task(ada, key)
    await connection.execute(AGE_KEYS, ada.id, "25 hours")

    responses = await asyncio.gather(*(create_task(ada, key) for _ in range(20)))

    assert len({response.content for response in responses}) == 1
    assert await count_tasks(ada) == 2


@pytest.mark.spec("IDK-005")
async def test_expired_response_is_replaced(ada: Person, task: Json, connection: asyncpg.Connection) -> None:
    headers = {"Idempotency-Key": "a"}
    await ada.client.post("/tasks", json={"title": "Water the plants"}, headers=headers)
    await connection.execute(AGE_KEYS, ada.id, "25 hours")

    first, replayed = [await ada.client.delete(f"/tasks/{task['id']}", headers=headers) for _ in range(2)]

    assert (replayed.status_code, replayed.content) == (204, b"")
    assert_replay(replayed, first)


@pytest.mark.spec("IDK-006")
async def test_sweep_deletes_expired_keys(ada: Person, app: FastAPI, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_OLD_KEYS, ada.id, 2 * SWEEP_BATCH + 1)
    await create_task(ada, "recent")

    await sweep(app.state.resources.database.session, RETENTION)

    keys = await connection.fetch("SELECT key FROM idempotency_keys WHERE user_id = $1", ada.id)
    assert [row["key"] for row in keys] == ["recent"]


@pytest.mark.spec("IDK-006", "CIT-013")
@pytest.mark.parametrize("has_shards", [False, True])
async def test_sweep_deletes_one_batch_at_a_time(
    ada: Person, app: FastAPI, connection: asyncpg.Connection, has_shards: bool
) -> None:
    database = app.state.resources.database.session
    await sweep(database, RETENTION)
    await connection.execute(INSERT_OLD_KEYS, ada.id, SWEEP_BATCH + 1)

    deleted_counts = [await sweep_keys(database, has_shards=has_shards) for _ in range(3)]

    assert deleted_counts == [SWEEP_BATCH, 1, 0]


@pytest.mark.spec("IDK-006")
async def test_sweep_skips_a_locked_key(ada: Person, app: FastAPI, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_OLD_KEYS, ada.id, 3)

    async with connection.transaction():
        await connection.execute("SELECT FROM idempotency_keys WHERE user_id = $1 AND key = 'old 2' FOR UPDATE", ada.id)
        await sweep(app.state.resources.database.session, RETENTION)
        remaining = await connection.fetchval(COUNT_KEYS, ada.id)

    assert remaining == 1


@pytest.mark.spec("IDK-006")
async def test_concurrent_sweeps_delete_all_expired_keys(
    ada: Person, app: FastAPI, connection: asyncpg.Connection
) -> None:
    await connection.execute(INSERT_OLD_KEYS, ada.id, SWEEP_BATCH + 1)

    await asyncio.gather(*(sweep(app.state.resources.database.session, RETENTION) for _ in range(3)))

    assert await connection.fetchval(COUNT_KEYS, ada.id) == 0
