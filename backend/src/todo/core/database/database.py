"""The database of one process: its pool, opened and closed with the application."""

import asyncio
import contextlib
from typing import Self

from todo.core.config import Settings
from todo.core.database.connection import Connector
from todo.core.database.driver_errors import translated_errors
from todo.core.database.pool import Pool
from todo.core.database.session import Session
from todo.core.errors import ServiceUnavailableError

GAUGE_SECONDS = 1.0


class Database:
    """Connects when entered. `session` is used inside the event loop that entered it."""

    session: Session

    def __init__(self, settings: Settings, url: str) -> None:
        """Keep the URL, whose query may hold options of the driver (`?statement_cache_size=0` for PgBouncer)."""
        self._settings = settings
        self._connector = Connector(settings, url)

    async def __aenter__(self) -> Self:
        """Open DB_POOL_MIN connections. If the server is unavailable, later requests open them."""
        settings = self._settings
        self._pool = Pool(
            self._connector.connect,
            max_size=settings.db_pool_max,
            acquire_timeout=settings.db_pool_timeout,
            max_age=settings.db_pool_recycle,
        )
        try:
            with contextlib.suppress(ServiceUnavailableError), translated_errors():
                await self._pool.open(settings.db_pool_min)
        except BaseException:
            await self._pool.close()
            raise
        self._gauges = asyncio.create_task(self._update_gauges())
        self.session = Session(self._pool)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gauges.cancel()
        await self._pool.close()

    async def _update_gauges(self) -> None:
        while True:
            self._pool.update_gauges()
            await asyncio.sleep(GAUGE_SECONDS)
