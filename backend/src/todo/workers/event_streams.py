"""The watcher of event streams: ends the streams whose login session or personal access token is gone."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from todo.core.clock import utc_now
from todo.core.database.database import Database
from todo.core.database.driver_errors import LOGS_CAUSES
from todo.core.errors import ServiceUnavailableError
from todo.services.events.access import end_revoked_streams
from todo.services.events.streams import EventStreams
from todo.workers.background import running

INTERVAL_SECONDS = 2.0

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def watching_streams(database: Database, streams: EventStreams) -> AsyncIterator[None]:
    """End revoked streams for the length of the block."""
    async with running(_watch_forever(database, streams)):
        yield


async def _watch_forever(database: Database, streams: EventStreams) -> None:
    # Requests and other workers log that the database is unavailable.
    LOGS_CAUSES.set(False)
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            await end_revoked_streams(database.session, streams, utc_now())
        except ServiceUnavailableError:
            continue
        except Exception:
            # A failed pass does not end the loop.
            logger.exception("The credentials of event streams were not checked")
