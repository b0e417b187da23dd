"""What nobody needs any more is deleted, a little at a time, while the service runs."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from todo.core.clock import utc_now
from todo.core.database.session import Database, Session
from todo.core.errors import ServiceUnavailableError
from todo.services.idempotency import service as idempotency_service
from todo.services.login_sessions import service as session_service

EVERY_SECONDS = 600.0

logger = logging.getLogger(__name__)


async def sweep(session: Session) -> None:
    """Delete all idempotency keys and sessions whose time is over, in batches that hold no lock for long."""
    while await idempotency_service.sweep_keys(session):
        pass
    while await session_service.sweep_sessions(session, utc_now()):
        pass


@contextlib.asynccontextmanager
async def sweeping(database: Database) -> AsyncIterator[None]:
    """Sweep from time to time for as long as the block lasts; several processes may do it at once."""
    task = asyncio.create_task(_sweep_for_ever(database))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _sweep_for_ever(database: Database) -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        try:
            await sweep(database.session)
        except ServiceUnavailableError:
            logger.warning("Sweeping is put off: the database is away")
        except Exception:
            # Whatever it is, it must neither end the sweeping nor go unseen.
            logger.exception("Sweeping failed")
