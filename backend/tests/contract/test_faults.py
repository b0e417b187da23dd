"""Requests get a response in time while the database is slow, busy or lost."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Self

import asyncpg
import pytest
from httpx import AsyncClient, Response
from sqlalchemy import make_url

from tests.support import Json, MakeApp, Person, assert_error, make_client, wait_for_lock_waiters
from todo.core.database import pool

UNAVAILABLE = (503, "SERVICE_UNAVAILABLE")
MakeClient = Callable[..., Awaitable[AsyncClient]]


@pytest.fixture
async def make_single_connection_client(make_app: MakeApp, ada: Person) -> MakeClient:
    """Start applications with one database connection and these settings, and return a client of Ada."""

    async def make(**settings: object) -> AsyncClient:
        return make_client(await make_app(None, db_pool_min=1, db_pool_max=1, **settings), headers=ada.client.headers)

    return make


def assert_unavailable_in_time(response: Response, started_at: float, seconds: float) -> None:
    """Check that a response is a 503 and arrived within this many seconds."""
    assert_error(response, *UNAVAILABLE)
    assert response.headers["Retry-After"] == "5"
    assert time.monotonic() - started_at < seconds


@pytest.mark.spec("FLR-001")
async def test_wait_for_a_free_connection_has_a_timeout(
    make_single_connection_client: MakeClient, task: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    client, path = await make_single_connection_client(db_pool_timeout=0.1), f"/tasks/{task['id']}"
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])
        pending = asyncio.ensure_future(client.patch(path, json={"completed": True}))
        await wait_for_lock_waiters(watcher)

        started_at = time.monotonic()
        first = asyncio.ensure_future(client.get(path))
        await asyncio.sleep(0.05)
        for response in await asyncio.gather(first, client.get(path)):
            assert_unavailable_in_time(response, started_at, 2)

    assert (await pending).status_code == 200
    assert (await client.get(path)).status_code == 200


@pytest.mark.spec("FLR-002")
async def test_waiting_requests_get_connections_in_their_order(
    make_single_connection_client: MakeClient, task: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    client, path = await make_single_connection_client(), f"/tasks/{task['id']}"
    served_numbers: list[int] = []

    async def read(number: int, repetitions: int) -> None:
        assert (await client.get(path)).status_code == 200
        served_numbers.append(number)
        if repetitions:
            await read(number, repetitions - 1)

    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])
        pending = asyncio.ensure_future(client.patch(path, json={"completed": True}))
        await wait_for_lock_waiters(watcher)
        reading = asyncio.gather(*(read(number, 3) for number in range(8)))
        await asyncio.sleep(0.1)  # long enough for all requests to wait for the connection
    await asyncio.gather(pending, reading)

    assert served_numbers == [0, 1, 2, 3, 4, 5, 6, 7] * 4


@pytest.mark.spec("FLR-003")
@pytest.mark.parametrize("limit", ["db_statement_timeout", "db_lock_timeout"])
async def test_statement_and_lock_have_a_timeout(
    make_single_connection_client: MakeClient, task: Json, connection: asyncpg.Connection, limit: str
) -> None:
    client, path = await make_single_connection_client(**{limit: 0.1}), f"/tasks/{task['id']}"
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])

        started_at = time.monotonic()
        assert_unavailable_in_time(await client.patch(path, json={"completed": True}), started_at, 2)

    assert (await client.patch(path, json={"completed": True})).status_code == 200


@pytest.mark.spec("FLR-004")
async def test_terminated_connection_is_replaced(
    make_single_connection_client: MakeClient, task: Json, watcher: asyncpg.Connection
) -> None:
    client, path = await make_single_connection_client(), f"/tasks/{task['id']}"
    last_started_at = await watcher.fetchval(
        "SELECT max(backend_start) FROM pg_stat_activity WHERE application_name = 'todo'"
    )

    await watcher.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_start = $1 AND pid <> pg_backend_pid()",
        last_started_at,
    )
    responses = [await client.get(path) for _ in range(3)]

    assert [response.status_code for response in responses[1:]] == [200, 200]
    assert responses[0].status_code in (200, 503)


@pytest.mark.spec("FLR-005")
async def test_shutdown_ends_a_running_statement(
    monkeypatch: pytest.MonkeyPatch,
    ada: Person,
    task: Json,
    make_app: MakeApp,
    connection: asyncpg.Connection,
    watcher: asyncpg.Connection,
) -> None:
    monkeypatch.setattr(pool, "CLOSE_SECONDS", 0.1)
    app = await make_app(db_lock_timeout=60, db_statement_timeout=60)
    client = make_client(app, headers=ada.client.headers)
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])
        pending = asyncio.ensure_future(client.patch(f"/tasks/{task['id']}", json={"completed": True}))
        await wait_for_lock_waiters(watcher)

        async with asyncio.timeout(5):
            await app.state.resources.database.__aexit__(None, None, None)

        assert_error(await pending, *UNAVAILABLE)


class Proxy:
    """A TCP proxy to the database server, which can drop all data of its connections without closing them."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._forwarders: list[asyncio.Task[None]] = []
        self._dropped: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._open | self._dropped:
            writer.transport.abort()
        await asyncio.gather(*self._forwarders, return_exceptions=True)

    def url(self, database: str) -> str:
        """Return the URL of a database through this proxy."""
        port = self._server.sockets[0].getsockname()[1]
        url = self._url.set(database=database, host="127.0.0.1", port=port, query={})
        return url.render_as_string(hide_password=False)

    def drop_connections(self) -> None:
        """Drop all further data of the open connections."""
        self._dropped |= self._open
        self._open = set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        folder, host = self._url.query.get("host"), self._url.host or "localhost"
        port = self._url.port or 5432
        server_reader, server_writer = await (
            asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}") if folder else asyncio.open_connection(host, port)
        )
        self._open |= {writer, server_writer}
        self._forwarders += [
            asyncio.ensure_future(self._forward(*streams))
            for streams in ((reader, server_writer), (server_reader, writer))
        ]

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if writer not in self._dropped:
                writer.write(data)
        writer.close()


@pytest.mark.spec("FLR-009")
async def test_one_lost_connection_makes_the_pool_replace_all(
    server_url: str, make_app: MakeApp, database_url: str, ada: Person
) -> None:
    database_name = str(make_url(database_url).database)
    async with Proxy(server_url) as proxy:
        app = await make_app(proxy.url(database_name), db_pool_min=3, db_pool_max=3, db_statement_timeout=0.1)
        client = make_client(app, headers=ada.client.headers)
        assert (await client.get("/tasks")).status_code == 200

        proxy.drop_connections()
        statuses = [(await client.get("/tasks")).status_code for _ in range(4)]

    assert statuses == [503, 200, 200, 200]


@pytest.mark.spec("TXT-013")
async def test_slow_list_is_cancelled_and_the_pool_stays_usable(
    ada: Person, make_app: MakeApp, connection: asyncpg.Connection
) -> None:
    app = await make_app(db_pool_min=1, db_pool_max=1, db_lock_timeout=10)
    client = make_client(app, headers=ada.client.headers)
    started = time.monotonic()
    async with connection.transaction():
        await connection.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
        response = await client.get("/tasks")

    assert_error(response, *UNAVAILABLE)
    assert time.monotonic() - started < 5
    assert (await client.get("/tasks")).status_code == 200
