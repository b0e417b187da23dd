"""The resealer: seals stored secrets with the current JWT_SECRET_KEY, at the start and every ten minutes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from todo.core.database.database import Database
from todo.core.errors import ServiceUnavailableError
from todo.core.security.sealing import Sealer
from todo.services.readiness import check_readiness
from todo.services.totp.service import reseal_secrets
from todo.workers.background import running

INTERVAL_SECONDS = 600.0
RETRY_SECONDS = 60.0
START_SECONDS = 2.0
"""How long the start waits for the first pass."""

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def resealing(database: Database, sealer: Sealer) -> AsyncIterator[None]:
    """Reseal before the block and then regularly, for the length of the block.

    Other processes can seal with the previous secret until they are restarted, so one pass is not enough.
    """
    has_passed = asyncio.Event()
    async with running(_reseal_forever(database, sealer, has_passed), has_passed, START_SECONDS):
        yield


async def _reseal_forever(database: Database, sealer: Sealer, has_passed: asyncio.Event) -> None:
    """Reseal until the task is cancelled. The number of unreadable secrets is logged when it changes."""
    known_unreadable = 0
    while True:
        pause = RETRY_SECONDS
        try:
            await check_readiness(database.session)
            resealed, unreadable = await reseal_secrets(database.session, sealer)
            pause = INTERVAL_SECONDS
            if resealed:
                logger.info("Second factors sealed with the current JWT_SECRET_KEY: %d", resealed)
            if unreadable and unreadable != known_unreadable:
                logger.warning(
                    "Second factors that cannot be opened: %d. Another JWT_SECRET_KEY sealed them. Their users can log "
                    "in with recovery codes only. Set JWT_SECRET_KEY_PREVIOUS to that secret and restart",
                    unreadable,
                )
            known_unreadable = unreadable
        except ServiceUnavailableError as error:
            logger.warning("Second factors are not sealed anew: %s", error)
        except Exception:
            # A failed pass does not end the loop.
            logger.exception("Second factors were not sealed anew")
            pause = INTERVAL_SECONDS
        has_passed.set()
        await asyncio.sleep(pause)
