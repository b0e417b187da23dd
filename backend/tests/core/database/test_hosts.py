"""A URL with several hosts, of which some do not serve."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.support import SECRET, MakeApp, MakeDatabase, assert_error, make_client
from todo.core.database import migrator
from todo.core.database.hosts import Hosts, open_connection
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres

READY = "https://todo.test/ready"
SETTINGS = {"db_pool_timeout": 2, "db_pool_min": 1}
"""Each of two hosts may take one second."""
STARTING, STOPPING, FULL, REJECTED = "57P03", "57P01", "53300", "28P01"

Answer = Callable[[str], Awaitable[str]]
"""Starts a server that rejects each connection with an SQLSTATE, and returns its host and port."""


@pytest.fixture
def silent() -> Iterator[str]:
    """The host and port of a socket that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def refusing() -> str:
    """A host and port at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
async def answer() -> AsyncIterator[Answer]:
    """Start servers that reject connections. They stop at the end of the test."""
    async with AsyncExitStack() as servers:

        async def start(sqlstate: str) -> str:
            fields = b"".join(
                f"{kind}{value}\0".encode() for kind, value in (("S", "FATAL"), ("C", sqlstate), ("M", "no"))
            )
            message = b"E" + struct.pack("!I", len(fields) + 5) + fields + b"\0"

            async def reject(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                size, code = struct.unpack("!II", await reader.readexactly(8))
                if code == 80877103:  # a request for TLS
                    writer.write(b"N")
                    size = struct.unpack("!I", await reader.readexactly(4))[0] + 4
                await reader.readexactly(size - 8)
                writer.write(message)
                await writer.drain()
                writer.close()

            server = await servers.enter_async_context(await asyncio.start_server(reject, "127.0.0.1", 0))
            return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

        yield start


@pytest.fixture(scope="module")
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server that accepts no writes."""
    options = (*UNSAFE_BUT_FAST_OPTIONS, "max_connections=20")
    with EmbeddedPostgres(tmp_path_factory.mktemp("read-only"), options) as postgres:
        migrator.upgrade(postgres.url())
        yield postgres


def add_host(host: str, url: str) -> str:
    """Return a URL with a further host as the first one."""
    query = make_url(url).query
    hosts = {"host": f"{host},{query['host']}", "port": f"5432,{query['port']}"}
    return make_url(url).update_query_dict(hosts).render_as_string(hide_password=False)


async def set_read_only(postgres: EmbeddedPostgres, value: str) -> None:
    """Let a server accept no writes, in open connections too."""
    connection = await asyncpg.connect(**connect_arguments(postgres.admin_url()))
    await connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


@pytest.mark.spec("FAI-003")
async def test_silent_host_is_passed_over_in_its_share_of_the_time(
    make_app: MakeApp, make_database: MakeDatabase, silent: str, caplog: pytest.LogCaptureFixture
) -> None:
    started_at = time.monotonic()
    client = make_client(await make_app(add_host(silent, await make_database()), **SETTINGS))

    response = await client.get(READY)

    assert response.status_code == 200
    assert 1 <= time.monotonic() - started_at < 3
    assert f"Passed over: {silent} (does not respond)" in caplog.text


@pytest.mark.spec("FAI-006")
async def test_host_of_the_last_connection_is_tried_first(database_url: str, silent: str) -> None:
    arguments = connect_arguments(add_host(silent, database_url)) | {"timeout": 1}
    hosts = Hosts(arguments)
    first = await hosts.connect(arguments)
    started_at = time.monotonic()

    second = await hosts.connect(arguments)

    assert time.monotonic() - started_at < 0.9
    for connection in (first, second):
        await connection.close()


@pytest.mark.spec("FAI-004")
@pytest.mark.parametrize("sqlstate", [STARTING, STOPPING])
async def test_host_that_starts_or_stops_is_passed_over(
    database_url: str, answer: Answer, sqlstate: str, caplog: pytest.LogCaptureFixture
) -> None:
    host = await answer(sqlstate)

    connection = await open_connection(**connect_arguments(add_host(host, database_url)))

    assert await connection.fetchval("SELECT 1") == 1
    assert f"Passed over: {host} (no)" in caplog.text
    await connection.close()


@pytest.mark.spec("FAI-004")
async def test_host_that_refuses_is_passed_over(database_url: str, refusing: str) -> None:
    connection = await open_connection(**connect_arguments(add_host(refusing, database_url)))

    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


@pytest.mark.spec("FAI-005")
@pytest.mark.parametrize(
    ("sqlstate", "error"),
    [(REJECTED, asyncpg.InvalidPasswordError), (FULL, asyncpg.TooManyConnectionsError)],
)
async def test_host_that_rejects_the_role_or_is_full_ends_the_search(
    database_url: str, answer: Answer, sqlstate: str, error: type[Exception]
) -> None:
    url = add_host(await answer(sqlstate), database_url)

    with pytest.raises(error):
        await open_connection(**connect_arguments(url))


@pytest.mark.spec("FAI-007")
async def test_request_gets_503_in_bounded_time_when_no_host_serves(
    make_app: MakeApp, silent: str, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    starting = await answer(STARTING)
    url = f"postgresql://todo@{silent},{starting}/todo"
    client = make_client(await make_app(url, **SETTINGS))
    started_at = time.monotonic()

    response = await client.get(READY)

    assert_error(response, 503, "DATABASE_UNREACHABLE")
    assert response.headers["Retry-After"] == "5"
    assert time.monotonic() - started_at < 3
    assert "The database is unavailable" in caplog.text
    assert f"{silent} (does not respond), {starting} (no)" in caplog.text


@pytest.mark.spec("FAI-008")
async def test_server_that_became_read_only_is_noticed_at_the_first_write(
    make_app: MakeApp, make_database: MakeDatabase, read_only: EmbeddedPostgres, caplog: pytest.LogCaptureFixture
) -> None:
    primary = await make_database()
    first = make_url(read_only.url())
    second = make_url(primary)
    hosts = f"{first.query['host']},{second.query['host']}"
    ports = f"{first.query['port']},{second.query['port']}"
    url = f"postgresql://{second.username}@/{second.database}?host={hosts}&port={ports}"
    connection = await asyncpg.connect(**connect_arguments(read_only.admin_url()))
    await connection.execute(f"CREATE DATABASE {second.database} TEMPLATE todo")
    await connection.close()
    app = await make_app(url, db_pool_min=3, db_pool_max=3)
    async with make_client(app) as client:
        before = await client.post("/auth/register", json={"email": "ada@example.com", "password": SECRET[:20]})
        await set_read_only(read_only, "on")

        noticed = await client.post("/auth/register", json={"email": "bob@example.com", "password": SECRET[:20]})
        later = [
            await client.post("/auth/register", json={"email": f"{name}@example.com", "password": SECRET[:20]})
            for name in ("bob", "eve", "joe", "kim")
        ]
        await set_read_only(read_only, "off")

    assert before.status_code == 201
    assert_error(noticed, 503, "SERVICE_UNAVAILABLE")
    assert noticed.headers["Retry-After"] == "5"
    assert [response.status_code for response in later] == [201] * 4
    assert f"The database is at {second.query['host']}" in caplog.text
    assert "(does not accept writes)" in caplog.text


@pytest.mark.spec("FAI-009")
async def test_migration_passes_over_a_host_that_starts(make_database: MakeDatabase, answer: Answer) -> None:
    url = add_host(await answer(STARTING), await make_database(migrated=False))

    await asyncio.to_thread(migrator.upgrade, url)

    status = await asyncio.to_thread(migrator.read_status, url)
    assert not status.pending
