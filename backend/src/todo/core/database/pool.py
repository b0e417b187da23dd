"""The pool of connections to PostgreSQL (ADR 0005).

asyncpg's own pool is not used: a newcomer can overtake waiters there, and each release creates a task.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from math import inf
from time import monotonic

import asyncpg

from todo.core.database.driver_errors import (
    CONNECTION_LOST,
    PREPARED_STATEMENT_LOST,
    ConnectionLostError,
    PreparedStatementLostError,
    StatementTimeoutError,
)
from todo.core.errors import ServiceUnavailableError
from todo.core.metrics import CONNECTIONS, CONNECTIONS_AWAITED, CONNECTIONS_BUSY, CONNECTIONS_REFUSED

CLOSE_SECONDS = 5.0
"""How long `close` waits for running statements."""
GOODBYE_SECONDS = 1.0
"""How long closing one connection may take, including the cancellation of its statement."""

logger = logging.getLogger(__name__)


class Pool:
    """Opens connections on demand and keeps them for reuse. Waiters are served in the order in which they came.

    Args:
        connect: opens one connection.
        max_size: how many connections may be acquired at once.
        acquire_timeout: seconds that `acquire` may wait for a free connection, and again to open one.
        max_age: seconds after which a connection is replaced.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[asyncpg.Connection]],
        *,
        max_size: int,
        acquire_timeout: float,
        max_age: float,
    ) -> None:
        self._connect = connect
        self._max_size = max_size
        self._acquire_timeout = acquire_timeout
        self._max_age = max_age
        self._free = max_size
        self._waiters: deque[asyncio.Future[bool]] = deque()
        self._is_closed = False
        self._idle: list[asyncpg.Connection] = []
        # All open connections, each with the monotonic time after which it is replaced.
        self._expires_at: dict[asyncpg.Connection, float] = {}

    async def open(self, size: int) -> None:
        """Open this many connections ahead of demand. After an error the pool keeps the connections opened so far."""
        for _ in range(size):
            self._idle.append(await self._open_connection())

    async def acquire(self) -> asyncpg.Connection:
        """Return a connection for exclusive use until `release`.

        Raises:
            ServiceUnavailableError: no connection became free in time.
            OSError, asyncpg.PostgresError: the server cannot be reached, or rejects the connection.
        """
        try:
            await self._acquire_slot(self._acquire_timeout)
        except TimeoutError as error:
            CONNECTIONS_REFUSED.inc()
            logger.warning("No connection to the database was free within %s seconds", self._acquire_timeout)
            raise ServiceUnavailableError from error
        try:
            while self._idle:
                connection = self._idle.pop()
                if self._is_usable(connection):
                    return connection
                await self._discard(connection)
            async with asyncio.timeout(self._acquire_timeout):
                return await self._open_connection()
        except BaseException:
            self._release_slot()
            raise

    async def release(self, connection: asyncpg.Connection, error: BaseException | None = None) -> None:
        """Return a connection to the pool; `error` is the exception that ended its use, if any."""
        try:
            if error is not None and _is_lost(error):
                # A restart or a failover ends all connections, so none of them is trusted any longer.
                self._expire_all()
            if self._is_usable(connection) and (error is None or _is_settled(connection, error)):
                self._idle.append(connection)
            elif not await self._discard(connection):
                # The server does not even cancel a statement, so it is frozen.
                self._expire_all()
        finally:
            self._release_slot()

    async def close(self) -> None:
        """Wait for running statements, then close all connections; after CLOSE_SECONDS cut those still running."""
        self._is_closed = True
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                for _ in range(self._max_size):
                    await self._acquire_slot(CLOSE_SECONDS)
                while self._idle:
                    await self._discard(self._idle.pop())
        except TimeoutError:
            logger.warning("Connections to the database were cut, because their statements did not end")
        for connection in self._expires_at:
            connection.terminate()

    @property
    def busy(self) -> int:
        """The number of acquired connections."""
        return self._max_size - self._free

    def update_gauges(self) -> None:
        """Set the Prometheus gauges of the pool."""
        CONNECTIONS.set(self._max_size)
        CONNECTIONS_BUSY.set(self.busy)
        CONNECTIONS_AWAITED.set(sum(not waiter.done() for waiter in self._waiters))

    async def _acquire_slot(self, seconds: float) -> None:
        """Wait for one of the slots. Here a timer costs less than half of `asyncio.timeout` with a semaphore.

        Raises:
            TimeoutError: no slot became free in time.
        """
        if self._free:
            self._free -= 1
            return
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiters.append(waiter)
        timer = loop.call_later(seconds, _resolve, waiter, False)
        try:
            has_slot = await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled() and waiter.result():
                # The cancellation came after the slot.
                self._release_slot()
            raise
        finally:
            timer.cancel()
        if not has_slot:
            raise TimeoutError

    def _release_slot(self) -> None:
        """Give the slot to the first waiter, so that a newcomer cannot overtake it."""
        while self._waiters:
            if _resolve(self._waiters.popleft(), True):
                return
        self._free += 1

    async def _open_connection(self) -> asyncpg.Connection:
        if self._is_closed:
            raise ServiceUnavailableError
        connection = await self._connect()
        self._expires_at[connection] = monotonic() + self._max_age
        return connection

    def _is_usable(self, connection: asyncpg.Connection) -> bool:
        return not connection.is_closed() and monotonic() < self._expires_at[connection]

    def _expire_all(self) -> None:
        self._expires_at = dict.fromkeys(self._expires_at, -inf)

    async def _discard(self, connection: asyncpg.Connection) -> bool:
        """Close a connection, one of a lost server without saying goodbye; return whether the server responded."""
        is_lost = self._expires_at.pop(connection) == -inf
        if is_lost or connection.is_closed():
            connection.terminate()
            return True
        try:
            await connection.close(timeout=GOODBYE_SECONDS)
        except Exception:
            return False
        return True


def _resolve(waiter: asyncio.Future[bool], has_slot: bool) -> bool:
    """Tell a waiter whether it has a slot; return False if it no longer waits."""
    if waiter.done():
        return False
    waiter.set_result(has_slot)
    return True


def _is_lost(error: BaseException) -> bool:
    return isinstance(error, (*CONNECTION_LOST, ConnectionLostError))


def _is_settled(connection: asyncpg.Connection, error: BaseException) -> bool:
    """Tell whether a connection can be used again. A cancelled statement may still run on the server."""
    has_stale_cache = isinstance(error, (*PREPARED_STATEMENT_LOST, PreparedStatementLostError))
    is_cancelled = isinstance(error, StatementTimeoutError) or not isinstance(error, Exception)
    return not is_cancelled and not has_stale_cache and not connection.is_in_transaction()
