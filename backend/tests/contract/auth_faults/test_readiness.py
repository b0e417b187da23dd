"""Readiness while the database is frozen."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import make_url

from tests.support import MakeApp, assert_error, log_in, make_client

READY_URL = "https://todo.test/ready"
MARGIN_SECONDS = 0.7


class FreezingProxy:
    """Forwards connections to PostgreSQL until `freeze`. Then it accepts connections and forwards nothing."""

    def __init__(self, url: str) -> None:
        self._target = make_url(url)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> str:
        """Start the proxy, and return the URL of the database behind it."""
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        query = {name: value for name, value in self._target.query.items() if name not in ("host", "port")}
        return self._target.set(host=host, port=port, query=query).render_as_string(hide_password=False)

    def freeze(self) -> None:
        """Forward nothing from now on."""
        self._flowing.clear()

    async def close(self) -> None:
        """End the proxy with its connections."""
        self._server.close()
        # asyncpg opens a connection to cancel a statement, also after the request has ended.
        await asyncio.sleep(0.1)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        folder = self._target.query.get("host")
        if folder:
            path = f"{folder}/.s.PGSQL.{self._target.query.get('port') or self._target.port or 5432}"
            other_reader, other_writer = await asyncio.open_unix_connection(path)
        else:
            other_reader, other_writer = await asyncio.open_connection(self._target.host, self._target.port)
        self._writers += [writer, other_writer]
        for source, target in ((reader, other_writer), (other_reader, writer)):
            self._tasks.add(asyncio.create_task(self._copy(source, target)))

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            await self._flowing.wait()
            target.write(data)
        target.close()


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[FreezingProxy]:
    """Return a proxy in front of the database."""
    proxy = FreezingProxy(database_url)
    yield proxy
    await proxy.close()


@pytest.mark.spec("AUT-011")
@pytest.mark.parametrize("idle", [0, 3], ids=["no-open-connection", "idle-connections"])
async def test_ready_responds_in_two_seconds_on_a_frozen_database(
    make_app: MakeApp, proxy: FreezingProxy, idle: int
) -> None:
    client = make_client(await make_app(await proxy.start(), db_pool_min=idle, db_pool_timeout=4))
    proxy.freeze()

    for _ in range(2):
        began = time.monotonic()
        response = await client.get(READY_URL)

        assert_error(response, 503, "DATABASE_UNREACHABLE")
        assert time.monotonic() - began < 2 + MARGIN_SECONDS


@pytest.mark.spec("AUT-011")
async def test_ready_responds_in_two_seconds_while_all_connections_are_busy(
    make_app: MakeApp, proxy: FreezingProxy
) -> None:
    client = make_client(await make_app(await proxy.start(), db_pool_min=1, db_pool_max=1, db_pool_timeout=4))
    proxy.freeze()
    request = asyncio.create_task(log_in(client, "ada@example.com"))
    await asyncio.sleep(0)

    began = time.monotonic()
    response = await client.get(READY_URL)

    assert_error(response, 503, "DATABASE_UNREACHABLE")
    assert time.monotonic() - began < 2 + MARGIN_SECONDS
    request.cancel()
    await asyncio.wait({request})


@pytest.mark.spec("AUT-011")
async def test_concurrent_probes_respond_in_two_seconds(make_app: MakeApp, proxy: FreezingProxy) -> None:
    client = make_client(await make_app(await proxy.start(), db_pool_min=1, db_pool_max=2, db_pool_timeout=4))
    proxy.freeze()

    began = time.monotonic()
    responses = await asyncio.gather(*(client.get(READY_URL) for _ in range(5)))

    assert [response.status_code for response in responses] == [503] * 5
    assert time.monotonic() - began < 2 + MARGIN_SECONDS
