"""The reader of disabled users: keeps the memory of this process up to date."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from todo.core.clock import utc_now
from todo.core.database.database import Database
from todo.core.database.driver_errors import LOGS_CAUSES
from todo.core.database.schema_status import read_schema_status
from todo.core.errors import ServiceUnavailableError
from todo.services.accounts.disabled_users import DisabledUsers
from todo.workers.background import running

INTERVAL_SECONDS = 2.0

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def reading_disabled_users(database: Database, disabled_users: DisabledUsers) -> AsyncIterator[None]:
    """Read the disabled users before the block and then regularly, for the length of the block.

    If the database does not respond, the block begins after one interval.
    """
    has_read = asyncio.Event()
    async with running(_read_forever(database, disabled_users, has_read), has_read, INTERVAL_SECONDS):
        yield


async def _read_forever(database: Database, disabled_users: DisabledUsers, has_read: asyncio.Event) -> None:
    """Read until the task is cancelled. The first of consecutive failures is logged.

    The first read waits for all migrations, because PostgreSQL would log each failed statement.
    """
    is_migrated = False
    while True:
        try:
            is_migrated = is_migrated or not (await read_schema_status(database.session.fetch_all)).pending
            if is_migrated:
                await disabled_users.read(database.session, utc_now())
            LOGS_CAUSES.set(True)
        except ServiceUnavailableError:
            LOGS_CAUSES.set(False)
        except Exception:
            if LOGS_CAUSES.get():
                logger.exception("The disabled users were not read")
            LOGS_CAUSES.set(False)
        has_read.set()
        await asyncio.sleep(INTERVAL_SECONDS)
