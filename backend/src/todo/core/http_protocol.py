"""HTTP/1.1 as uvicorn speaks it, and with a limit on how long a client may take to send the head of a request."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class TimedProtocol(HttpToolsProtocol):
    """One connection. It is closed when no whole head arrives in time, be it the first or a later one (LOD-003).

    uvicorn itself only limits the silence between two requests. The time for the body is kept where the body is read.
    """

    def __init__(self, *arguments: Any, head_seconds: float, **options: Any) -> None:
        """Take what uvicorn gives, and how long a head may take from its first byte or from the connection on."""
        super().__init__(*arguments, **options)
        self._head_seconds = head_seconds
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Wait for the end of a body that nobody read, as for a head: no more of it counts as a request."""
        unread = self.cycle.more_body
        super().on_response_complete()
        if unread and not self.transport.is_closing():
            self._wait()

    def _wait(self) -> None:
        self._stop_waiting()
        self._waiting = self.loop.call_later(self._head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # The slow head stands behind a request that is being answered.
            self._wait()
        elif not self.transport.is_closing():
            self.transport.close()
