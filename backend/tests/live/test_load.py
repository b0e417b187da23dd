"""A running service under load: a storm of logins, clients that take their time, and being told to stop meanwhile."""

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
    """A service with slow passwords, one connection to its database, and little patience."""
    return start_for_module(
        RATE_LIMIT_ENABLED="false", BCRYPT_ROUNDS="11", DB_POOL_MIN="1", DB_POOL_MAX="1", REQUEST_TIMEOUT="1"
    )


# A storm of logins


@pytest.mark.spec("LOD-001")
def test_lists_tasks_quickly_during_a_storm_of_logins(busy: Service, log_in: LogIn) -> None:
    client = log_in(busy)
    form = {"username": "ada@example.com", "password": PASSWORD}

    def log_in_once(_: int) -> int:
        return HTTP.post(f"{busy.url}/api/v1/auth/login", data=form).status_code

    took = []
    with concurrent.futures.ThreadPoolExecutor(LOGINS) as pool:
        storm = [pool.submit(log_in_once, number) for number in range(LOGINS)]
        while not all(login.done() for login in storm):
            began = time.perf_counter()
            assert client.get("/tasks").status_code == 200
            took.append(time.perf_counter() - began)

    assert statistics.median(took) < 0.05, f"{len(took)} lists, {statistics.median(took) * 1000:.1f} ms at the median"
    # On a slow machine the last ones in the queue are sent away.
    assert {login.result() for login in storm} <= {200, 503}


# Slow clients


def connect(service: Service) -> socket.socket:
    """Return a connection that gives up after ten seconds."""
    url = httpx.URL(service.url)
    return socket.create_connection((url.host, url.port or 80), timeout=10)


def head(client: httpx.Client, *, length: int, **headers: str) -> bytes:
    """Return the head of a request that creates a task with a body of this length."""
    lines = {
        "Host": "localhost",
        "Authorization": client.headers["Authorization"],
        "Content-Type": "application/json",
        "Content-Length": str(length),
    }
    fields = "".join(f"{name}: {value}\r\n" for name, value in (lines | headers).items())
    return f"POST /api/v1/tasks HTTP/1.1\r\n{fields}\r\n".encode()


def read_to_the_end(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.spec("LOD-003")
def test_closes_a_connection_on_which_no_first_or_no_next_head_arrives(busy: Service) -> None:
    with connect(busy) as silent, connect(busy) as halfway, connect(busy) as second:
        halfway.sendall(b"GET /health HTTP/1.1\r\nX-Slow")
        second.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health")
        began = time.monotonic()

        assert read_to_the_end(silent) == read_to_the_end(halfway) == b""
        answer = read_to_the_end(second)

    assert 0.5 < time.monotonic() - began < 5
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.spec("LOD-004")
def test_answers_408_when_a_body_trickles_and_holds_no_connection_meanwhile(busy: Service, log_in: LogIn) -> None:
    client = log_in(busy)
    with connect(busy) as plain, connect(busy) as keyed:
        plain.sendall(head(client, length=1000) + b"{")
        keyed.sendall(head(client, length=1000, **{"Idempotency-Key": "slow"}) + b"{")
        began = time.monotonic()
        # The pool has one connection: were it held, this would wait until the bodies are given up.
        while time.monotonic() - began < 0.5:
            assert client.get("/tasks").status_code == 200
        assert time.monotonic() - began < 0.9

        answers = [read_to_the_end(plain), read_to_the_end(keyed)]

    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in answer.lower()
        assert b'"code":"REQUEST_TIMEOUT"' in answer


# Being told to stop


@dataclass
class Hammer:
    """Creates tasks over connections that are kept open, until the service takes no more of them."""

    service: Service
    head: bytes
    numbers: Iterator[int] = field(default_factory=itertools.count)
    acknowledged: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)
    broken: list[bytes] = field(default_factory=list)

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
        """Create one task; tell whether the connection is good for another."""
        answer = b""
        try:
            connection.sendall(self.head + b'{"title": "%s"}' % title.encode())
            while not is_whole(answer):
                received = connection.recv(65536)
                if not received:
                    break
                answer += received
        except ConnectionError:
            pass
        if is_whole(answer) and answer.startswith(b"HTTP/1.1 201"):
            self.acknowledged.add(title)
        elif answer:
            self.broken.append(answer)
        else:
            self.unanswered.add(title)
        return bool(answer) and b"connection: close" not in answer.lower()


def is_whole(answer: bytes) -> bool:
    """Tell whether an answer is complete."""
    start, _, body = answer.partition(b"\r\n\r\n")
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
def test_finishes_what_it_began_and_takes_no_more_when_it_is_stopped_under_load(
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
    hammer = Hammer(service, head(client, length=len('{"title": "000000"}')))
    threads = [threading.Thread(target=hammer.run, daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(hammer.acknowledged) > 100, service)

    with connect(service) as slow:
        slow.sendall(head(client, length=1000) + b"{")
        written = len(hammer.acknowledged)
        wait_until(lambda: len(hammer.acknowledged) > written + 20, service)
        os.kill(service.pid, signal.SIGTERM)
        for thread in threads:
            thread.join(30)
        # What is new is refused by now, although something old is still in flight, and that gets its answer.
        assert select.select([slow], [], [], 0) == ([], [], [])
        in_flight = read_to_the_end(slow)

    assert in_flight.startswith(b"HTTP/1.1 408")
    service.process.join(STOP_SECONDS)
    assert service.process.exitcode == 0
    assert hammer.broken == []
    assert titles_in(empty_database) == hammer.acknowledged
