"""A service under load: many logins at once, slow clients, and a stop during requests."""

import asyncio
import concurrent.futures
import itertools
import os
import re
import select
import signal
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import asyncpg
import httpx
import pytest

from tests.live.conftest import HTTP, STOP_SECONDS, LogIn, Service, Start, wait_until
from tests.support import PASSWORD, SECRET
from todo.core.database import migrator
from todo.core.database.url import connect_arguments

LOGINS = 16
CLIENTS = 8
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@pytest.fixture(scope="module")
def busy(start_for_module: Start) -> Service:
    """A service with slow password hashes, one database connection and a request timeout of one second."""
    return start_for_module(
        RATE_LIMIT_ENABLED="false", BCRYPT_ROUNDS="11", DB_POOL_MIN="1", DB_POOL_MAX="1", REQUEST_TIMEOUT="1"
    )


# Many logins at once


@pytest.mark.spec("LOD-001")
def test_lists_of_tasks_stay_fast_during_many_logins(busy: Service, log_in: LogIn) -> None:
    client = log_in(busy)
    form = {"username": "ada@example.com", "password": PASSWORD}

    def log_in_once(_: int) -> int:
        return HTTP.post(f"{busy.url}/api/v1/auth/login", data=form).status_code

    durations = []
    with concurrent.futures.ThreadPoolExecutor(LOGINS) as pool:
        logins = [pool.submit(log_in_once, number) for number in range(LOGINS)]
        while not all(login.done() for login in logins):
            started_at = time.perf_counter()
            assert client.get("/tasks").status_code == 200
            durations.append(time.perf_counter() - started_at)

    assert statistics.median(durations) < 0.05, (
        f"{len(durations)} lists, {statistics.median(durations) * 1000:.1f} ms at the median"
    )
    # On a slow machine the last logins in the queue time out.
    assert {login.result() for login in logins} <= {200, 503}


# Slow clients


def connect(service: Service) -> socket.socket:
    """Return a connection with a timeout of ten seconds."""
    url = httpx.URL(service.url)
    return socket.create_connection((url.host, url.port or 80), timeout=10)


def format_head(client: httpx.Client, *, length: int, **headers: str) -> bytes:
    """Return the request line and headers of a POST of a task with a body of this length."""
    lines = {
        "Host": "localhost",
        "Authorization": client.headers["Authorization"],
        "Content-Type": "application/json",
        "Content-Length": str(length),
    }
    fields = "".join(f"{name}: {value}\r\n" for name, value in (lines | headers).items())
    return f"POST /api/v1/tasks HTTP/1.1\r\n{fields}\r\n".encode()


def read_to_the_end(connection: socket.socket) -> bytes:
    """Return the received bytes when the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.spec("LOD-003")
def test_connection_without_a_complete_head_is_closed(busy: Service) -> None:
    with connect(busy) as silent, connect(busy) as halfway, connect(busy) as kept_alive:
        halfway.sendall(b"GET /health HTTP/1.1\r\nX-Slow")
        kept_alive.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health")
        started_at = time.monotonic()

        assert read_to_the_end(silent) == read_to_the_end(halfway) == b""
        response = read_to_the_end(kept_alive)

    assert 0.5 < time.monotonic() - started_at < 5
    assert response.startswith(b"HTTP/1.1 200 OK")
    assert response.count(b"HTTP/1.1") == 1


@pytest.mark.spec("LOD-004")
def test_slow_body_gets_408_and_holds_no_database_connection(busy: Service, log_in: LogIn) -> None:
    client = log_in(busy)
    with connect(busy) as plain, connect(busy) as keyed:
        plain.sendall(format_head(client, length=1000) + b"{")
        keyed.sendall(format_head(client, length=1000, **{"Idempotency-Key": "slow"}) + b"{")
        started_at = time.monotonic()
        # The pool has one connection. If a slow request held it, the list would wait until the timeout of the body.
        while time.monotonic() - started_at < 0.5:
            assert client.get("/tasks").status_code == 200
        assert time.monotonic() - started_at < 0.9

        responses = [read_to_the_end(plain), read_to_the_end(keyed)]

    for response in responses:
        assert response.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in response.lower()
        assert b'"code":"REQUEST_TIMEOUT"' in response


# Stopping


@dataclass
class Writer:
    """Creates tasks on persistent connections until the service accepts no more connections."""

    service: Service
    head: bytes
    numbers: Iterator[int] = field(default_factory=itertools.count)
    acknowledged: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    failed: list[bytes] = field(default_factory=list)

    def run(self) -> None:
        while True:
            try:
                connection = connect(self.service)
            except ConnectionError:
                return
            with connection:
                while self._create(connection, f"{next(self.numbers):06}"):
                    pass

    def _create(self, connection: socket.socket, title: str) -> bool:
        """Create one task, and return whether the connection can be used again."""
        response = b""
        try:
            connection.sendall(self.head + b'{"title": "%s"}' % title.encode())
            while not is_complete(response):
                received = connection.recv(65536)
                if not received:
                    break
                response += received
        except ConnectionError:
            pass
        if is_complete(response) and response.startswith(b"HTTP/1.1 201"):
            self.acknowledged.add(title)
        elif response:
            self.failed.append(response)
        else:
            self.unanswered.add(title)
        return bool(response) and b"connection: close" not in response.lower()


def is_complete(response: bytes) -> bool:
    """Tell whether a response has arrived completely."""
    start, _, body = response.partition(b"\r\n\r\n")
    length = LENGTH.search(start)
    return length is not None and len(body) == int(length[1])


def titles_in(url: str) -> set[str]:
    """Return the titles of all tasks in a database."""

    async def read() -> set[str]:
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            return {row["title"] for row in await connection.fetch("SELECT title FROM tasks")}
        finally:
            await connection.close()

    return asyncio.run(read())


@pytest.mark.spec("LOD-005")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_stop_finishes_running_requests_and_accepts_no_new_ones(
    start: Start, log_in: LogIn, empty_database: str, workers: str
) -> None:
    migrator.upgrade(empty_database)
    service = start(
        DATABASE_URL=empty_database,
        JWT_SECRET_KEY=SECRET,
        WORKERS=workers,
        RATE_LIMIT_ENABLED="false",
        REQUEST_TIMEOUT="2",
    )
    client = log_in(service)
    writer = Writer(service, format_head(client, length=len('{"title": "000000"}')))
    threads = [threading.Thread(target=writer.run, daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(writer.acknowledged) > 100, service)

    with connect(service) as slow:
        slow.sendall(format_head(client, length=1000) + b"{")
        count = len(writer.acknowledged)
        wait_until(lambda: len(writer.acknowledged) > count + 20, service)
        os.kill(service.pid, signal.SIGTERM)
        for thread in threads:
            thread.join(30)
        # New connections are rejected, while the slow request is still running.
        assert select.select([slow], [], [], 0) == ([], [], [])
        slow_response = read_to_the_end(slow)

    assert slow_response.startswith(b"HTTP/1.1 408")
    service.process.join(STOP_SECONDS)
    assert service.process.exitcode == 0
    assert writer.failed == []
    assert titles_in(empty_database) == writer.acknowledged
