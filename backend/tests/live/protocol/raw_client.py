"""A client that sends and reads the bytes of HTTP/1.1 without an HTTP library."""

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic_core import from_json

from tests.live.conftest import Service

READ_BYTES = 65_536


@dataclass(frozen=True)
class RawResponse:
    """A response: its status, its headers in lower case, and its body without chunks."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return from_json(self.body)


class RawClient:
    """A connection to the service.

    Attributes:
        connection: the socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._received = b""

    def send(self, *packets: bytes, pause: float = 0) -> None:
        """Send packets, with a pause in seconds after each of them."""
        for packet in packets:
            self.connection.sendall(packet)
            time.sleep(pause)

    def read_response(self, method: str = "GET") -> RawResponse:
        """Return the next response. A response to HEAD has no body."""
        head = self._read_until(b"\r\n\r\n").decode("latin-1")
        status_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(status_line.split(" ")[1])
        if method == "HEAD" or status in (100, 204, 304):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = b"".join(self._read_chunks())
        else:
            body = self._read_bytes(int(headers["content-length"]))
        return RawResponse(status, headers, body)

    def ask(self, request: bytes, method: str = "GET") -> RawResponse:
        """Send a request and return its response."""
        self.send(request)
        return self.read_response(method)

    def read_rest(self) -> bytes:
        """Return the bytes that arrive until the service closes the connection."""
        rest, self._received = self._received, b""
        try:
            while received := self.connection.recv(READ_BYTES):
                rest += received
        except ConnectionResetError:
            pass
        return rest

    def _read_chunks(self) -> Iterator[bytes]:
        while size := int(self._read_until(b"\r\n"), 16):
            yield self._read_bytes(size)
            self._read_until(b"\r\n")
        self._read_until(b"\r\n")

    def _read_until(self, end: bytes) -> bytes:
        while end not in self._received:
            self._receive()
        return self._read_bytes(self._received.index(end) + len(end))

    def _read_bytes(self, size: int) -> bytes:
        while len(self._received) < size:
            self._receive()
        read, self._received = self._received[:size], self._received[size:]
        return read

    def _receive(self) -> None:
        received = self.connection.recv(READ_BYTES)
        if not received:
            raise EOFError(f"the service closed the connection after {self._received!r}")
        self._received += received


@contextmanager
def connect(service: Service, *, receive_buffer: int | None = None, timeout: float = 10) -> Iterator[RawClient]:
    """Yield a connection. A small `receive_buffer`, in bytes, makes the service wait for the client."""
    url = httpx.URL(service.url)
    with socket.socket() as connection:
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(timeout)
        connection.connect((url.host, url.port or 80))
        yield RawClient(connection)


def request(method: str, target: str, *headers: str, body: bytes = b"", hosts: Iterable[str] = ("localhost",)) -> bytes:
    """Return an HTTP/1.1 request, with a `Content-Length` if it has a body."""
    lines = [f"{method} {target} HTTP/1.1", *(f"Host: {host}" for host in hosts), *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
