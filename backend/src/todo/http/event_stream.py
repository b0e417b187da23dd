"""Responses with server-sent events (HTML, section 9.2)."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

from fastapi import Response
from fastapi.sse import format_sse_event
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

from todo.http.request_state import request_state
from todo.services.events.position import Event

EVENT_STREAM = "text/event-stream"
HEADERS = [
    (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
    # nginx passes each event on at once.
    (b"x-accel-buffering", b"no"),
]


class EventStreamResponse(Response):
    """A response that ends with its generator.

    The first events are generated before the response starts, so that an error becomes an ordinary response. The rest
    is left to `RequestContextMiddleware`, because a stream that keeps the frames of all middleware takes twice the
    memory. A client that does not read is cut off by the protocol (`WriteTimeout`), which also limits the unsent bytes.
    """

    media_type = EVENT_STREAM

    def __init__(self, events: AsyncGenerator[list[Event]]) -> None:
        self._events = events
        self.status_code = 200
        self.body = b""
        self.background = None
        self.raw_headers = [*HEADERS]

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the first events, and leave the rest. A response to HEAD has no events."""
        opening = await anext(self._events)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] == "HEAD":
                await self._events.aclose()
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await send({"type": "http.response.body", "body": render(opening), "more_body": True})
                request_state(scope).stream = self._events
        except BaseException:
            await self._events.aclose()
            raise


async def send_events(events: AsyncGenerator[list[Event]], send: Send) -> None:
    """Send the rest of a response."""
    async with aclosing(events):
        async for block in events:
            await send({"type": "http.response.body", "body": render(block), "more_body": True})
            # Sent events would take memory as long as the stream waits.
            del block
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def render(events: Iterable[Event]) -> bytes:
    """Return the text of events; an event without any field is a comment."""
    return b"".join(
        format_sse_event(
            data_str=None if event.data is None else to_json(event.data).decode(),
            event=event.name,
            id=event.id,
            retry=event.retry,
            comment="" if event == Event() else None,
        )
        for event in events
    )
