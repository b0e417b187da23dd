"""Connections to PostgreSQL, lent one request at a time."""

import asyncio
import contextlib
import logging
from collections import deque

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from todo.core.database.driver_errors import LOST
from todo.core.errors import ServiceUnavailableError
from todo.core.metrics import CONNECTIONS, CONNECTIONS_AWAITED, CONNECTIONS_BUSY, CONNECTIONS_REFUSED

logger = logging.getLogger(__name__)


class Connections:
    """A pool's connections, lent in the order in which they were asked for.

    The pool alone would let whoever comes at the right moment overtake those who wait, some of them for seconds. It
    would also make a task for each connection that it gets back; so those that nothing happened to stay here, and the
    pool opens them and looks after those that something happened to.
    """

    def __init__(self, pool: asyncpg.Pool, size: int, patience: float) -> None:
        """Take the pool, its size, and how many seconds one may wait for a turn, and again for a connection."""
        self._pool = pool
        self._size = self._turns = size
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._patience = patience
        self._idle: list[PoolConnectionProxy] = []
        self._current: set[PoolConnectionProxy] = set()

    async def take(self) -> PoolConnectionProxy:
        """Return a connection for the caller alone, until `take_back`.

        Raises:
            ServiceUnavailableError: all of them were busy for too long.
        """
        if self._turns:
            self._turns -= 1
        else:
            await self._wait_for_turn()
        try:
            while self._idle:
                connection = self._idle.pop()
                if _is_open(connection):
                    return connection
                await self._dismiss(connection)
            connection = await self._pool.acquire(timeout=self._patience)
        except BaseException:
            self._pass_turn_on()
            raise
        self._current.add(connection)
        return connection

    async def take_back(self, connection: PoolConnectionProxy, error: BaseException | None = None) -> None:
        """Take a connection back, with what went wrong meanwhile if anything did."""
        try:
            if isinstance(error, LOST) or (error is not None and isinstance(error.__cause__, LOST)):
                # Where one leads nowhere the others do neither; new ones find the server, or the new primary.
                await self.renew()
            if error is None and connection in self._current:
                self._idle.append(connection)
            else:
                await self._dismiss(connection)
        finally:
            self._pass_turn_on()

    def show_figures(self) -> None:
        """Tell Prometheus how many connections there may be, are at work, and are waited for."""
        CONNECTIONS.set(self._size)
        CONNECTIONS_BUSY.set(self._size - self._turns)
        CONNECTIONS_AWAITED.set(sum(not turn.done() for _, turn in self._waiting))

    async def renew(self) -> None:
        """Have all connections replaced by new ones; those at work when they are taken back."""
        self._current.clear()
        await self._pool.expire_connections()
        while self._idle:
            await self._dismiss(self._idle.pop())

    async def _dismiss(self, connection: PoolConnectionProxy) -> None:
        """Give a connection back to the pool, which keeps, resets or closes it."""
        self._current.discard(connection)
        # The pool's way to say that the connection was lost in this very moment.
        with contextlib.suppress(asyncpg.InternalClientError):
            await self._pool.release(connection)

    def _pass_turn_on(self) -> None:
        while self._waiting:
            _, first = self._waiting.popleft()
            if not first.done():
                first.set_result(None)
                return
        self._turns += 1

    async def _wait_for_turn(self) -> None:
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        until = loop.time() + self._patience
        self._waiting.append((until, turn))
        if self._alarm is None:
            self._alarm = loop.call_at(until, self._send_away)
        try:
            await turn
        except ServiceUnavailableError:
            CONNECTIONS_REFUSED.inc()
            logger.warning("No connection to the database was free within %s seconds", self._patience)
            raise
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._pass_turn_on()
            raise

    def _send_away(self) -> None:
        """Tell those who have waited for too long, and look again when the next one will have."""
        loop = asyncio.get_running_loop()
        self._alarm = None
        while self._waiting and self._waiting[0][0] <= loop.time():
            _, first = self._waiting.popleft()
            if not first.done():
                first.set_exception(ServiceUnavailableError())
        if self._waiting:
            self._alarm = loop.call_at(self._waiting[0][0], self._send_away)


def _is_open(connection: PoolConnectionProxy) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # The pool noticed already, and has taken it away.
        return False
