"""Clients that do not read their stream."""

import asyncio
import contextlib
import socket
import time

import asyncpg
import pytest

from tests.live.conftest import LogIn, Service, Start
from tests.live.test_observability import read_metrics
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import find_running

CHANGES = 150_000
"""More events than the buffers of both sockets hold."""
INSERT = """
WITH added AS (
    INSERT INTO changes (user_id, seq, batch, action, type, id)
    SELECT id, number, number, 'update', 'task', number FROM users, generate_series(1, $1) AS number
)
INSERT INTO change_clocks (user_id, seq) SELECT id, $1 FROM users
ON CONFLICT (user_id) DO UPDATE SET seq = excluded.seq
"""


async def add_changes(service: Service) -> None:
    url = find_running(service.data_dir)
    assert url is not None
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute(INSERT, CHANGES)
    await connection.close()


def unread_stream(service: Service, authorization: str) -> socket.socket:
    """Open a stream with a small buffer, and read its head alone."""
    host, port = service.url.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host.replace("localhost", "127.0.0.1"), int(port)))
    connection.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode())
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def is_cut_off(connection: socket.socket) -> bool:
    """Read to the end, and tell whether the end is not that of a complete response."""
    received = b""
    connection.settimeout(10)
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65_536):
            received = received[-10:] + data
    return not received.endswith(b"0\r\n\r\n")


@pytest.mark.timeout(120)
@pytest.mark.spec("EVT-017")
def test_client_that_does_not_read_is_cut_off(start: Start, log_in: LogIn) -> None:
    service = start(WRITE_TIMEOUT="1", METRICS_PORT="0")
    client = log_in(service)

    with unread_stream(service, client.headers["Authorization"]) as connection:
        # A change of another process, of which only the comparison of the clocks tells.
        asyncio.run(add_changes(service))
        deadline = time.monotonic() + 40
        slow = ("todo_event_streams_ended_total", 'reason="slow"')
        while not read_metrics(service).get(slow):
            assert time.monotonic() < deadline, service.read_log()
            time.sleep(0.2)
        metrics = read_metrics(service)
        assert metrics["todo_event_streams", ""] == 0
        assert 0 < metrics["todo_events_sent_total", ""] < CHANGES
        assert is_cut_off(connection)
    assert "Traceback" not in service.read_log()
