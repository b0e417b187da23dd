"""A client of the event streams of a running service."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.routers.events.support import ReceivedEvent


class LiveStream:
    """An open stream, after its opening block."""

    def __init__(self, response: httpx.Response) -> None:
        assert response.status_code == 200, response.status_code
        self._lines = response.iter_lines()
        opening = self.next_event()
        assert opening is not None
        assert opening.retry == 3000

    def next_event(self) -> ReceivedEvent | None:
        """Return the next event, or None at the end of the stream."""
        block: list[str] = []
        for line in self._lines:
            if not line:
                return ReceivedEvent.parse("\n".join(block))
            block.append(line)
        return None


@contextmanager
def live_stream(client: httpx.Client, seconds: float = 10, **options: Any) -> Iterator[LiveStream]:
    """Open a stream. A read fails after this many seconds without an event."""
    with client.stream("GET", "/events", timeout=seconds, **options) as response:
        yield LiveStream(response)
