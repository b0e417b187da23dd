"""What tests of the HTTP side share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from uuid import uuid4

import asyncpg
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from tests.support import Json, MakeApp, MakeDevice, MakeToken, Person, Watched, log_in, make_client
from todo.core.database.session import connect_arguments


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A second way into the database that the application is on."""
    connection = await asyncpg.connect(**connect_arguments(database_url))
    yield connection
    await connection.close()


@pytest.fixture
async def watched(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """An application of the test's own whose statements are written down."""
    statements: list[str] = []

    async def note_statements(opened: asyncpg.Connection) -> None:
        opened.add_query_logger(lambda record: statements.append(record.query))

    monkeypatch.setattr(asyncpg, "create_pool", partial(asyncpg.create_pool, init=note_statements))
    app = await make_app()

    async def app_and_its_notes(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)
        # The driver tells of a statement when it is over, on the loop's next turn.
        await asyncio.sleep(0)

    return Watched(app_and_its_notes, statements)


@pytest.fixture
async def make_device(app: FastAPI) -> AsyncIterator[MakeDevice]:
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
