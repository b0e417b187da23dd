"""Fixtures: a temporary PostgreSQL server, applications on its databases, and users.

Each test process starts one server and migrates one database. Further databases are copies of the migrated database.
Most tests share a database and create their own users, because a user never sees rows of another user.
"""

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import bcrypt
import pytest
import uvloop
from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy import make_url
from starlette.types import Receive, Scope, Send

from tests.support import (
    CLIENT_ADDRESS,
    IN_REQUEST,
    PASSWORD,
    BcryptCalls,
    Json,
    Make,
    MakeApp,
    MakeDatabase,
    MakeLoginSession,
    MakePerson,
    MakeToken,
    Person,
    RecordedApp,
    log_in,
    make_client,
    make_settings,
    mark_requests,
)
from todo.core.clock import utc_now
from todo.core.database import migrator
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres
from todo.http.refresh_cookie import COOKIE_PATH, REFRESH_COOKIE
from todo.http.request_state import AppResources
from todo.main import create_app
from todo.services.accounts.statements import INSERT_USER, SELECT_CREDENTIALS
from todo.services.login_sessions.service import Client, create_login_session

GARBAGE_AFTER = 50_000
"""The threshold of the garbage collector. The default of 700 costs a tenth of the run time."""

if find_spec("sniffio") is None:
    # httpx tries to import sniffio at each request, and the failing search takes half a millisecond. None skips it.
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # typeshed does not allow None as a module


def pytest_configure() -> None:
    """Run tests on uvloop, as `todo serve` does.

    The hook of pytest-asyncio for event loops would tear down session fixtures between tests with and without a loop.
    Therefore this function sets the event loop policy.
    """
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


def pytest_collection_finish() -> None:
    """Enable the garbage collector for objects that are created from now on."""
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first, so that the workers end at about the same time. The order is otherwise random.

    The tests of query plans are among the first tests of a worker. Another worker then rarely runs some of these tests
    and rarely creates their rows a second time.
    """
    slow = ("live/test_docs", "live/", "services/test_plans")
    items.sort(key=lambda item: [part not in item.nodeid for part in slow])


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of TEST_DATABASE_URL, or start a PostgreSQL server and return its URL."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    options = (*UNSAFE_BUT_FAST_OPTIONS, "max_connections=300")
    with EmbeddedPostgres(tmp_path_factory.mktemp("cluster"), options) as postgres:
        yield postgres.admin_url()


@pytest.fixture(scope="session")
def initialized_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a migrated database. A start on a copy of this folder is faster than a first start."""
    data_dir = tmp_path_factory.mktemp("before") / "data"
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        migrator.upgrade(postgres.url())
    return data_dir


@pytest.fixture(scope="session")
async def make_database(server_url: str) -> AsyncIterator[MakeDatabase]:
    """Create databases. A database is empty with `migrated=False`. Drop all databases at the end of the run."""
    admin = await asyncpg.connect(**connect_arguments(server_url))
    run_id = uuid4().hex[:8]
    names: list[str] = []

    async def make(*, migrated: bool = True) -> str:
        name = f"todo_test_{run_id}_{len(names)}"
        names.append(name)
        template = names[0] if migrated and len(names) > 1 else "template0"
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return make_url(server_url).set(database=name).render_as_string(hide_password=False)

    await asyncio.to_thread(migrator.upgrade, await make(migrated=False))
    yield make
    for name in names:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(scope="session")
async def database_url(make_database: MakeDatabase) -> str:
    """Return the URL of the migrated database that most tests share."""
    return await make_database()


@pytest.fixture(scope="session")
async def make_session_app(database_url: str) -> AsyncIterator[MakeApp]:
    """Start applications that stop at the end of the run."""
    async with _app_maker(database_url) as make:
        yield make


@pytest.fixture(scope="module")
async def make_module_app(database_url: str) -> AsyncIterator[MakeApp]:
    """Start applications that stop at the end of the module.

    The workers of an application log the faults of its database. After the module they would do so in other tests.
    """
    async with _app_maker(database_url) as make:
        yield make


@pytest.fixture
async def make_app(database_url: str) -> AsyncIterator[MakeApp]:
    """Start applications that stop at the end of the test."""
    async with _app_maker(database_url) as make:
        yield make


@asynccontextmanager
async def _app_maker(database_url: str) -> AsyncIterator[MakeApp]:
    async with AsyncExitStack() as apps:

        async def make(url: str | None = None, **settings: object) -> FastAPI:
            app = create_app(make_settings(database_url=url or database_url, **settings))
            await apps.enter_async_context(app.router.lifespan_context(app))
            return app

        yield make


@pytest.fixture(scope="session")
async def app(make_session_app: MakeApp) -> FastAPI:
    """Return the application that most tests share."""
    return await make_session_app()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Return a client without a token."""
    async with make_client(app) as client:
        yield client


@pytest.fixture(scope="session")
async def password_hash(app: FastAPI) -> str:
    """Return a hash of PASSWORD. All users share this hash, because bcrypt takes as long as a test."""
    resources: AppResources = app.state.resources
    return await resources.security.hasher.hash(PASSWORD)


@pytest.fixture
async def make_person(app: FastAPI, password_hash: str) -> AsyncIterator[MakePerson]:
    """Register users with PASSWORD and log in, each user with a new client.

    The rows are created without HTTP. tests/routers/test_auth.py tests the routes for registration and login.
    """
    resources: AppResources = app.state.resources
    database = resources.database.session
    async with AsyncExitStack() as clients:

        async def make(email: str | None = None) -> Person:
            address = email or f"{uuid4().hex}@example.com"
            client = await clients.enter_async_context(make_client(app))
            http_client = Client(client.headers["User-Agent"], CLIENT_ADDRESS)
            await database.fetch_one(
                INSERT_USER, email=address, email_key=address, password_hash=password_hash, name=None
            )
            user = await database.fetch_one(SELECT_CREDENTIALS, email_key=address)
            assert user is not None
            tokens = await create_login_session(
                database, resources.security.signer, user, http_client, utc_now(), max_login_sessions=100
            )
            assert tokens is not None
            client.headers["Authorization"] = f"Bearer {tokens.access.access_token}"
            client.cookies.set(REFRESH_COOKIE, tokens.refresh, domain=client.base_url.host, path=COOKIE_PATH)
            return Person(user["id"], address, client)

        yield make


@pytest.fixture
async def ada(make_person: MakePerson) -> Person:
    """Return a user."""
    return await make_person()


@pytest.fixture
async def bob(make_person: MakePerson) -> Person:
    """Return another user, without access to the rows of Ada."""
    return await make_person()


@pytest.fixture
def make_task() -> Make:
    """Create tasks. The default title is "Water the plants"."""

    async def make(owner: Person, **fields: object) -> Json:
        response = await owner.client.post("/tasks", json={"title": "Water the plants"} | fields)
        assert response.status_code == 201, response.text
        task: Json = response.json()
        return task

    return make


@pytest.fixture
def make_tag() -> Make:
    """Create tags. The default name is unique."""

    async def make(owner: Person, **fields: object) -> Json:
        response = await owner.client.post("/tags", json={"name": uuid4().hex} | fields)
        assert response.status_code == 201, response.text
        tag: Json = response.json()
        return tag

    return make


@pytest.fixture
def bcrypt_calls(monkeypatch: pytest.MonkeyPatch) -> BcryptCalls:
    """Record calls of bcrypt. bcrypt still computes the hashes."""
    calls, hash_password = BcryptCalls(), bcrypt.hashpw

    def record_and_hash(password: bytes, salt: bytes) -> bytes:
        calls.note(salt)
        return hash_password(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", record_and_hash)
    return calls


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection to the database of the application."""
    connection = await asyncpg.connect(**connect_arguments(database_url))
    yield connection
    await connection.close()


@pytest.fixture
async def recorded_app(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> RecordedApp:
    """Return a new application whose SQL statements are recorded."""
    statements: list[str] = []
    connect = asyncpg.connect

    def record_statement(record: asyncpg.connection.LoggedQuery) -> None:
        # The workers of the application run their statements at any time.
        if IN_REQUEST.get():
            statements.append(record.query)

    async def connect_and_record(*arguments: Any, **options: Any) -> asyncpg.Connection:
        connection: asyncpg.Connection = await connect(*arguments, **options)
        connection.add_query_logger(record_statement)
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg, "connect", connect_and_record)
        app = await make_app(db_pool_min=5, db_pool_max=5)
    app_with_marks = mark_requests(app)

    async def record_and_serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app_with_marks(scope, receive, send)
        # asyncpg calls query loggers in the next iteration of the event loop.
        await asyncio.sleep(0)

    return RecordedApp(record_and_serve, statements)


@pytest.fixture
async def make_login_session(app: FastAPI) -> AsyncIterator[MakeLoginSession]:
    """Log in with a new client, which has its own address and user agent."""
    async with AsyncExitStack() as clients:

        async def make(owner: Person, address: str = "198.51.100.1", user_agent: str = "A telephone") -> Person:
            client = await clients.enter_async_context(make_client(app, address))
            client.headers["User-Agent"] = user_agent
            login = await log_in(client, owner.email)
            client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
            return Person(owner.id, owner.email, client)

        yield make


@pytest.fixture
def make_token() -> MakeToken:
    """Create personal access tokens. The default name is unique."""

    async def make(owner: Person, *scopes: str, **fields: object) -> Json:
        body = {"name": uuid4().hex, "scopes": scopes} | fields
        response = await owner.client.post("/auth/tokens", json=body)
        assert response.status_code == 201, response.text
        token: Json = response.json()
        return token

    return make


@pytest.fixture
async def watcher(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Return another connection to the same database, for queries on the locks of `connection`."""
    watcher = await asyncpg.connect(**connect_arguments(database_url))
    yield watcher
    await watcher.close()
