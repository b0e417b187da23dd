"""Events between processes, with and without notifications of PostgreSQL."""

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.live.conftest import run_todo
from tests.live.databases.conftest import StartPooler, sign_up
from tests.routers.events.support import OpenStream, open_stream
from tests.support import SECRET, MakeApp, MakeDatabase, make_client
from todo.core.database.url import connect_arguments

POLL_SECONDS = 2.5
"""The interval of the comparison, and half a second for a loaded machine."""


async def wait_for_delays(stream: OpenStream, client: AsyncClient, number: int) -> list[float]:
    """Create tasks with a client of another application, and return how long each event took."""
    delays = []
    for _ in range(number):
        began = time.monotonic()
        response = await client.post("/tasks", json={"title": "Water the plants"})
        assert response.status_code == 201, response.text
        [event] = await stream.next_changes(1)
        delays.append(time.monotonic() - began)
        assert event.data == {"type": "task", "id": response.json()["id"], "action": "create"}
    return delays


async def measure(listening: FastAPI, writing: FastAPI, number: int = 3) -> list[float]:
    """Open a stream of one application, write with another one, and return how long each event took."""
    async with AsyncExitStack() as stack:
        client = await sign_up(writing, stack, "ada@example.com")
        stream = await stack.enter_async_context(
            open_stream(listening, headers={"Authorization": client.headers["Authorization"]})
        )
        await stream.next_event()
        # The first comparison of the clocks wakes the stream too. It must not be the reason.
        await asyncio.sleep(POLL_SECONDS)
        return await wait_for_delays(stream, client, number)


@pytest.mark.spec("EVT-014")
async def test_notifications_wake_streams_of_other_processes(make_app: MakeApp, make_database: MakeDatabase) -> None:
    url = await make_database()

    delays = await measure(await make_app(url), await make_app(url))

    assert max(delays) < 1


@pytest.mark.spec("EVT-016")
async def test_events_arrive_through_a_pooler_in_transaction_mode(
    make_app: MakeApp, make_database: MakeDatabase, start_pooler: StartPooler, caplog: pytest.LogCaptureFixture
) -> None:
    url = start_pooler(await make_database()) + "?statement_cache_size=0"

    with caplog.at_level(logging.WARNING):
        delays = await measure(await make_app(url), await make_app(url))

    assert max(delays) < POLL_SECONDS
    assert caplog.text.count("DATABASE_LISTEN_URL") == 2


@pytest.mark.spec("EVT-016")
async def test_listen_url_passes_by_the_pooler(
    make_app: MakeApp, make_database: MakeDatabase, start_pooler: StartPooler, caplog: pytest.LogCaptureFixture
) -> None:
    direct = await make_database()
    url = start_pooler(direct) + "?statement_cache_size=0"

    with caplog.at_level(logging.WARNING):
        listening, writing = [await make_app(url, database_listen_url=direct) for _ in range(2)]
        delays = await measure(listening, writing)

    assert max(delays) < 1
    assert "DATABASE_LISTEN_URL" not in caplog.text


@pytest.mark.spec("EVT-016")
async def test_listening_continues_after_a_lost_connection(make_app: MakeApp, make_database: MakeDatabase) -> None:
    url = await make_database()
    listening, writing = await make_app(url), await make_app(url)
    admin = await asyncpg.connect(**connect_arguments(url))
    async with AsyncExitStack() as stack:
        client = await sign_up(writing, stack, "ada@example.com")
        stream = await stack.enter_async_context(
            open_stream(listening, headers={"Authorization": client.headers["Authorization"]})
        )
        await stream.next_event()
        await asyncio.sleep(1)
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND (query LIKE 'LISTEN%' OR query LIKE 'NOTIFY%')"
        )
        assert max(await wait_for_delays(stream, client, 2)) < POLL_SECONDS
        await asyncio.sleep(5)
        assert max(await wait_for_delays(stream, client, 2)) < 1
    await admin.close()


@pytest.mark.spec("EVT-016")
async def test_foreign_notifications_are_ignored(
    make_app: MakeApp, make_database: MakeDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    url = await make_database()
    app = await make_app(url)
    admin = await asyncpg.connect(**connect_arguments(url))
    for payload in ("", "x", "x y", "x y:z", "x 00000000000000000000000000000000:1:2", "x " + "f" * 32 + ":1"):
        await admin.execute("SELECT pg_notify('todo_changes', $1)", payload)
    await asyncio.sleep(0.2)
    await admin.close()

    assert caplog.records == []
    async with make_client(app) as client:
        assert (await client.get("https://todo.test/ready")).status_code == 200


@pytest.mark.spec("EVT-016")
def test_serve_does_not_start_with_a_listen_url_that_does_not_respond(database_url: str, tmp_path: Path) -> None:
    listen_url = "postgresql://todo@127.0.0.1:9/todo"

    result = run_todo(
        "serve", cwd=tmp_path, DATABASE_URL=database_url, DATABASE_LISTEN_URL=listen_url, JWT_SECRET_KEY=SECRET
    )

    assert result.returncode == 1
    assert "Check DATABASE_LISTEN_URL" in result.stderr
