"""HTTP/1.1 as uvicorn speaks it, with limits on the time and the size of a request's head, and errors of our shape."""

import asyncio
import json
import logging
import os
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX_BYTES = 65_536
HEAD = b"\r\n".join(
    [
        b"HTTP/1.1 %s",
        b"content-type: application/json",
        b"content-length: %d",
        b"connection: close",
        b"x-request-id: %s",
        b"x-content-type-options: nosniff",
        b"referrer-policy: no-referrer",
        b"x-frame-options: DENY",
        b"content-security-policy: default-src 'none'; frame-ancestors 'none'",
        b"\r\n",
    ]
)

logger = logging.getLogger("todo.requests")


class TimedProtocol(HttpToolsProtocol):
    """One connection. It is closed when no whole head arrives in time, be it the first or a later one (LOD-003).

    uvicorn itself only limits the silence between two requests. The time for the body is kept where the body is read.
    """

    def __init__(self, *arguments: Any, head_seconds: float, **options: Any) -> None:
        """Take what uvicorn gives, and how long a head may take from its first byte or from the connection on."""
        super().__init__(*arguments, **options)
        self._head_seconds = head_seconds
        self._in_head = False
        self._may_be_long = False
        self._later_bytes = 0
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what arrived. Most heads are whole then; one that is not has so much time, and so many bytes, to go.

        The bytes are looked at here because nobody hears of a header before its end. Headers behind a body count too.
        """
        is_continued = self._in_head
        self._may_be_long = is_continued or len(data) > HEAD_MAX_BYTES
        super().data_received(data)
        if self._in_head:
            self._later_bytes += len(data) if is_continued else 0
            if self._waiting is None:
                self._wait()
        if (self._in_head or (self.cycle is not None and self.cycle.more_body)) and self._is_too_long():
            self._refuse_head()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        super().on_message_begin()
        self._in_head = True
        self._later_bytes = 0
        if self._waiting is not None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Wait no more.

        Raises:
            ValueError: the head is too long, and was answered; ends the parser, which nobody else hears of.
        """
        self._in_head = False
        self._stop_waiting()
        if self._may_be_long and self._is_too_long():
            self._refuse_head()
            raise ValueError
        super().on_headers_complete()

    def _is_too_long(self) -> bool:
        whole = sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)
        return max(self._later_bytes, len(self.url) + whole) > HEAD_MAX_BYTES

    def _refuse_head(self) -> None:
        if not self.transport.is_closing():
            self._refuse(
                b"431 Request Header Fields Too Large", "The request headers are too large", "HEADERS_TOO_LARGE"
            )

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- uvicorn's words are not the contract's
        """Answer what is not HTTP, in the shape of every error."""
        if not self.transport.is_closing():
            self._refuse(b"400 Bad Request", "The request is not valid HTTP", "BAD_REQUEST")

    def _refuse(self, status: bytes, detail: str, code: str) -> None:
        """Answer what no middleware gets to see, with the headers and the line of the log that every answer has."""
        body = json.dumps({"detail": detail, "code": code}).encode()
        request_id = os.urandom(16).hex()
        self.transport.write(HEAD % (status, len(body), request_id.encode()) + body)
        self.transport.close()
        more = {"request_id": request_id, "status": int(status[:3]), "client": self.client[0] if self.client else None}
        logger.info("%s: %s", code, detail, extra=more)

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
