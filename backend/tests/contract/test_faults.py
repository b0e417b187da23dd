"""What requests get when the database is slow, busy, or does not let go; and that they get it soon."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

import asyncpg
import pytest
from httpx import AsyncClient, Response
from sqlalchemy import make_url

from tests.support import Json, Make, MakeApp, Person, assert_error, make_client, wait_for_lock_waiters
from todo.core.database import pool
from todo.core.database.url import connect_arguments

UNAVAILABLE = (503, "SERVICE_UNAVAILABLE")
Reach = Callable[..., Awaitable[AsyncClient]]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**connect_arguments(database_url))
    yield connection
    await connection.close()


@pytest.fixture
async def watcher(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**connect_arguments(database_url))
    yield connection
    await connection.close()


@pytest.fixture
async def task(ada: Person, make_task: Make) -> Json:
    return await make_task(ada)


@pytest.fixture
async def reach(make_app: MakeApp, ada: Person) -> Reach:
    """Reach an application with these settings as Ada."""

    async def reach(**settings: object) -> AsyncClient:
        return make_client(await make_app(None, db_pool_min=1, db_pool_max=1, **settings), headers=ada.client.headers)

    return reach


def refused_in_time(response: Response, began: float, seconds: float) -> None:
    """Check that this is the contract's 503, and that it came before this many seconds had passed."""
    assert_error(response, *UNAVAILABLE)
    assert response.headers["Retry-After"] == "5"
    assert time.monotonic() - began < seconds


@pytest.mark.spec("FLR-001")
async def test_does_not_wait_for_ever_for_a_free_connection(
    reach: Reach, task: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    client, path = await reach(db_pool_timeout=0.1), f"/tasks/{task['id']}"
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])
        holding = asyncio.ensure_future(client.patch(path, json={"completed": True}))
        await wait_for_lock_waiters(watcher)

        began = time.monotonic()
        first = asyncio.ensure_future(client.get(path))
        await asyncio.sleep(0.05)
        for response in await asyncio.gather(first, client.get(path)):
            refused_in_time(response, began, 2)

    assert (await holding).status_code == 200
    assert (await client.get(path)).status_code == 200


@pytest.mark.spec("FLR-002")
async def test_serves_those_who_wait_in_the_order_in_which_they_came(
    reach: Reach, task: Json, connection: asyncpg.Connection, watcher: asyncpg.Connection
) -> None:
    client, path = await reach(), f"/tasks/{task['id']}"
    served: list[int] = []

    async def read(number: int, again: int) -> None:
        assert (await client.get(path)).status_code == 200
        served.append(number)
        if again:
            await read(number, again - 1)

    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])
        holding = asyncio.ensure_future(client.patch(path, json={"completed": True}))
        await wait_for_lock_waiters(watcher)
        reading = asyncio.gather(*(read(number, 3) for number in range(8)))
        await asyncio.sleep(0.1)  # long enough for all of them to stand in line
    await asyncio.gather(holding, reading)

    assert served == [0, 1, 2, 3, 4, 5, 6, 7] * 4


@pytest.mark.spec("FLR-003")
@pytest.mark.parametrize("limit", ["db_statement_timeout", "db_lock_timeout"])
async def test_gives_up_a_statement_that_takes_too_long(
    reach: Reach, task: Json, connection: asyncpg.Connection, limit: str
) -> None:
    client, path = await reach(**{limit: 0.1}), f"/tasks/{task['id']}"
    async with connection.transaction():
        await connection.execute("SELECT FROM tasks WHERE id = $1 FOR UPDATE", task["id"])

        began = time.monotonic()
        refused_in_time(await client.patch(path, json={"completed": True}), began, 2)

    assert (await client.patch(path, json={"completed": True})).status_code == 200


@pytest.mark.spec("FLR-004")
async def test_connects_anew_when_its_connections_are_cut(
    reach: Reach, task: Json, watcher: asyncpg.Connection
) -> None:
    client, path = await reach(), f"/tasks/{task['id']}"
    before = await watcher.fetchval("SELECT max(backend_start) FROM pg_stat_activity WHERE application_name = 'todo'")

    await watcher.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_start = $1 AND pid <> pg_backend_pid()",
        before,
    )
    answers = [await client.get(path) for _ in range(3)]

    assert [answer.status_code for answer in answers[1:]] == [200, 200]
    assert answers[0].status_code in (200, 503)


@pytest.mark.spec("FLR-005")
async def test_stops_although_a_statement_does_not_end(
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
        stuck = asyncio.ensure_future(client.patch(f"/tasks/{task['id']}", json={"completed": True}))
        await wait_for_lock_waiters(watcher)

        async with asyncio.timeout(5):
            await app.state.resources.database.__aexit__(None, None, None)

        assert_error(await stuck, *UNAVAILABLE)


class Line:
    """A port that leads to the database's server; what is on it can be cut off without a word to either side."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._ways: list[asyncio.Task[None]] = []
        self._dead: set[asyncio.StreamWriter] = set()
        self._alive: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._alive | self._dead:
            writer.transport.abort()
        await asyncio.gather(*self._ways, return_exceptions=True)

    def url(self, database: str) -> str:
        """Return the address of a database by way of this line."""
        port = self._server.sockets[0].getsockname()[1]
        through = self._url.set(database=database, host="127.0.0.1", port=port, query={})
        return through.render_as_string(hide_password=False)

    def cut(self) -> None:
        """Let nothing through any more on what is connected now."""
        self._dead |= self._alive
        self._alive = set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        folder, host = self._url.query.get("host"), self._url.host or "localhost"
        port = self._url.port or 5432
        there, back = await (
            asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}") if folder else asyncio.open_connection(host, port)
        )
        self._alive |= {writer, back}
        self._ways += [asyncio.ensure_future(self._pass_on(*way)) for way in ((reader, back), (there, writer))]

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if writer not in self._dead:
                writer.write(data)
        writer.close()


@pytest.mark.spec("FLR-009")
async def test_takes_all_connections_for_lost_when_one_is(
    server_url: str, make_app: MakeApp, database_url: str, ada: Person
) -> None:
    database_name = str(make_url(database_url).database)
    async with Line(server_url) as line:
        app = await make_app(line.url(database_name), db_pool_min=3, db_pool_max=3, db_statement_timeout=0.1)
        client = make_client(app, headers=ada.client.headers)
        assert (await client.get("/tasks")).status_code == 200

        line.cut()
        statuses = [(await client.get("/tasks")).status_code for _ in range(4)]

    assert statuses == [503, 200, 200, 200]
