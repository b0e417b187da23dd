"""Limits of the connections, and the timeout of a write."""

import asyncio
import logging
from dataclasses import dataclass

from todo.core.config import Settings
from todo.core.file_limit import raise_file_limit

RESERVED_FILES = 100
"""A process may open this many files for logs, the documentation, the event loop and Redis."""
EXCESS_MAX = 50
"""This many connections above the limit get a response. The others are closed without a response."""
PROGRESS_BYTES = 65_536
CHECKS = 12
"""How often a write is checked within its timeout."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConnectionLimits:
    """The limits of the connections of one process (ADR 0029).

    Attributes:
        head_seconds: how long a head may take, from the connection or from its first byte.
        write_seconds: how long the client may take to accept 64 KiB of a response, or the rest of it.
        connections: how many connections may be open.
    """

    head_seconds: float
    write_seconds: float
    connections: int


def allow_connections(settings: Settings) -> int:
    """Return the maximum number of connections of a process, which is lower if the process may open fewer files."""
    reserve = RESERVED_FILES + EXCESS_MAX + settings.db_pool_max
    limit = raise_file_limit(settings.max_connections + reserve)
    connections = max(1, min(settings.max_connections, limit - reserve))
    if connections < settings.max_connections:
        logger.warning(
            "A process may open %d files, so it accepts %d connections instead of MAX_CONNECTIONS (%d)",
            *(limit, connections, settings.max_connections),
        )
    return connections


class WriteTimeout:
    """Aborts a connection whose client does not read.

    A timer checks the unsent bytes of the transport, so that responses below the high-water mark and connections that
    are closing have the timeout too.
    """

    __slots__ = ("_blocked_at", "_is_limited", "_loop", "_seconds", "_timer", "_transport", "_unsent")

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, seconds: float) -> None:
        self._loop = loop
        self._transport = transport
        self._seconds = seconds
        self._unsent = 0
        self._blocked_at = 0.0
        self._is_limited = False
        self._start_timer()

    def stop(self) -> None:
        """Stop the timer, because the connection was lost."""
        self._timer.cancel()

    def drain(self) -> None:
        """Forget the unsent bytes, because the client has accepted them."""
        self._unsent = 0

    def _check(self) -> None:
        unsent, now = self._transport.get_write_buffer_size(), self._loop.time()
        if not unsent:
            if self._is_limited:
                self._is_limited = False
                self._transport.set_write_buffer_limits()
            self._unsent = 0
        elif not self._unsent or unsent <= self._unsent - PROGRESS_BYTES:
            self._unsent, self._blocked_at = unsent, now
            # Let no other response add bytes, so that the number can only fall until everything is sent.
            self._is_limited = True
            self._transport.set_write_buffer_limits(0)
        elif now - self._blocked_at >= self._seconds:
            self._transport.abort()
            return
        self._start_timer()

    def _start_timer(self) -> None:
        self._timer = self._loop.call_later(self._seconds / CHECKS, self._check)
