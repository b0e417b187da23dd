"""What tests stand on: a throw-away PostgreSQL, the real application on it, and people who use it.

The cluster is made once a run and migrated once into a template; a database of one's own is a copy of it. Tests that
share a database are kept apart by what the service promises: nobody sees what is another user's.
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
)
from todo.core.clock import utc_now
from todo.core.database import migrator
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import THROW_AWAY, EmbeddedPostgres
from todo.http.dependencies.resources import AppResources
from todo.http.refresh_cookie import COOKIE_PATH, REFRESH_COOKIE
from todo.main import create_app
from todo.services.accounts.statements import INSERT_USER, SELECT_CREDENTIALS
from todo.services.login_sessions.service import Client, create_login_session

GARBAGE_AFTER = 50_000
"""How many more objects than before make Python look for rings of them; its own 700 cost a tenth of the run."""

if find_spec("sniffio") is None:
    # httpx asks for it at every request; a search of all folders that is known to be in vain takes half a millisecond.
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # so the import system writes "not there"


def pytest_configure() -> None:
    """Run the application on the loop that it is served with, which is also the quicker one.

    pytest-asyncio's hook for this takes the session's fixtures down at every change between tests with and without a
    loop, so the policy it is.
    """
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of the search for garbage from now on."""
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, the browser before all: what is short fills the end evenly. Else by chance.

    The tests of plans come next, where none of them is taken by another worker, which would make their data again.
    """
    long = ("live/test_docs", "live/", "services/test_plans")
    items.sort(key=lambda item: [part not in item.nodeid for part in long])


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on which databases may be made: TEST_DATABASE_URL's, or one of our own."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    options = (*THROW_AWAY, "max_connections=300")
    with EmbeddedPostgres(tmp_path_factory.mktemp("cluster"), options) as postgres:
        yield postgres.url("postgres")


@pytest.fixture(scope="session")
def initialized_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a service that was started and stopped once; starting on a copy of it is the quicker way."""
    data_dir = tmp_path_factory.mktemp("before") / "data"
    with EmbeddedPostgres(data_dir, THROW_AWAY) as postgres:
        migrator.upgrade(postgres.url())
    return data_dir


@pytest.fixture(scope="session")
async def make_database(server_url: str) -> AsyncIterator[MakeDatabase]:
    """Make databases: migrated ones by default, empty ones with `migrated=False`. All go at the end."""
    admin = await asyncpg.connect(**connect_arguments(server_url))
    run = uuid4().hex[:8]
    made: list[str] = []

    async def make(*, migrated: bool = True) -> str:
        name = f"todo_test_{run}_{len(made)}"
        made.append(name)
        template = made[0] if migrated and len(made) > 1 else "template0"
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return make_url(server_url).set(database=name).render_as_string(hide_password=False)

    await asyncio.to_thread(migrator.upgrade, await make(migrated=False))
    yield make
    for name in made:
        await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(scope="session")
async def database_url(make_database: MakeDatabase) -> str:
    """The migrated database that most tests share."""
    return await make_database()


@pytest.fixture(scope="session")
async def make_session_app(database_url: str) -> AsyncIterator[MakeApp]:
    """Start applications that live until the run is over."""
    async with _app_maker(database_url) as make:
        yield make


@pytest.fixture
async def make_app(database_url: str) -> AsyncIterator[MakeApp]:
    """Start applications that live as long as the test."""
    async with _app_maker(database_url) as make:
        yield make


@asynccontextmanager
async def _app_maker(database_url: str) -> AsyncIterator[MakeApp]:
    async with AsyncExitStack() as running:

        async def make(url: str | None = None, **settings: object) -> FastAPI:
            app = create_app(make_settings(database_url=url or database_url, **settings))
            await running.enter_async_context(app.router.lifespan_context(app))
            return app

        yield make


@pytest.fixture(scope="session")
async def app(make_session_app: MakeApp) -> FastAPI:
    """The application that most tests share."""
    return await make_session_app()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Somebody who has not logged in."""
    async with make_client(app) as client:
        yield client


@pytest.fixture(scope="session")
async def password_hash(app: FastAPI) -> str:
    """What is stored of PASSWORD; for all people the same, for each one costs as much as a test."""
    resources: AppResources = app.state.resources
    return await resources.security.hasher.hash(PASSWORD)


@pytest.fixture
async def make_person(app: FastAPI, password_hash: str) -> AsyncIterator[MakePerson]:
    """Register people and log them in, each with a client of their own; the password is PASSWORD.

    What registering and logging in do by themselves is in tests/routers/test_auth.py; here is what they leave behind.
    """
    resources: AppResources = app.state.resources
    database = resources.database.session
    async with AsyncExitStack() as clients:

        async def make(email: str | None = None) -> Person:
            address = email or f"{uuid4().hex}@example.com"
            client = await clients.enter_async_context(make_client(app))
            http_client = Client(client.headers["User-Agent"], CLIENT_ADDRESS)
            await database.fetch_one(INSERT_USER, email=address, password_hash=password_hash, name=None)
            user = await database.fetch_one(SELECT_CREDENTIALS, email=address)
            assert user is not None
            tokens = await create_login_session(database, resources.security.signer, user, http_client, utc_now())
            assert tokens is not None
            client.headers["Authorization"] = f"Bearer {tokens.access.access_token}"
            client.cookies.set(REFRESH_COOKIE, tokens.refresh, domain=client.base_url.host, path=COOKIE_PATH)
            return Person(user["id"], address, client)

        yield make


@pytest.fixture
async def ada(make_person: MakePerson) -> Person:
    """A user."""
    return await make_person()


@pytest.fixture
async def bob(make_person: MakePerson) -> Person:
    """Another user, a stranger to Ada."""
    return await make_person()


@pytest.fixture
def make_task() -> Make:
    """Create tasks; the title is "Water the plants" unless given."""

    async def make(owner: Person, **fields: object) -> Json:
        response = await owner.client.post("/tasks", json={"title": "Water the plants"} | fields)
        assert response.status_code == 201, response.text
        task: Json = response.json()
        return task

    return make


@pytest.fixture
def make_tag() -> Make:
    """Create tags; the name is one of a kind unless given."""

    async def make(owner: Person, **fields: object) -> Json:
        response = await owner.client.post("/tags", json={"name": uuid4().hex} | fields)
        assert response.status_code == 201, response.text
        tag: Json = response.json()
        return tag

    return make


@pytest.fixture
def bcrypt_calls(monkeypatch: pytest.MonkeyPatch) -> BcryptCalls:
    """Listen to bcrypt, which does its work all the same."""
    calls, hash_password = BcryptCalls(), bcrypt.hashpw

    def listen(password: bytes, salt: bytes) -> bytes:
        calls.note(salt)
        return hash_password(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", listen)
    return calls


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A second way into the database that the application is on."""
    connection = await asyncpg.connect(**connect_arguments(database_url))
    yield connection
    await connection.close()


@pytest.fixture
async def recorded_app(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> RecordedApp:
    """An application of the test's own whose statements are written down."""
    statements: list[str] = []

    connect = asyncpg.connect

    async def connect_and_record(*arguments: Any, **options: Any) -> asyncpg.Connection:
        opened: asyncpg.Connection = await connect(*arguments, **options)
        opened.add_query_logger(lambda record: statements.append(record.query))
        return opened

    with monkeypatch.context() as patch:
        patch.setattr(asyncpg, "connect", connect_and_record)
        app = await make_app(db_pool_min=5, db_pool_max=5)

    async def record_and_serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)
        # The driver tells of a statement when it is over, on the loop's next turn.
        await asyncio.sleep(0)

    return RecordedApp(record_and_serve, statements)


@pytest.fixture
async def make_login_session(app: FastAPI) -> AsyncIterator[MakeLoginSession]:
    """Log people in on further devices, each with a client, an address and a name of its own."""
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
    """Create personal access tokens; the name is one of a kind unless given."""

    async def make(owner: Person, *scopes: str, **fields: object) -> Json:
        body = {"name": uuid4().hex, "scopes": scopes} | fields
        response = await owner.client.post("/auth/tokens", json=body)
        assert response.status_code == 201, response.text
        token: Json = response.json()
        return token

    return make


@pytest.fixture
async def watcher(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A third way into the database, which sees who waits for whom."""
    watcher = await asyncpg.connect(**connect_arguments(database_url))
    yield watcher
    await watcher.close()
