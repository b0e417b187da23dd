"""The change feed between processes: sends and receives announcements, and compares clocks."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator

from todo.core.config import Settings
from todo.core.database.database import Database
from todo.core.database.driver_errors import LOGS_CAUSES
from todo.core.database.notifications import NotificationSender, listening
from todo.core.errors import ServiceUnavailableError
from todo.services.events.service import read_clocks
from todo.services.shared.change_messages import read_message, write_messages
from todo.services.shared.log.change_feed import ChangeFeed
from todo.workers.background import running

CHANNEL = "todo_changes"
BATCH_SECONDS = 0.02
"""How long announcements are collected. PostgreSQL orders the commits of all transactions that notify."""
POLL_SECONDS = 2.0
"""How often clocks are compared while no notifications arrive."""
SAFETY_POLL_SECONDS = 15.0
"""How often clocks are compared while notifications arrive."""
PROBE_SECONDS = 15.0
ECHO_SECONDS = 2.0
"""How long a notification of this process may take to come back."""
RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 1.0, 30.0
POOLER_RETRY_SECONDS = 300.0
"""How long the worker waits after a connection on which no notifications arrive."""

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def connecting_feed(feed: ChangeFeed, database: Database, settings: Settings, url: str) -> AsyncIterator[None]:
    """Connect the feed of this process with those of the others for the length of the block."""
    worker = FeedWorker(feed, database, settings, url)
    async with running(worker.listen_forever()), running(worker.send_forever()), running(worker.poll_forever()):
        yield
    await worker.close()


class FeedWorker:
    """Three loops: one listens to notifications, one sends them, and one compares the clocks of users with listeners.

    A pooler in transaction mode accepts LISTEN, but passes no notifications on. So the process sends itself a
    notification on another connection. Until it arrives, clocks are compared often.
    """

    def __init__(self, feed: ChangeFeed, database: Database, settings: Settings, url: str) -> None:
        self._feed = feed
        self._database = database
        self._settings = settings
        self._listen_url = settings.database_listen_url or url
        self._sender = NotificationSender(settings, url, CHANNEL)
        self._id = secrets.token_hex(8)
        self._echo = asyncio.Event()
        self._is_listening = False
        self._warned = False

    async def close(self) -> None:
        """Close the connection of the sender."""
        await self._sender.close()

    async def listen_forever(self) -> None:
        """Receive notifications until the task is cancelled, and connect again after an error."""
        # Requests and other workers log that the database is unavailable.
        LOGS_CAUSES.set(False)
        pause = RETRY_SECONDS_MIN
        while True:
            try:
                async with listening(self._settings, self._listen_url, CHANNEL, self._receive) as is_lost:
                    has_worked = await self._probe_until_lost(is_lost)
                pause = RETRY_SECONDS_MIN if has_worked else POOLER_RETRY_SECONDS
            except ServiceUnavailableError:
                pause = min(2 * pause, RETRY_SECONDS_MAX)
            except Exception:
                logger.exception("Notifications cannot be received")
                pause = RETRY_SECONDS_MAX
            finally:
                self._is_listening = False
            await asyncio.sleep(pause)

    async def _probe_until_lost(self, is_lost: asyncio.Event) -> bool:
        """Send probes until the connection is lost or one does not come back; return whether one came back."""
        while not is_lost.is_set():
            self._echo.clear()
            await self._sender.send([self._id])
            if not await _wait(self._echo, ECHO_SECONDS):
                break
            self._is_listening = True
            await _wait(is_lost, PROBE_SECONDS)
        if not self._is_listening and not is_lost.is_set():
            self._warn_about_pooler()
            return False
        return True

    async def send_forever(self) -> None:
        """Send the announcements of this process until the task is cancelled."""
        LOGS_CAUSES.set(False)
        while True:
            await self._feed.wait_for_unsent()
            await asyncio.sleep(BATCH_SECONDS)
            try:
                await self._sender.send(write_messages(self._id, self._feed.take_unsent()))
            except ServiceUnavailableError:
                # The other processes compare clocks.
                continue
            except Exception:
                logger.exception("Notifications cannot be sent")

    async def poll_forever(self) -> None:
        """Compare the clocks of users with listeners until the task is cancelled.

        After notifications have begun to arrive, the clocks are compared once more for changes of the time before.
        """
        LOGS_CAUSES.set(False)
        polled_at, was_listening = -SAFETY_POLL_SECONDS, False
        while True:
            await self._feed.wait_for_listeners()
            is_covered = self._is_listening and was_listening
            if not is_covered or time.monotonic() - polled_at >= SAFETY_POLL_SECONDS:
                polled_at, was_listening = time.monotonic(), self._is_listening
                try:
                    self._feed.receive(await read_clocks(self._database.session, self._feed.users))
                except ServiceUnavailableError:
                    was_listening = False
                except Exception:
                    logger.exception("The clocks of changes cannot be read")
            await asyncio.sleep(POLL_SECONDS)

    def _receive(self, payload: str) -> None:
        if payload.startswith(self._id):
            self._echo.set()
            return
        try:
            self._feed.receive(read_message(payload))
        except ValueError:
            # Other clients of the database can use the channel too.
            return

    def _warn_about_pooler(self) -> None:
        if not self._warned:
            logger.warning(
                "Notifications of PostgreSQL do not arrive, so live events from other processes take up to %g seconds. "
                "Set DATABASE_LISTEN_URL to an address of the database without a pooler",
                POLL_SECONDS,
            )
        self._warned = True


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, and return whether it came in time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
