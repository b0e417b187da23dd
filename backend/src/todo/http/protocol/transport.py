"""A transport that sends the head of a response together with the beginning of its body."""

import asyncio
from typing import Any

HEAD_BEGINNING = b"HTTP/1.1 "


class JoiningTransport:
    """Holds the head of a response until the next write, or at most until the next pass of the event loop.

    uvicorn writes the head and the body one after the other, each with a system call and a packet.
    """

    __slots__ = ("_head", "_loop", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""
        # It is called for every response, and `__getattr__` is slow.
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        """Return another method of the transport."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send data, and the head that is held. A head, or data that begins like one, is held."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        elif data[: len(HEAD_BEGINNING)] == HEAD_BEGINNING:
            self._head = data
            self._loop.call_soon(self._send_head)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Send the head that is held, and close the transport when everything is sent."""
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        if self._head:
            self._transport.write(self._head)
            self._head = b""
