"""Types and functions that several test modules use."""

import asyncio
import threading
from collections.abc import Awaitable
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import asyncpg
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from todo.core.config import Settings
from todo.services.housekeeping import Retention

SECRET = "5eed" * 16
BASE_URL = "https://todo.test/api/v1"
CLIENT_ADDRESS = "203.0.113.7"
PASSWORD = "correct horse battery"
COUNT_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
IN_REQUEST = ContextVar("IN_REQUEST", default=False)
"""Whether the code runs for a request that `mark_requests` marked. In the workers of an application it is False."""
Json = dict[str, Any]
RETENTION = Retention(changes=timedelta(days=180), trash=timedelta(days=30))


@dataclass(frozen=True)
class Person:
    """A registered user, and a client with an access token and a refresh cookie of this user."""

    id: UUID
    email: str
    client: AsyncClient


@dataclass(frozen=True)
class RecordedApp:
    """An application and the SQL statements that it has run."""

    app: ASGIApp
    statements: list[str]


class MakeApp(Protocol):
    """Starts an application on a database. Keywords are settings."""

    def __call__(self, url: str | None = None, **settings: object) -> Awaitable[FastAPI]: ...


class MakeDatabase(Protocol):
    """Creates a database and returns its URL."""

    def __call__(self, *, migrated: bool = True) -> Awaitable[str]: ...


class MakePerson(Protocol):
    """Registers a user and logs in."""

    def __call__(self, email: str | None = None) -> Awaitable[Person]: ...


class Make(Protocol):
    """Creates a resource of a person through the API. Keywords are fields of the body."""

    def __call__(self, owner: Person, **fields: object) -> Awaitable[Json]: ...


class MakeLoginSession(Protocol):
    """Logs a person in with a new client."""

    def __call__(self, owner: Person, address: str = ..., user_agent: str = ...) -> Awaitable[Person]: ...


class MakeToken(Protocol):
    """Creates a personal access token with these scopes. Keywords are further fields of the body."""

    def __call__(self, owner: Person, *scopes: str, **fields: object) -> Awaitable[Json]: ...


class BcryptCalls:
    """Records the cost of each bcrypt hash and the threads that computed the hashes."""

    def __init__(self) -> None:
        self.costs: list[int] = []
        self.threads: set[int] = set()

    def note(self, salt: bytes) -> None:
        """Record the hash with this salt."""
        self.costs.append(int(salt.split(b"$")[2]))
        self.threads.add(threading.get_ident())


def make_settings(**changes: object) -> Settings:
    """Return settings with cheap password hashes, without rate limits and without an `.env` file."""
    defaults: dict[str, Any] = {
        "environment": "test",
        "jwt_secret_key": SecretStr(SECRET),
        "bcrypt_rounds": 4,
        "rate_limit_enabled": False,
        "db_connection_timeout": 10,
        "db_pool_timeout": 30,
    }
    return Settings(_env_file=None, **(defaults | changes))


def mark_requests(app: ASGIApp) -> ASGIApp:
    """Return the application with IN_REQUEST set in its requests."""

    async def mark_and_serve(scope: Scope, receive: Receive, send: Send) -> None:
        mark = IN_REQUEST.set(True)
        try:
            await app(scope, receive, send)
        finally:
            IN_REQUEST.reset(mark)

    return mark_and_serve


def make_client(app: ASGIApp, address: str = CLIENT_ADDRESS, **options: Any) -> AsyncClient:
    """Return a client at this address. The client gets a 500 for an exception of the application."""
    transport = ASGITransport(app, raise_app_exceptions=False, client=(address, 40_000))
    return AsyncClient(transport=transport, base_url=BASE_URL, **options)


def assert_error(response: Response, status: int, code: str, detail: str | None = None) -> None:
    """Check the status, the code and the detail of an error response."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body["code"] == code, body
    if detail is not None:
        assert body["detail"] == detail
    assert isinstance(body["detail"], str)


def operations_in(document: Json) -> dict[str, Json]:
    """Return the operations of an OpenAPI document by `METHOD path`, with resolved error responses and examples."""
    return {
        f"{method.upper()} {path}": operation
        | {
            "responses": {
                status: resolve_response(document, response) for status, response in operation["responses"].items()
            }
        }
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def resolve_response(document: Json, response: Json) -> Json:
    """Return a response of an OpenAPI document with its references to components resolved."""
    if "$ref" not in response:
        return response
    components = document["components"]
    response = deepcopy(components["responses"][response["$ref"].rpartition("/")[2]])
    examples = response["content"]["application/json"]["examples"]
    for code, example in examples.items():
        examples[code] = components["examples"][code] if "$ref" in example else example
    return response


async def log_in(client: AsyncClient, email: str, password: str = PASSWORD) -> Response:
    """Send the login form."""
    return await client.post("/auth/login", data={"username": email, "password": password})


async def refresh(client: AsyncClient, token: str) -> Response:
    """Refresh with this refresh token and no other cookie."""
    return await client.post("/auth/refresh", headers={"Cookie": f"refresh_token={token}"})


def refresh_token_of(owner: Person) -> str:
    """Return the refresh token in the cookies of a person's client."""
    return owner.client.cookies["refresh_token"]


def refresh_token_in(response: Response) -> str:
    """Return the refresh token that a response sets."""
    return response.cookies["refresh_token"]


def authorize(token: str) -> dict[str, str]:
    """Return the `Authorization` header with this token."""
    return {"Authorization": f"Bearer {token}"}


async def advance_clock(connection: asyncpg.Connection, owner: Person) -> None:
    """Advance the change clock of a person in a transaction, as every write of the service does first."""
    await connection.execute(
        "INSERT INTO change_clocks VALUES ($1, 1) ON CONFLICT (user_id) DO UPDATE SET seq = change_clocks.seq + 1",
        owner.id,
    )


async def wait_for_lock_waiters(watcher: asyncpg.Connection, statements: int = 1) -> None:
    """Wait until this many statements wait for locks in the database of `watcher`.

    Raises:
        TimeoutError: fewer statements wait for locks after 20 seconds.
    """
    async with asyncio.timeout(20):
        while await watcher.fetchval(COUNT_WAITING) < statements:
            pass
