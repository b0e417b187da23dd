"""Passwords are stored as hashes and appear neither in responses nor in the log."""

import logging
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

from tests.routers.auth.support import fetch_value, get_me, register
from tests.routers.support import new_email
from tests.support import PASSWORD, log_in


async def use_account(client: AsyncClient, email: str, password: str) -> list[Response]:
    """Send valid and invalid requests to all routes of authentication, with the password wherever a request has one."""
    register_response = await register(client, email=email, password=password)
    login_response = await log_in(client, email, password)
    return [
        register_response,
        login_response,
        await register(client, email=email, password=password),
        await register(client, email="no address", password=password),
        await register(client, email=7, password=password),
        await register(client, name="\0", password=password),
        await log_in(client, new_email(), password),
        await log_in(client, email, f"{password} but wrong"),
        await client.post("/auth/login", json={"username": email, "password": password}),
        await client.post("/auth/login", data={"password": password}),
        await get_me(client, login_response.json()["access_token"]),
        await client.post("/auth/refresh"),
        await client.post("/auth/logout"),
    ]


@pytest.mark.spec("REG-008")
async def test_register_stores_a_hash_of_the_password(client: AsyncClient, database_url: str) -> None:
    email = new_email()
    await register(client, email=email)

    password_hash = await fetch_value(database_url, "SELECT password_hash FROM users WHERE email = $1", email)

    assert isinstance(password_hash, str)
    assert password_hash.startswith("$bcrypt-sha256$")
    assert PASSWORD not in password_hash


@pytest.mark.spec("REG-008")
async def test_equal_passwords_have_different_hashes(client: AsyncClient, database_url: str) -> None:
    emails = [new_email(), new_email()]
    for email in emails:
        await register(client, email=email)

    distinct_hashes = await fetch_value(
        database_url, "SELECT count(DISTINCT password_hash) FROM users WHERE email = ANY($1)", emails
    )

    assert distinct_hashes == 2


@pytest.mark.spec("REG-008")
async def test_responses_contain_neither_password_nor_hash(client: AsyncClient, database_url: str) -> None:
    email, password = new_email(), f"secret-{uuid4().hex}"

    responses = await use_account(client, email, password)

    password_hash = await fetch_value(database_url, "SELECT password_hash FROM users WHERE email = $1", email)
    assert isinstance(password_hash, str)
    response_text = "\n".join(f"{response.headers}\n{response.text}" for response in responses)
    assert password not in response_text
    assert password_hash not in response_text
    assert "$bcrypt" not in response_text


@pytest.mark.spec("REG-008")
async def test_log_contains_neither_password_nor_hash(
    client: AsyncClient, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    email, password = new_email(), f"secret-{uuid4().hex}"

    with caplog.at_level(logging.DEBUG):
        await use_account(client, email, password)

    password_hash = await fetch_value(database_url, "SELECT password_hash FROM users WHERE email = $1", email)
    assert isinstance(password_hash, str)
    log_text = caplog.text + "\n".join(str(record.__dict__) for record in caplog.records)
    assert "/api/v1/auth/register" in log_text
    assert password not in log_text
    assert password_hash not in log_text
