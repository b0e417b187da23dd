"""Spaces around e-mail addresses."""

import pytest
from httpx import AsyncClient

from tests.routers.support import new_email
from tests.support import PASSWORD, Person, assert_error, log_in

SPACES = pytest.mark.parametrize(
    "spaced", ["{} ", " {}", "\t{}\n", "{}\u00a0", "\u3000{}\u2009"], ids=["behind", "before", "tab", "nbsp", "wide"]
)


@pytest.mark.spec("AUT-021")
@SPACES
async def test_login_trims_the_email(client: AsyncClient, ada: Person, spaced: str) -> None:
    assert (await log_in(client, spaced.format(ada.email))).status_code == 200


@pytest.mark.spec("AUT-021")
@SPACES
async def test_registration_trims_the_email(client: AsyncClient, spaced: str) -> None:
    email = new_email()

    response = await client.post("/auth/register", json={"email": spaced.format(email), "password": PASSWORD})

    assert (response.status_code, response.json()["email"]) == (201, email)


@pytest.mark.spec("AUT-021")
@SPACES
async def test_change_trims_the_email(ada: Person, spaced: str) -> None:
    email = new_email()

    response = await ada.client.patch("/auth/me", json={"email": spaced.format(email), "password": PASSWORD})

    assert (response.status_code, response.json()["email"]) == (200, email)


@pytest.mark.spec("AUT-021")
async def test_registration_with_spaces_finds_the_existing_account(client: AsyncClient, ada: Person) -> None:
    response = await client.post("/auth/register", json={"email": f" {ada.email} ", "password": PASSWORD})

    assert_error(response, 400, "EMAIL_ALREADY_EXISTS")


@pytest.mark.spec("AUT-021")
@pytest.mark.parametrize("email", [" ", "a b@example.com", "ada @example.com", "ada@ example.com"])
async def test_spaces_inside_an_email_are_rejected(client: AsyncClient, email: str) -> None:
    response = await client.post("/auth/register", json={"email": email, "password": PASSWORD})

    assert_error(response, 400, "INVALID_EMAIL")
