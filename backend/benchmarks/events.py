"""The memory of open event streams, and the time until a change reaches them.

    .venv/bin/python -m benchmarks.events

The command runs in `backend/` and needs `scripts/bootstrap`. It starts the service on an embedded PostgreSQL, and opens
1000 streams of 100 users over plain sockets. The memory is the PSS of the serving process before and after, without the
buffers of the kernel. Then each user creates a task. `--streams 20` is a check that the command works.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles

import httpx

from todo.core.database import migrator
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres

PORT = 8703
API = f"http://127.0.0.1:{PORT}/api/v1"
PASSWORD = "correct horse battery"  # noqa: S105 -- of users of this database only
STREAMS_PER_USER = 10
SETTLE_SECONDS = 3.0
LIMIT_KIB = 20
SECONDS = 120
"""The longest time of the measurement."""


def main() -> None:
    """Measure, and print the results."""
    parser = argparse.ArgumentParser(description="Measure open event streams.")
    parser.add_argument("--streams", type=int, default=1000)
    streams = parser.parse_args().streams
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder), UNSAFE_BUT_FAST_OPTIONS) as postgres:
        migrator.upgrade(postgres.url())
        server = _start(postgres.url(), streams)
        try:
            asyncio.run(asyncio.wait_for(_measure(server.pid, streams), SECONDS))
        finally:
            server.terminate()
            server.wait()


def _start(url: str, streams: int) -> "subprocess.Popen[bytes]":
    settings = {
        "DATABASE_URL": url,
        "JWT_SECRET_KEY": "5eed" * 16,
        "RATE_LIMIT_ENABLED": "false",
        "BCRYPT_ROUNDS": "4",
        "PORT": str(PORT),
        "MAX_CONNECTIONS": str(2 * streams + 100),
        "MAX_STREAMS": str(streams),
        "LOG_FORMAT": "json",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "todo", "serve"], env=os.environ | settings, stderr=subprocess.DEVNULL
    )


async def _measure(server: int, streams: int) -> None:
    async with httpx.AsyncClient(base_url=API, timeout=30) as client:
        while True:
            try:
                await client.get(f"http://127.0.0.1:{PORT}/health")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.05)
        tokens = [await _log_in(client, number) for number in range(max(1, streams // STREAMS_PER_USER))]
        # The first streams load what all of them share.
        warm = [await _open(tokens[0]) for _ in range(5)]
        await _close(warm)
        await asyncio.sleep(SETTLE_SECONDS)
        before = _read_pss(server)
        opened_at = time.monotonic()
        connections = [await _open(tokens[number % len(tokens)]) for number in range(streams)]
        opening = time.monotonic() - opened_at
        await asyncio.sleep(SETTLE_SECONDS)
        memory = (_read_pss(server) - before) / streams
        delays = await _fan_out(client, tokens, connections)
        after_events = (_read_pss(server) - before) / streams
        await _close(connections)
    cuts = quantiles(delays, n=100) if len(delays) > 1 else delays * 99
    print(f"streams               {streams}, opened in {opening:.1f} s")
    print(f"memory of a stream    {memory:.1f} KiB, after events {after_events:.1f} KiB (goal: {LIMIT_KIB} KiB)")
    print(f"response to event     median {1000 * cuts[49]:.0f} ms, p99 {1000 * cuts[98]:.0f} ms")


async def _log_in(client: httpx.AsyncClient, number: int) -> str:
    email = f"user{number}@example.com"
    await client.post("/auth/register", json={"email": email, "password": PASSWORD})
    response = await client.post("/auth/login", data={"username": email, "password": PASSWORD})
    token: str = response.json()["access_token"]
    return token


async def _open(token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a stream, and read up to its opening block."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    head = f"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    writer.write(head.encode())
    assert b" 200 " in await reader.readline()
    await reader.readuntil(b"retry: 3000\n\n")
    return reader, writer


async def _close(connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
    for _, writer in connections:
        writer.close()


async def _fan_out(
    client: httpx.AsyncClient,
    tokens: list[str],
    connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
) -> list[float]:
    """Let each user create a task, and return the seconds from its response to each event."""
    created: dict[int, float] = {}
    arrived: list[tuple[int, float]] = []

    async def receive(reader: asyncio.StreamReader) -> None:
        line = await reader.readuntil(b'"action":"create"}')
        found = re.search(rb'"id":(\d+)', line)
        assert found is not None
        arrived.append((int(found[1]), time.monotonic()))

    receivers = [asyncio.create_task(receive(reader)) for reader, _ in connections]
    for token in tokens:
        response = await client.post(
            "/tasks", json={"title": "Water the plants"}, headers={"Authorization": f"Bearer {token}"}
        )
        created[json.loads(response.content)["id"]] = time.monotonic()
    await asyncio.gather(*receivers)
    return [max(0.0, at - created[task]) for task, at in arrived]


def _read_pss(process: int) -> int:
    """Return the proportional set size of a process in KiB."""
    found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


if __name__ == "__main__":
    main()
