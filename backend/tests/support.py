"""What tests share besides fixtures: the words of their signatures, and how an answer is checked."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from pydantic import SecretStr

from todo.core.config import Settings

SECRET = "5eed" * 16
BASE_URL = "https://todo.test/api/v1"
PASSWORD = "correct horse battery"
Json = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Somebody with an account, and a client that is logged in to it."""

    id: UUID
    email: str
    client: AsyncClient


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


def make_settings(**changes: object) -> Settings:
    """Return settings for tests, whatever the environment says: quick passwords, no rate limits."""
    defaults: dict[str, Any] = {
        "environment": "test",
        "jwt_secret_key": SecretStr(SECRET),
        "bcrypt_rounds": 4,
        "rate_limit_enabled": False,
        "db_connection_timeout": 10,
    }
    return Settings(_env_file=None, **(defaults | changes))


def make_client(app: FastAPI, address: str = "203.0.113.7", **options: Any) -> AsyncClient:
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
