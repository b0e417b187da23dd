"""The mailer: sends queued mails, so that no request waits for an SMTP server."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from todo.core.clock import utc_now
from todo.core.database.database import Database
from todo.core.errors import ServiceUnavailableError
from todo.services.delivery.service import MailService, deliver_mails
from todo.workers.background import running

INTERVAL_SECONDS = 2.0
"""How often each process looks for mails."""

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def mailing(database: Database, mail_service: MailService | None) -> AsyncIterator[None]:
    """Send mails for the length of the block; without a mail service do nothing."""
    if mail_service is None:
        yield
        return
    async with running(_mail_forever(database, mail_service)):
        yield


async def _mail_forever(database: Database, mail_service: MailService) -> None:
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        try:
            await deliver_mails(database.session, mail_service, utc_now)
        except ServiceUnavailableError:
            logger.warning("No mail is sent: the database is unavailable")
        except Exception:
            # A failed delivery does not end the loop.
            logger.exception("The delivery of mails failed")
