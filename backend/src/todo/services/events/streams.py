"""The open event streams of a process, and their limits."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from enum import StrEnum
from typing import Any
from uuid import UUID

from todo.core.metrics import STREAMS_ENDED, STREAMS_OPEN
from todo.services.authentication import Principal
from todo.services.events.errors import TooManyStreamsError, TooManyStreamsOfUserError
from todo.services.shared.log.change_feed import ChangeFeed, Listener

READS_MAX = 2
"""How many streams of a process read the change log at once."""


class End(StrEnum):
    """Why a stream ends."""

    CLOSED = "closed"
    """The client closed it."""
    EXPIRED = "expired"
    """The token expired, or the time of a stream with a ticket is over."""
    REVOKED = "revoked"
    """The login session ended, or the personal access token or the account was deleted."""
    STOPPED = "stopped"
    """The service stops."""
    SLOW = "slow"
    """The client did not read, so the protocol closed the connection."""


class EventStream:
    """An open stream.

    Attributes:
        principal: the user, and the credential that opened the stream.
        listener: is woken by changes of the user and by the end of the stream.
        end: why the stream ends; None while it is open.
        is_sending: whether the client has not accepted the last events.
    """

    __slots__ = ("_watcher", "end", "is_sending", "listener", "principal")

    def __init__(self, principal: Principal, listener: Listener) -> None:
        self.principal = principal
        self.listener = listener
        self.end: End | None = None
        self.is_sending = False
        self._watcher: asyncio.Task[None] | None = None

    def watch(self, wait_for_disconnect: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """End the stream when the client disconnects."""
        self._watcher = asyncio.create_task(self._watch(wait_for_disconnect))

    def stop_watching(self) -> None:
        """Stop waiting for the client's disconnect."""
        if self._watcher is not None:
            self._watcher.cancel()

    def close(self, end: End) -> None:
        """End the stream. The first reason counts."""
        self.end = self.end or end
        self.listener.wake()

    async def _watch(self, wait_for_disconnect: Callable[[], Coroutine[Any, Any, None]]) -> None:
        # An error is a body that does not arrive. It ends the stream like a disconnect.
        with contextlib.suppress(Exception):
            await wait_for_disconnect()
        self.close(End.SLOW if self.is_sending else End.CLOSED)


class EventStreams:
    """The open streams of a process.

    Args:
        feed: announces changes.
        max_streams: how many streams may be open.
        max_streams_per_user: how many streams of one user may be open.

    Attributes:
        reading: held by a stream while it reads the change log, so that requests find free connections.
    """

    def __init__(self, feed: ChangeFeed, *, max_streams: int, max_streams_per_user: int) -> None:
        self._feed = feed
        self._max_streams = max_streams
        self._max_streams_per_user = max_streams_per_user
        self._streams: set[EventStream] = set()
        self._numbers: Counter[UUID] = Counter()
        self.reading = asyncio.Semaphore(READS_MAX)

    def __iter__(self) -> Iterator[EventStream]:
        return iter(tuple(self._streams))

    @property
    def is_stopping(self) -> bool:
        """Whether the service stops."""
        return self._feed.is_closed

    def open(self, principal: Principal) -> EventStream:
        """Open a stream. The caller removes it.

        Raises:
            TooManyStreamsOfUserError: the user has the maximum of open streams.
            TooManyStreamsError: the process has the maximum of open streams.
        """
        if self._numbers[principal.id] >= self._max_streams_per_user:
            raise TooManyStreamsOfUserError
        if len(self._streams) >= self._max_streams:
            raise TooManyStreamsError
        stream = EventStream(principal, self._feed.add_listener(principal.id))
        self._streams.add(stream)
        self._numbers[principal.id] += 1
        STREAMS_OPEN.inc()
        return stream

    def remove(self, stream: EventStream) -> None:
        """Remove a stream that has ended."""
        stream.stop_watching()
        user_id = stream.principal.id
        self._feed.remove_listener(user_id, stream.listener)
        self._streams.remove(stream)
        self._numbers[user_id] -= 1
        if not self._numbers[user_id]:
            del self._numbers[user_id]
        STREAMS_OPEN.dec()
        STREAMS_ENDED.labels(stream.end or End.CLOSED).inc()
