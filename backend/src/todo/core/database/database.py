"""The database of one process: its pool, opened and closed with the application."""

import asyncio
from typing import Any, Self

import asyncpg

from todo.core.config import Settings
from todo.core.database.driver_errors import translated_errors
from todo.core.database.pool import Pool
from todo.core.database.session import Session
from todo.core.database.url import connect_arguments

FROZEN_SERVER_SECONDS = 1.0
"""How much longer than PostgreSQL's own statement timeout the driver waits; a frozen server enforces none."""
GAUGE_SECONDS = 1.0
SHORT_STATEMENTS = {"max_parallel_workers_per_gather": "0", "jit": "off", "plan_cache_mode": "force_generic_plan"}
"""Server settings of each connection. Parallel workers, the JIT compiler and a plan for each value cost more than any
statement of the service takes (ADR 0008)."""


class Database:
    """Connects when entered. `session` is used inside the event loop that entered it."""

    session: Session

    def __init__(self, settings: Settings, url: str) -> None:
        """Keep the URL, whose query may hold options of the driver (`?statement_cache_size=0` for PgBouncer)."""
        self._settings = settings
        self._url = url

    async def __aenter__(self) -> Self:
        """Open DB_POOL_MIN connections.

        Raises:
            ServiceUnavailableError: the server cannot be reached, or rejects the connection.
        """
        settings = self._settings
        self._pool = Pool(
            self._connect,
            max_size=settings.db_pool_max,
            acquire_timeout=settings.db_pool_timeout,
            max_age=settings.db_pool_recycle,
        )
        with translated_errors():
            await self._pool.open(settings.db_pool_min)
        self._gauges = asyncio.create_task(self._update_gauges())
        self.session = Session(self._pool)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gauges.cancel()
        await self._pool.close()

    async def _connect(self) -> asyncpg.Connection:
        settings = self._settings
        arguments: dict[str, Any] = connect_arguments(self._url)
        arguments["server_settings"] |= SHORT_STATEMENTS | {
            "statement_timeout": _milliseconds(settings.db_statement_timeout),
            # The shorter one, so that a statement that waits for a lock ends with the error for locks.
            "lock_timeout": _milliseconds(min(settings.db_lock_timeout, settings.db_statement_timeout * 0.9)),
        }
        return await asyncpg.connect(
            **arguments,
            timeout=settings.db_connection_timeout,
            command_timeout=settings.db_statement_timeout + FROZEN_SERVER_SECONDS,
        )

    async def _update_gauges(self) -> None:
        while True:
            self._pool.update_gauges()
            await asyncio.sleep(GAUGE_SECONDS)


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
