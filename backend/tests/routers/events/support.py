"""A client of event streams. httpx's ASGITransport returns a response only after its end."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.types import Message

from tests.support import Json, Person

PATH = "/api/v1/events"
SECONDS = 10
"""How long a test waits for an event."""


@dataclass(frozen=True)
class ReceivedEvent:
    """A block of a stream; `comment` is True if it has no field."""

    name: str | None = None
    data: Json | None = None
    id: str | None = None
    retry: int | None = None
    comment: bool = False

    @classmethod
    def parse(cls, block: str) -> "ReceivedEvent":
        """Return the content of a block without its empty line."""
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        retry = fields.get("retry")
        return cls(
            fields.get("event"),
            json.loads(fields["data"]) if "data" in fields else None,
            fields.get("id"),
            None if retry is None else int(retry),
            comment=not fields,
        )


class OpenStream:
    """An open response.

    Attributes:
        status: the status of the response.
        headers: its headers, with names in lower case.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.is_read = asyncio.Event()
        self.is_read.set()
        self.is_left = asyncio.Event()
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._is_requested = False

    async def receive(self) -> Message:
        """Return the empty body of the request, then the disconnect of the client."""
        if not self._is_requested:
            self._is_requested = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.is_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Accept a part of the response, as soon as the client reads."""
        await self.is_read.wait()
        await self._messages.put(message)

    async def start(self) -> None:
        """Wait for the head of the response."""
        message = await self._next_message()
        self.status = message["status"]
        self.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}

    async def next_event(self) -> ReceivedEvent | None:
        """Return the next event, or None at the end of the stream."""
        while b"\n\n" not in self.body:
            message = await self._next_message()
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                return None
        block, _, self.body = self.body.partition(b"\n\n")
        return ReceivedEvent.parse(block.decode())

    async def next_changes(self, number: int) -> list[ReceivedEvent]:
        """Return the next events, which must be changes."""
        events = [await self.next_event() for _ in range(number)]
        assert all(event is not None and event.name == "change" for event in events), events
        return [event for event in events if event is not None]

    async def read_body(self) -> bytes:
        """Return the rest of the body."""
        while True:
            message = await self._next_message()
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                return self.body

    async def _next_message(self) -> Message:
        async with asyncio.timeout(SECONDS):
            return await self._messages.get()


@asynccontextmanager
async def open_stream(
    app: FastAPI,
    owner: Person | None = None,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
) -> AsyncIterator[OpenStream]:
    """Open a stream with the access token of a person, and close it at the end of the block."""
    stream = OpenStream()
    sent = {"host": "todo.test", **(headers or {})}
    if owner is not None:
        sent["authorization"] = owner.client.headers["Authorization"]
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": PATH,
        "raw_path": PATH.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("203.0.113.7", 40_000),
        "server": ("todo.test", 443),
    }
    request = asyncio.create_task(app(scope, stream.receive, stream.send))
    try:
        await stream.start()
        yield stream
    finally:
        stream.is_left.set()
        stream.is_read.set()
        async with asyncio.timeout(SECONDS):
            await request


@asynccontextmanager
async def follow(app: FastAPI, owner: Person | None = None, **options: Any) -> AsyncIterator[OpenStream]:
    """Open a stream and read its opening block."""
    async with open_stream(app, owner, **options) as stream:
        assert stream.status == 200, stream.status
        opening = await stream.next_event()
        assert opening is not None
        assert opening.retry == 3000
        yield stream
