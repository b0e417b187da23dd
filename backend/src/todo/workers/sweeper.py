"""The sweeper: calls housekeeping every ten minutes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from todo.core.database.database import Database
from todo.core.errors import ServiceUnavailableError
from todo.services.housekeeping import Retention, sweep
from todo.workers.background import running

INTERVAL_SECONDS = 600.0

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def sweeping(database: Database, retention: Retention) -> AsyncIterator[None]:
    """Sweep regularly for the length of the block; several processes can sweep one database at once."""
    async with running(_sweep_forever(database, retention)):
        yield


async def _sweep_forever(database: Database, retention: Retention) -> None:
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            await sweep(database.session, retention)
        except ServiceUnavailableError:
            logger.warning("The sweep is skipped: the database is unavailable")
        except Exception:
            # A failed sweep does not end the loop.
            logger.exception("The sweep failed")
