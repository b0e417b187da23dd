"""The reader of disabled users: keeps the memory of this process up to date."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from todo.core.clock import utc_now
from todo.core.database.database import Database
from todo.core.database.driver_errors import LOGS_CAUSES
from todo.core.errors import ServiceUnavailableError
from todo.services.accounts.disabled_users import DisabledUsers

INTERVAL_SECONDS = 2.0

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def reading_disabled_users(database: Database, disabled_users: DisabledUsers) -> AsyncIterator[None]:
    """Read the disabled users at once and then regularly, for the length of the block."""
    task = asyncio.create_task(_read_forever(database, disabled_users))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _read_forever(database: Database, disabled_users: DisabledUsers) -> None:
    """Read until the task is cancelled. Of consecutive failures only the first is logged."""
    while True:
        try:
            await disabled_users.read(database.session, utc_now())
            LOGS_CAUSES.set(True)
        except ServiceUnavailableError:
            LOGS_CAUSES.set(False)
        except Exception:
            if LOGS_CAUSES.get():
                logger.exception("The disabled users were not read")
            LOGS_CAUSES.set(False)
        await asyncio.sleep(INTERVAL_SECONDS)
