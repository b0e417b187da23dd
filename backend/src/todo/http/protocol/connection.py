"""uvicorn's HTTP/1.1 protocol with the limits of ADR 0029 and without upgrades."""

import asyncio
import logging
import os
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from todo.core.errors import DomainError
from todo.http.protocol.errors import (
    ConnectError,
    HeadersTooLargeError,
    TooManyConnectionsError,
    find_error,
    render_bytes,
)
from todo.http.protocol.host import check_host
from todo.http.protocol.limits import EXCESS_MAX, ConnectionLimits, WriteTimeout
from todo.http.protocol.transport import JoiningTransport

HEAD_MAX_BYTES = 65_536
PIPELINE_MAX = 16
SLICE_BYTES = 4096
"""Longer data is parsed in slices. Between two slices the protocol checks the number of pipelined requests."""
EXCESS_SECONDS = 1.0
ON_STOP = "todo.on_stop"
"""The key of a function in the lifespan state. It is called when the server begins to stop."""
BODY_ARRIVED = "todo.body_arrived"
"""The key in the scope of a request whose whole body has arrived."""
logger = logging.getLogger("todo.requests")


class LimitedProtocol(HttpToolsProtocol):
    """A connection with limits on the time of a head, the time of a write, and the number of requests and connections.

    uvicorn only limits the silence between two requests. `BodyLimitMiddleware` limits the time of the body.
    """

    def __init__(self, *arguments: Any, limits: ConnectionLimits, **options: Any) -> None:
        """Create the protocol of a connection.

        Args:
            arguments: the positional arguments of uvicorn's protocol.
            limits: the limits of the connection.
            options: the other arguments of uvicorn's protocol.
        """
        super().__init__(*arguments, **options)
        self._limits = limits
        self._in_head = False
        self._may_be_too_long = False
        self._continued_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._write_timeout: WriteTimeout | None = None
        self._served: RequestResponseCycle | None = None
        # True if data must not go straight to the parser, because of one of the next three attributes.
        self._is_held = False
        self._unparsed = b""
        self._is_excess = False
        self._error: DomainError | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Start the timers. Make room for the connection if there are too many."""
        super().connection_made(cast("asyncio.Transport", JoiningTransport(transport, self.loop)))
        self._start_timer(self._limits.head_seconds)
        self._write_timeout = WriteTimeout(self.loop, transport, self._limits.write_seconds)
        if len(self.connections) > self._limits.connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers, and tell the application that the client is gone."""
        self._stop_timer()
        if self._write_timeout is not None:
            self._write_timeout.stop()
        if self._served is not None and not self._served.response_complete:
            # uvicorn tells the last request alone. If requests are pipelined, another one is served.
            self._served.disconnected = True
            self._served.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Serve a request."""
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def resume_writing(self) -> None:
        """Continue with the response, because the client has accepted the bytes before."""
        super().resume_writing()
        if self._write_timeout is not None:
            self._write_timeout.drain()

    def data_received(self, data: bytes) -> None:
        """Parse data. The fast path is data that neither is long nor follows an unanswered pipelined request."""
        if self._is_held or self.pipeline or len(data) > SLICE_BYTES:
            self._receive_slowly(data)
        else:
            self._parse(data)

    def _receive_slowly(self, data: bytes) -> None:
        if self._is_excess:
            self._reject(TooManyConnectionsError())
        elif self._error is None:
            self._unparsed += data
            self._parse_held()

    def _parse_held(self) -> None:
        """Parse the held data up to the maximum of pipelined requests, and stop reading while data remains."""
        data, position = memoryview(self._unparsed), 0
        while position < len(data) and len(self.pipeline) < PIPELINE_MAX and self._error is None:
            self._parse(data[position : position + SLICE_BYTES])
            position += SLICE_BYTES
        self._unparsed = bytes(data[position:])
        self._is_held = bool(self._unparsed) or self._error is not None
        if self.transport.is_closing():
            return
        if self._is_held:
            # uvicorn resumes reading only where its own flow control has paused it.
            self.flow.read_paused = False
            self.transport.pause_reading()
        elif not self.flow.read_paused:
            self.transport.resume_reading()

    def _parse(self, data: bytes | memoryview) -> None:
        """Parse data. If a head is incomplete, start the timer and check the size.

        The parser reports a header only when it is complete, so the bytes of an incomplete head are counted here. The
        headers behind a chunked body count too.
        """
        self._unset_keepalive_if_required()
        is_continued = self._in_head
        self._may_be_too_long = is_continued
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._feed_rest(self._without_upgrade(bytes(data[upgrade.args[0] :])))
        except httptools.HttpParserError as error:
            self._reject(find_error(error))
        if self._error is not None:
            return
        if self._in_head and is_continued:
            self._continued_bytes += len(data)
        if self._timer is None and (self._in_head or self.cycle is None or self.cycle.response_complete):
            # Empty lines may precede a head, so the timer also starts if no head has begun.
            self._start_timer(self._limits.head_seconds)
        if (self._in_head or (self.cycle is not None and self.cycle.more_body)) and self._is_too_long():
            self._reject(HeadersTooLargeError())

    def _feed_rest(self, data: bytes) -> None:
        """Feed the parser. It stops again behind the head of each request with an `Upgrade` header."""
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_upgrade(data[upgrade.args[0] :])
            except httptools.HttpParserError as error:
                self._reject(find_error(error))
                return
            else:
                return

    def _without_upgrade(self, rest: bytes) -> bytes:
        """Return the request without its `Upgrade` header, for a new parser (RFC 9110, section 7.8).

        Args:
            rest: the data behind the head.
        """
        if self.scope["method"] == "CONNECT":
            self._reject(ConnectError())
            return b""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        head = [b"%s %s HTTP/%s" % (self.scope["method"].encode(), self.url, self.scope["http_version"].encode())]
        head += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([*head, b"", rest])

    def _should_upgrade(self) -> bool:
        """Make uvicorn's callbacks skip a request with an `Upgrade` header, because its head is parsed again."""
        return True

    def on_message_begin(self) -> None:
        """Begin a head. A running timer starts again."""
        super().on_message_begin()
        self._in_head = True
        self._continued_bytes = 0
        if self._timer is not None:
            self._start_timer(self._limits.head_seconds)

    def on_headers_complete(self) -> None:
        """End a head, and stop the timer.

        Raises:
            HeadersTooLargeError: the head is too long. An exception stops the parser.
            InvalidHostError: the head does not have one valid `Host` (RFC 9112, section 3.2).
        """
        self._stop_timer()
        if self._may_be_too_long and self._is_too_long():
            raise HeadersTooLargeError
        check_host(self.headers, self.parser)
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Mark the request, so that no middleware limits the time of its body."""
        self.scope[BODY_ARRIVED] = True  # type: ignore[literal-required]  # the type has no keys of servers
        super().on_message_complete()

    def _is_too_long(self) -> bool:
        header_bytes = sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)
        return max(self._continued_bytes, len(self.url) + header_bytes) > HEAD_MAX_BYTES

    def on_response_complete(self) -> None:
        """Continue with the held data or the error behind the response.

        If the body of the request is incomplete, start the timer, because uvicorn's timer stops when data arrives.
        """
        is_incomplete = self.cycle.more_body
        is_last = not self.pipeline
        super().on_response_complete()
        if self._is_held and not self.transport.is_closing():
            if self._error is None:
                self._parse_held()
            elif is_last:
                self._send_error(self._error)
        if is_incomplete and not self.transport.is_closing():
            self._start_timer(self._limits.head_seconds)

    def shutdown(self) -> None:
        """Begin to stop: event streams end, because their requests would not end by themselves."""
        on_stop = self.app_state.get(ON_STOP)
        if on_stop is not None:
            on_stop()
        super().shutdown()

    def _reject(self, error: DomainError) -> None:
        """Stop parsing, and send an error response behind the responses to the earlier requests."""
        if self.transport.is_closing() or self._error is not None:
            return
        self._error, self._is_held = error, True
        self._stop_timer()
        is_in_body = not self._in_head and self.cycle is not None and self.cycle.more_body
        if self.pipeline:
            if is_in_body:
                self.pipeline.popleft()
        elif self.cycle is None or (self.cycle.response_complete and not is_in_body):
            self._send_error(error)
        elif is_in_body and self.cycle.response_started:
            self.transport.close()
        elif is_in_body:
            self._send_error(error)

    def _send_error(self, error: DomainError) -> None:
        """Send the response and log it, because no middleware handles this request."""
        request_id = os.urandom(16).hex()
        self.transport.write(render_bytes(error, request_id))
        self.transport.close()
        client = self.client[0] if self.client else None
        fields = {"request_id": request_id, "status": error.status, "client": client}
        logger.info("%s: %s", error.code, error.detail(), extra=fields)

    def _make_room(self) -> None:
        """Close the connection that waits for a request for the longest time. Without one, reject this connection."""
        others = [(other.waiting_since, other) for other in self.connections if isinstance(other, LimitedProtocol)]
        waiting = [(since, other) for since, other in others if since is not None and other is not self]
        if waiting:
            min(waiting, key=lambda pair: pair[0])[1].transport.close()
        elif len(self.connections) > self._limits.connections + EXCESS_MAX:
            self.transport.abort()
        else:
            self._is_excess = self._is_held = True
            self._start_timer(EXCESS_SECONDS)

    @property
    def waiting_since(self) -> float | None:
        """The time of the event loop since which the connection waits for a request, or None."""
        if self.transport.is_closing() or self._is_excess:
            return None
        if self.timeout_keep_alive_task is not None:
            return self.timeout_keep_alive_task.when() - self.timeout_keep_alive
        is_idle = self.cycle is None or self.cycle.response_complete
        return self._timer.when() - self._limits.head_seconds if is_idle and self._timer is not None else None

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._time_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # The incomplete head follows another request. Closing the connection would cut off the response to it.
            self._start_timer(self._limits.head_seconds)
        elif not self.transport.is_closing():
            self.transport.close()
