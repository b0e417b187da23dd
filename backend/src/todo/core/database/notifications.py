"""Notifications of PostgreSQL (LISTEN and NOTIFY), on connections outside of the pool."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import asyncpg

from todo.core.config import Settings
from todo.core.database.connection import open_connection
from todo.core.database.driver_errors import translated_errors

CONNECTIONS = 2
"""The connections of a process that sends and receives."""
GOODBYE_SECONDS = 1.0

Receive = Callable[[str], None]


class NotificationSender:
    """Sends notifications on a connection outside of the pool. The first call opens the connection.

    Args:
        settings: the timeouts of the connection.
        url: the database, also behind a pooler.
        channel: the name of the channel, in lower case.
    """

    def __init__(self, settings: Settings, url: str, channel: str) -> None:
        self._settings = settings
        self._url = url
        self._channel = channel
        self._connection: asyncpg.Connection | None = None
        self._lock = asyncio.Lock()

    async def send(self, payloads: Iterable[str]) -> None:
        """Send notifications in one transaction. PostgreSQL orders the commits of all transactions that notify.

        The commit does not wait for the disk, because a notification is lost with the server anyway. Concurrent calls
        wait for each other, so that they open one connection.

        Raises:
            ServiceUnavailableError: the database is unavailable.
        """
        # The simple protocol prepares no statement, so it works behind every pooler.
        notifications = (f"NOTIFY {self._channel}, '{payload}'" for payload in payloads)
        commands = ";".join(["SET LOCAL synchronous_commit = off", *notifications])
        async with self._lock:
            await self._execute(commands)

    async def _execute(self, commands: str) -> None:
        with translated_errors():
            if self._connection is None or self._connection.is_closed():
                self._connection = await open_connection(self._settings, self._url)
            try:
                await self._connection.execute(commands)
            except BaseException:
                self._connection.terminate()
                raise

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await _close(self._connection)


@contextlib.asynccontextmanager
async def listening(settings: Settings, url: str, channel: str, receive: Receive) -> AsyncIterator[asyncio.Event]:
    """Call `receive` with the payload of each notification during the block. The event is set if the connection ends.

    Raises:
        ServiceUnavailableError: the database is unavailable.
    """
    is_lost = asyncio.Event()

    def receive_payload(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        receive(str(payload))

    def lose(_connection: Any) -> None:
        is_lost.set()

    with translated_errors():
        connection = await open_connection(settings, url)
        try:
            connection.add_termination_listener(lose)
            await connection.add_listener(channel, receive_payload)
        except BaseException:
            connection.terminate()
            raise
    try:
        yield is_lost
    finally:
        connection.remove_termination_listener(lose)
        await _close(connection)


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=GOODBYE_SECONDS)
    except Exception:
        connection.terminate()
