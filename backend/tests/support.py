"""What tests share besides fixtures: the words of their signatures, and how an answer is checked."""

import asyncio
import threading
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import asyncpg
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from pydantic import SecretStr
from starlette.types import ASGIApp

from todo.core.config import Settings

SECRET = "5eed" * 16
BASE_URL = "https://todo.test/api/v1"
CLIENT_ADDRESS = "203.0.113.7"
PASSWORD = "correct horse battery"
COUNT_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
Json = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Somebody with an account, and a client that is logged in to it."""

    id: UUID
    email: str
    client: AsyncClient


@dataclass(frozen=True)
class RecordedApp:
    """An application, and the statements that it has run so far."""

    app: ASGIApp
    statements: list[str]


class MakeApp(Protocol):
    """Starts an application on a database; settings as keywords."""

    def __call__(self, url: str | None = None, **settings: object) -> Awaitable[FastAPI]: ...


class MakeDatabase(Protocol):
    """Makes a database, migrated unless told otherwise, and returns its address."""

    def __call__(self, *, migrated: bool = True) -> Awaitable[str]: ...


class MakePerson(Protocol):
    """Registers somebody and logs in."""

    def __call__(self, email: str | None = None) -> Awaitable[Person]: ...


class Make(Protocol):
    """Creates something of a person's through the API; fields as keywords."""

    def __call__(self, owner: Person, **fields: object) -> Awaitable[Json]: ...


class MakeLoginSession(Protocol):
    """Logs somebody in once more, on another device."""

    def __call__(self, owner: Person, address: str = ..., user_agent: str = ...) -> Awaitable[Person]: ...


class MakeToken(Protocol):
    """Creates a personal access token with these scopes; further fields as keywords."""

    def __call__(self, owner: Person, *scopes: str, **fields: object) -> Awaitable[Json]: ...


class BcryptCalls:
    """What bcrypt was asked for: the cost of each hash, and the threads that made them."""

    def __init__(self) -> None:
        self.costs: list[int] = []
        self.threads: set[int] = set()

    def note(self, salt: bytes) -> None:
        """Remember one hash."""
        self.costs.append(int(salt.split(b"$")[2]))
        self.threads.add(threading.get_ident())


def make_settings(**changes: object) -> Settings:
    """Return settings for tests, whatever the environment says: quick passwords, no rate limits."""
    defaults: dict[str, Any] = {
        "environment": "test",
        "jwt_secret_key": SecretStr(SECRET),
        "bcrypt_rounds": 4,
        "rate_limit_enabled": False,
        "db_connection_timeout": 10,
        "db_pool_timeout": 30,
    }
    return Settings(_env_file=None, **(defaults | changes))


def make_client(app: ASGIApp, address: str = CLIENT_ADDRESS, **options: Any) -> AsyncClient:
    """Return a client of the application that comes from this address; what the application raises is a 500."""
    transport = ASGITransport(app, raise_app_exceptions=False, client=(address, 40_000))
    return AsyncClient(transport=transport, base_url=BASE_URL, **options)


def assert_error(response: Response, status: int, code: str, detail: str | None = None) -> None:
    """Check that an answer is this error, in the contract's shape."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body["code"] == code, body
    if detail is not None:
        assert body["detail"] == detail
    assert isinstance(body["detail"], str)


def operations_in(document: Json) -> dict[str, Json]:
    """Return the operations of an OpenAPI document by `METHOD path`, with their errors in place."""
    shared = document["components"]["responses"]
    return {
        f"{method.upper()} {path}": operation
        | {
            "responses": {
                status: shared[response["$ref"].rpartition("/")[2]] if "$ref" in response else response
                for status, response in operation["responses"].items()
            }
        }
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


async def log_in(client: AsyncClient, email: str, password: str = PASSWORD) -> Response:
    """Log in with the contract's form."""
    return await client.post("/auth/login", data={"username": email, "password": password})


async def refresh(client: AsyncClient, token: str) -> Response:
    """Ask for a new access token with this cookie alone."""
    return await client.post("/auth/refresh", headers={"Cookie": f"refresh_token={token}"})


def refresh_token_of(owner: Person) -> str:
    """Return the refresh token that a person's client got when they logged in."""
    return owner.client.cookies["refresh_token"]


def refresh_token_in(response: Response) -> str:
    """Return the refresh token that an answer sets."""
    return response.cookies["refresh_token"]


def authorize(token: str) -> dict[str, str]:
    """Return the header that carries this token."""
    return {"Authorization": f"Bearer {token}"}


async def wait_for_lock_waiters(watcher: asyncpg.Connection, statements: int = 1) -> None:
    """Return as soon as this many statements wait for locks in the database of this connection.

    Raises:
        TimeoutError: they do not within 20 seconds.
    """
    async with asyncio.timeout(20):
        while await watcher.fetchval(COUNT_WAITING) < statements:
            pass
