"""The pool of connections, on a real PostgreSQL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

import asyncpg
import pytest
from sqlalchemy import func, select

from todo.core.database import pool as pool_module
from todo.core.database.driver_errors import CONNECTION_LOST, StatementTimeoutError
from todo.core.database.pool import Pool
from todo.core.database.session import Session
from todo.core.database.statement import Statement
from todo.core.database.url import connect_arguments
from todo.core.errors import ServiceUnavailableError

SHORT_SLEEP = Statement(select(func.pg_sleep(0.2)))
LONG_SLEEP = Statement(select(func.pg_sleep(60)))
COUNT_SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'"


class MakePool(Protocol):
    """Creates a pool that has opened all its connections."""

    async def __call__(self, max_size: int, *, acquire_timeout: float = 20, max_age: float = 3600) -> Pool: ...


@pytest.fixture
async def make_pool(database_url: str) -> AsyncIterator[MakePool]:
    """Create pools. Their connections are terminated at the end of the test."""
    connections: list[asyncpg.Connection] = []

    async def connect() -> asyncpg.Connection:
        connections.append(await asyncpg.connect(**connect_arguments(database_url)))
        return connections[-1]

    async def make(max_size: int, *, acquire_timeout: float = 20, max_age: float = 3600) -> Pool:
        pool = Pool(connect, max_size=max_size, acquire_timeout=acquire_timeout, max_age=max_age)
        await pool.open(max_size)
        return pool

    yield make
    for connection in connections:
        connection.terminate()


async def acquire_all(pool: Pool) -> list[asyncpg.Connection]:
    """Acquire connections until the pool rejects the next one."""
    connections = []
    with contextlib.suppress(ServiceUnavailableError):
        while True:
            connections.append(await pool.acquire())
    return connections


async def wait_for_sleep(watcher: asyncpg.Connection, pid: int) -> None:
    """Return when the server process runs `pg_sleep`."""
    async with asyncio.timeout(20):
        while not await watcher.fetchval(COUNT_SLEEPING, pid):
            pass


async def test_released_connection_is_reused(make_pool: MakePool) -> None:
    pool = await make_pool(1)
    connection = await pool.acquire()

    await pool.release(connection)

    assert await pool.acquire() is connection


async def test_waiters_are_served_in_order(make_pool: MakePool) -> None:
    pool = await make_pool(1)
    connection = await pool.acquire()
    served: list[int] = []

    async def use(number: int) -> None:
        acquired = await pool.acquire()
        served.append(number)
        await pool.release(acquired)

    waiters = [asyncio.create_task(use(number)) for number in range(3)]
    await asyncio.sleep(0)
    await pool.release(connection)
    await use(3)
    await asyncio.gather(*waiters)

    assert served == [0, 1, 2, 3]


async def test_acquire_times_out_and_loses_no_slot(make_pool: MakePool) -> None:
    pool = await make_pool(2, acquire_timeout=0.05)
    connections = [await pool.acquire() for _ in range(2)]

    for _ in range(3):
        with pytest.raises(ServiceUnavailableError):
            await pool.acquire()
    for connection in connections:
        await pool.release(connection)

    assert len(await acquire_all(pool)) == 2


@pytest.mark.spec("OPS-056")
async def test_failure_to_connect_loses_no_slot(database_url: str) -> None:
    attempts = [ConnectionRefusedError(), ConnectionRefusedError(), None]

    async def connect() -> asyncpg.Connection:
        if (error := attempts.pop(0)) is not None:
            raise error
        return await asyncpg.connect(**connect_arguments(database_url))

    pool = Pool(connect, max_size=1, acquire_timeout=20, max_age=3600)

    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            await pool.acquire()
    connection = await pool.acquire()

    assert await connection.fetchval("SELECT 1") == 1
    connection.terminate()


@pytest.mark.spec("OPS-056")
async def test_cancelled_waiters_neither_free_nor_lose_a_slot(make_pool: MakePool) -> None:
    pool = await make_pool(2, acquire_timeout=0.5)
    first, second = [await pool.acquire() for _ in range(2)]
    waiting, granted, served = [asyncio.create_task(pool.acquire()) for _ in range(3)]
    await asyncio.sleep(0)

    waiting.cancel()
    await asyncio.wait([waiting])
    await pool.release(first)
    granted.cancel()  # The slot of `first` is granted to this task, which has not run since.
    third = await served
    rejected = await acquire_all(pool)
    for connection in (second, third):
        await pool.release(connection)

    assert waiting.cancelled()
    assert granted.cancelled()
    assert rejected == []
    assert len(await acquire_all(pool)) == 2


async def test_idle_connection_older_than_max_age_is_replaced(make_pool: MakePool) -> None:
    pool = await make_pool(1, max_age=0.2)
    connection = await pool.acquire()
    await pool.release(connection)

    await asyncio.sleep(0.3)
    replacement = await pool.acquire()

    assert connection.is_closed()
    assert await replacement.fetchval("SELECT 1") == 1


async def test_released_connection_older_than_max_age_is_closed(make_pool: MakePool) -> None:
    pool = await make_pool(1, max_age=0.05)
    connection = await pool.acquire()

    await asyncio.sleep(0.1)
    await pool.release(connection)

    assert connection.is_closed()


async def test_one_lost_connection_replaces_all(make_pool: MakePool, watcher: asyncpg.Connection) -> None:
    pool = await make_pool(3)
    lost, used, idle = [await pool.acquire() for _ in range(3)]
    await pool.release(idle)

    await watcher.execute("SELECT pg_terminate_backend($1)", lost.get_server_pid())
    with pytest.raises(CONNECTION_LOST) as raised:
        await lost.fetchval("SELECT 1")
    await pool.release(lost, raised.value)
    await pool.release(used)
    replacements = [await pool.acquire() for _ in range(3)]

    assert [connection.is_closed() for connection in (lost, used, idle)] == [True] * 3
    assert [await connection.fetchval("SELECT 1") for connection in replacements] == [1] * 3


async def test_error_of_a_statement_keeps_the_connection(make_pool: MakePool) -> None:
    pool = await make_pool(1)
    connection = await pool.acquire()

    with pytest.raises(asyncpg.DivisionByZeroError) as raised:
        await connection.fetchval("SELECT 1 / 0")
    await pool.release(connection, raised.value)

    assert await pool.acquire() is connection


async def test_cancelled_query_is_stopped_and_its_connection_replaced(
    make_pool: MakePool, watcher: asyncpg.Connection
) -> None:
    pool = await make_pool(1)
    connection = await pool.acquire()
    await pool.release(connection)
    pid = connection.get_server_pid()

    query = asyncio.create_task(Session(pool).fetch_all(LONG_SLEEP))
    await wait_for_sleep(watcher, pid)
    query.cancel()
    await asyncio.wait([query])
    replacement = await pool.acquire()

    assert query.cancelled()
    assert connection.is_closed()
    assert await replacement.fetchval("SELECT 1") == 1
    assert await watcher.fetchval(COUNT_SLEEPING, pid) == 0


async def test_statement_with_a_timeout_is_stopped_and_its_connection_replaced(make_pool: MakePool) -> None:
    pool = await make_pool(2)
    used, idle = [await pool.acquire() for _ in range(2)]
    await pool.release(idle)
    await pool.release(used)

    with pytest.raises(StatementTimeoutError):
        await Session(pool).fetch_all(Statement(select(func.pg_sleep(60)), timeout=0.05))

    assert (used.is_closed(), idle.is_closed()) == (True, False)
    assert await pool.acquire() is idle


async def test_error_from_elsewhere_keeps_all_connections(make_pool: MakePool) -> None:
    pool = await make_pool(2)
    session = Session(pool)
    before = {*await acquire_all(pool)}
    for connection in before:
        await pool.release(connection)

    with pytest.raises(ServiceUnavailableError):
        async with session.transaction():
            raise ServiceUnavailableError from TimeoutError("all threads were busy")

    assert {*[await pool.acquire() for _ in before]} == before


async def test_acquire_after_close_opens_no_connection(make_pool: MakePool) -> None:
    pool = await make_pool(1)
    await pool.close()
    pool._release_slot()

    with pytest.raises(ServiceUnavailableError):
        await pool.acquire()


async def test_close_waits_for_running_statements(make_pool: MakePool) -> None:
    pool = await make_pool(2)
    connections = [await pool.acquire() for _ in range(2)]
    for connection in connections:
        await pool.release(connection)

    query = asyncio.create_task(Session(pool).fetch_all(SHORT_SLEEP))
    await asyncio.sleep(0)
    await pool.close()

    assert query.done()
    assert len(await query) == 1
    assert [connection.is_closed() for connection in connections] == [True] * 2


async def test_close_cuts_statements_that_run_too_long(
    make_pool: MakePool, watcher: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "CLOSE_SECONDS", 0.05)
    pool = await make_pool(1)
    connection = await pool.acquire()
    await pool.release(connection)

    query = asyncio.create_task(Session(pool).fetch_all(LONG_SLEEP))
    await wait_for_sleep(watcher, connection.get_server_pid())
    await pool.close()

    assert connection.is_closed()
    with pytest.raises(ServiceUnavailableError):
        await query
