"""Requests for the tests of the links in mails."""

from typing import Protocol

import asyncpg
from httpx import AsyncClient, Response

from tests.smtp import Inbox, token_in
from tests.support import PASSWORD, Person
from todo.core.config import Settings

NEW_PASSWORD = "staple and a longer one"
INVALID_RESET_TOKEN = (400, "INVALID_RESET_TOKEN", "This link does not work any more. Please ask for a new one")
INVALID_EMAIL_TOKEN = (400, "INVALID_EMAIL_TOKEN", "This link does not work any more. Please change the address again")
ODD_TOKENS = ["", "x", "\u00e9" * 64, "-" * 64, "A" * 63, "A" * 65, "A" * 64 + "\n", "A" * 100_000, "../../etc/passwd"]


class Deliver(Protocol):
    """Sends the mails that are due, with the settings of the application or with others."""

    async def __call__(self, settings: Settings | None = None) -> None: ...


async def request_reset(client: AsyncClient, email: str) -> Response:
    """Ask for a mail with a link."""
    return await client.post("/auth/password-reset", json={"email": email})


async def reset_password(client: AsyncClient, token: str, password: str = NEW_PASSWORD) -> Response:
    """Set a new password with a token."""
    return await client.post("/auth/password-reset/confirm", json={"token": token, "new_password": password})


async def get_reset_token(client: AsyncClient, deliver: Deliver, inbox: Inbox, person: Person) -> str:
    """Ask for a mail, and return the token in it."""
    assert (await request_reset(client, person.email)).status_code == 202
    await deliver()
    return token_in(inbox.to(person.email)[-1])


async def change_email(person: Person, email: str, **fields: object) -> Response:
    """Change the e-mail address of a person."""
    return await person.client.patch("/auth/me", json={"email": email, "password": PASSWORD} | fields)


async def confirm_email(client: AsyncClient, token: str) -> Response:
    """Confirm a new address with a token."""
    return await client.post("/auth/email-change/confirm", json={"token": token})


async def get_email_token(deliver: Deliver, inbox: Inbox, person: Person, email: str) -> str:
    """Change the address of a person, and return the token in the mail to the new address."""
    response = await change_email(person, email)
    assert response.status_code == 200, response.text
    await deliver()
    return token_in(inbox.to(email)[-1])


async def count_tokens(connection: asyncpg.Connection, person: Person) -> int:
    """Return how many reset tokens of a person are stored."""
    count: int = await connection.fetchval("SELECT count(*) FROM password_resets WHERE user_id = $1", person.id)
    return count
