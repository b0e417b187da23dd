"""Databases with unusual settings, and PgBouncer in front of one."""

import contextlib
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import URL, make_url

from tests.live.conftest import require
from tests.support import PASSWORD, make_client
from todo.core.database.connection import STARTUP_PARAMETERS
from todo.core.database.url import connect_arguments
from todo.core.postgres.process import find_binaries, plan_privileges

START_SECONDS = 20
POOL_SIZE = 2
CONFIGURATION = """
[databases]
* = {target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {pool_mode}
default_pool_size = {pool_size}
ignore_startup_parameters = {ignored}
"""


class CreateDatabase(Protocol):
    """Creates an empty database with options of CREATE DATABASE and returns its URL."""

    async def __call__(self, options: str) -> str: ...


class StartPooler(Protocol):
    """Starts a PgBouncer in front of a database and returns the URL of the database through it."""

    def __call__(self, url: str, *, pool_mode: str = ..., ignored: tuple[str, ...] = ...) -> str: ...


@pytest.fixture
async def admin(server_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of a superuser."""
    connection = await asyncpg.connect(**connect_arguments(server_url))
    yield connection
    await connection.close()


@pytest.fixture
async def create_database(admin: asyncpg.Connection, server_url: str) -> AsyncIterator[CreateDatabase]:
    """Create empty databases, which are dropped at the end of the test."""
    names: list[str] = []

    async def create(options: str) -> str:
        name = f"todo_odd_{uuid4().hex[:8]}"
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        names.append(name)
        return make_url(server_url).set(database=name).render_as_string(hide_password=False)

    yield create
    for name in names:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def start_pooler(tmp_path: Path) -> Iterator[StartPooler]:
    """Start PgBouncers, which are stopped at the end of the test."""
    program = require("pgbouncer", "/usr/sbin/pgbouncer")
    with ExitStack() as running:

        def start(url: str, *, pool_mode: str = "transaction", ignored: tuple[str, ...] = STARTUP_PARAMETERS) -> str:
            port = _find_free_port()
            configuration = tmp_path / f"pgbouncer-{port}.ini"
            configuration.write_text(
                CONFIGURATION.format(
                    target=_describe_target(url),
                    port=port,
                    pool_mode=pool_mode,
                    pool_size=POOL_SIZE,
                    ignored=",".join(ignored),
                )
            )
            # PgBouncer does not run as root either.
            privileges = plan_privileges(find_binaries(None).folder, tmp_path)
            privileges.hand_over(tmp_path)
            process = subprocess.Popen(
                [program, "-q", configuration],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=privileges.drop,  # noqa: PLW1509 -- `drop` only makes system calls
            )
            running.callback(process.wait)
            running.callback(process.kill)
            _wait_until_open(port)
            parsed = make_url(url)
            through = URL.create("postgresql", "todo", host="127.0.0.1", port=port, database=parsed.database)
            return through.render_as_string()

        yield start


async def sign_up(app: FastAPI, stack: contextlib.AsyncExitStack, email: str) -> AsyncClient:
    """Register and log in a user, and return the client."""
    client = await stack.enter_async_context(make_client(app))
    registered = await client.post("/auth/register", json={"email": email, "password": PASSWORD})
    assert registered.status_code == 201, registered.text
    response = await client.post("/auth/login", data={"username": email, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
    return client


def _describe_target(url: str) -> str:
    parsed = make_url(url)
    host = parsed.host or str(parsed.query.get("host", "/run/postgresql"))
    port = parsed.port or parsed.query.get("port", "5432")
    password = f" password={parsed.password}" if parsed.password else ""
    return f"host={host} port={port} user={parsed.username or 'postgres'}{password}"


def _find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert time.monotonic() < deadline, "PgBouncer does not start"
        time.sleep(0.02)
