"""An HTTP server that forwards requests to a service, and loses or replaces responses on request."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

import httpx


class Lose(Enum):
    """A part of an exchange that a gate loses."""

    REQUEST = auto()
    RESPONSE = auto()
    END = auto()
    """The connection stays open without a response."""


Fault = Callable[[str, str], Lose | bytes | None]
"""Returns what happens to a request with this method and path; bytes are sent in place of a response."""


class Gate(ThreadingHTTPServer):
    """Forwards requests. `fault` says which are lost."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), GateHandler)
        self.target = target
        self.fault: Fault = lambda _method, _path: None
        self.client = httpx.Client(verify=False, timeout=40)
        self.closed = threading.Event()
        self.api = f"http://127.0.0.1:{self.server_port}/api/v1"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        yield
        self.closed.set()
        self.shutdown()
        self.client.close()
        self.server_close()

    def lose_syncs(self) -> None:
        """Lose each request of `GET /sync`."""
        self.fault = lambda _method, path: Lose.REQUEST if path.startswith("/api/v1/sync") else None

    def lose(self, method: str, what: Lose) -> None:
        """Lose each request with a method, or its response."""
        self.fault = lambda actual, _path: what if actual == method else None

    def answer_once(self, method: str, response: bytes) -> None:
        """Send bytes to the next request with a method."""
        responses = [response]
        self.fault = lambda actual, _path: responses.pop() if actual == method and responses else None

    def heal(self) -> None:
        """Forward everything."""
        self.fault = lambda _method, _path: None


class GateHandler(BaseHTTPRequestHandler):
    """Handles one request per connection."""

    def handle_one(self) -> None:
        """Forward the request, or do what the fault says."""
        gate = cast(Gate, self.server)
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = gate.fault(self.command, self.path)
        if fault is Lose.END:
            gate.closed.wait()
        if fault in (Lose.REQUEST, Lose.END):
            return
        if isinstance(fault, bytes):
            self.wfile.write(fault)
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        response = gate.client.request(self.command, gate.target + self.path, headers=headers, content=body)
        if fault is Lose.RESPONSE:
            return
        self.send_response(response.status_code)
        for name, value in response.headers.items():
            if name not in ("content-length", "content-encoding", "transfer-encoding", "connection"):
                self.send_header(name, value)
        if response.status_code != httpx.codes.NO_CONTENT:
            self.send_header("Content-Length", str(len(response.content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(response.content)

    do_GET = do_POST = do_PATCH = do_DELETE = handle_one  # noqa: N815

    def log_message(self, *_arguments: object) -> None:
        """Write no log."""
