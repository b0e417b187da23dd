"""A trash of several thousand entries is exported and emptied in batches."""

import asyncio
import json
import time

import asyncpg
import pytest
from fastapi import FastAPI

from tests.support import RETENTION, Make, Person
from todo.core.clock import utc_now
from todo.services.transfer.export import export_user
from todo.services.trash.statements import BATCH

ENTRIES = 6 * BATCH
INSERT = """
WITH clock AS (
    INSERT INTO change_clocks (user_id, seq) VALUES ($1, 2 * $2)
    ON CONFLICT (user_id) DO UPDATE SET seq = 2 * $2
)
INSERT INTO changes (user_id, seq, batch, action, type, id, before, after)
SELECT $1, 2 * i - is_old, 2 * i - is_old, CASE is_old WHEN 1 THEN 'create' ELSE 'delete' END, 'task', -i,
       CASE is_old WHEN 0 THEN jsonb_build_object('title', 'Task ' || i, 'tags', '[]'::jsonb) END,
       CASE is_old WHEN 1 THEN jsonb_build_object('title', 'Task ' || i) END
FROM generate_series(1, $2::bigint) AS i, generate_series(0, 1) AS is_old
"""
COUNT_CONTENTS = "SELECT count(*) FROM changes WHERE user_id = $1 AND (before IS NOT NULL OR after IS NOT NULL)"
COUNT_TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM changes WHERE user_id = $1"


@pytest.fixture(autouse=True)
async def entries(ada: Person, connection: asyncpg.Connection) -> None:
    """Fill the trash of Ada with ENTRIES tasks."""
    await connection.execute(INSERT, ada.id, ENTRIES)


@pytest.mark.spec("TRA-014")
async def test_export_reads_the_trash_in_batches(app: FastAPI, ada: Person) -> None:
    session = app.state.resources.database.session

    pieces = [piece async for piece in await export_user(session, ada.id, utc_now(), RETENTION.trash)]

    assert max(piece.count(b'"deleted_at"') for piece in pieces) == BATCH
    trash = json.loads(b"".join(pieces))["trash"]
    assert [entry["name"] for entry in trash] == [f"Task {number}" for number in range(ENTRIES, 0, -1)]


@pytest.mark.spec("TRA-014")
async def test_trash_is_emptied_in_short_transactions(
    ada: Person, connection: asyncpg.Connection, make_task: Make
) -> None:
    emptying = asyncio.ensure_future(ada.client.delete("/trash"))
    durations = []
    while not emptying.done():
        began = time.monotonic()
        task = await make_task(ada)
        durations.append(time.monotonic() - began)
        await ada.client.delete(f"/tasks/{task['id']}")

    assert (await emptying).status_code == 204
    assert max(durations) < 1
    [*kept] = (await ada.client.get("/trash", params={"limit": 100})).json()["items"]
    assert {entry["name"] for entry in kept} == {"Water the plants"}
    contents = (
        "SELECT count(*) FROM changes WHERE user_id = $1 AND id < 0 AND (before IS NOT NULL OR after IS NOT NULL)"
    )
    assert await connection.fetchval(contents, ada.id) == 0


@pytest.mark.spec("TRA-014")
async def test_key_replays_the_emptying(ada: Person, connection: asyncpg.Connection, make_task: Make) -> None:
    first = await ada.client.delete("/trash", headers={"Idempotency-Key": "empty"})
    task = await make_task(ada)
    await ada.client.delete(f"/tasks/{task['id']}")

    second = await ada.client.delete("/trash", headers={"Idempotency-Key": "empty"})

    assert (first.status_code, second.status_code) == (204, 204)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len((await ada.client.get("/trash")).json()["items"]) == 1
    assert await connection.fetchval(COUNT_TRANSACTIONS, ada.id) > ENTRIES // BATCH
