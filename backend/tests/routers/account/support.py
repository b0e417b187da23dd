"""Requests and types for the tests of the account."""

import threading
from collections.abc import Callable, Coroutine

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.routers.support import new_email
from tests.support import Json, Person

NEW_PASSWORD = "staple and a longer one"
WRONG_PASSWORD = "correct horse batterz"
WRONG_PASSWORD_ERROR = (400, "WRONG_PASSWORD")
SendPassword = Callable[[AsyncClient, str], Coroutine[object, object, Response]]


class BcryptGate:
    """Blocks every hash until `opened` is set."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def pass_through(self) -> None:
        """Set `reached` and wait for `opened`."""
        self.reached.set()
        self.opened.wait(10)


async def update_account(person: Person, **fields: object) -> Response:
    """Change fields of a user's account."""
    return await person.client.patch("/auth/me", json=fields)


async def change_email(client: AsyncClient, password: str) -> Response:
    """Change the e-mail address to a new address, confirmed by `password`."""
    return await client.patch("/auth/me", json={"email": new_email(), "password": password})


async def change_password(client: AsyncClient, password: str) -> Response:
    """Change the password to NEW_PASSWORD, confirmed by `password`."""
    return await client.post("/auth/password", json={"old_password": password, "new_password": NEW_PASSWORD})


async def delete_account(client: AsyncClient, password: str) -> Response:
    """Delete the account, confirmed by `password`."""
    return await client.request("DELETE", "/auth/me", json={"password": password})


PASSWORD_REQUESTS = pytest.mark.parametrize("send", [change_email, change_password, delete_account])


async def get_account(person: Person) -> Json:
    """Return a user's account through the API."""
    response = await person.client.get("/auth/me")
    assert response.status_code == 200, response.text
    account: Json = response.json()
    return account


async def fetch_user(connection: asyncpg.Connection, person: Person) -> Json:
    """Return the row of a user."""
    return dict((await connection.fetch("SELECT * FROM users WHERE id = $1", person.id))[0])
