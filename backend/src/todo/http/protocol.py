"""uvicorn's HTTP/1.1 protocol with limits on the time and the size of a request's head (ADR 0029)."""

import asyncio
import json
import logging
import os
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from todo.core.errors import DomainError, HeadersTooLargeError, InvalidHttpError

HEAD_MAX_BYTES = 65_536
RESPONSE_HEAD = b"\r\n".join(
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
    """A connection that is closed if the head of a request does not arrive in time (LOD-003).

    uvicorn only limits the silence between two requests. `BodyLimitMiddleware` limits the time of the body.
    """

    def __init__(self, *arguments: Any, head_seconds: float, **options: Any) -> None:
        """Create the protocol of a connection.

        Args:
            arguments: the positional arguments of uvicorn's protocol.
            head_seconds: how long a head may take, from the connection or from its first byte.
            options: the other arguments of uvicorn's protocol.
        """
        super().__init__(*arguments, **options)
        self._head_seconds = head_seconds
        self._in_head = False
        self._may_be_too_long = False
        self._continued_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Start the timer for the first head."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse data. If a head is incomplete, start the timer and check the size.

        The parser reports a header only when it is complete, so the bytes of an incomplete head are counted here. The
        headers behind a chunked body count too.
        """
        is_continued = self._in_head
        self._may_be_too_long = is_continued or len(data) > HEAD_MAX_BYTES
        super().data_received(data)
        if self._in_head:
            self._continued_bytes += len(data) if is_continued else 0
            if self._timer is None:
                self._start_timer()
        if (self._in_head or (self.cycle is not None and self.cycle.more_body)) and self._is_too_long():
            self._reject_head()

    def on_message_begin(self) -> None:
        """Begin a head. A running timer starts again."""
        super().on_message_begin()
        self._in_head = True
        self._continued_bytes = 0
        if self._timer is not None:
            self._start_timer()

    def on_headers_complete(self) -> None:
        """End a head, and stop the timer.

        Raises:
            ValueError: the head is too long. The response was sent, and the exception stops the parser.
        """
        self._in_head = False
        self._stop_timer()
        if self._may_be_too_long and self._is_too_long():
            self._reject_head()
            raise ValueError
        super().on_headers_complete()

    def _is_too_long(self) -> bool:
        header_bytes = sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)
        return max(self._continued_bytes, len(self.url) + header_bytes) > HEAD_MAX_BYTES

    def _reject_head(self) -> None:
        if not self.transport.is_closing():
            self._reject(b"431 Request Header Fields Too Large", HeadersTooLargeError)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- the contract has its own message
        """Reject data that is not HTTP, with an error of the contract."""
        if not self.transport.is_closing():
            self._reject(b"400 Bad Request", InvalidHttpError)

    def _reject(self, status: bytes, error: type[DomainError]) -> None:
        """Send an error response and log it, because no middleware handles this request."""
        body = json.dumps({"detail": error.detail(), "code": error.code}).encode()
        request_id = os.urandom(16).hex()
        self.transport.write(RESPONSE_HEAD % (status, len(body), request_id.encode()) + body)
        self.transport.close()
        client = self.client[0] if self.client else None
        fields = {"request_id": request_id, "status": int(status[:3]), "client": client}
        logger.info("%s: %s", error.code, error.detail(), extra=fields)

    def on_response_complete(self) -> None:
        """Start the timer if the body of the request is incomplete, because uvicorn's timer stops when data arrives."""
        is_incomplete = self.cycle.more_body
        super().on_response_complete()
        if is_incomplete and not self.transport.is_closing():
            self._start_timer()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self._head_seconds, self._time_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # The incomplete head follows another request. Closing the connection would cut off the response to it.
            self._start_timer()
        elif not self.transport.is_closing():
            self.transport.close()
