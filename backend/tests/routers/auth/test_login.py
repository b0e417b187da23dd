"""Log-in: credentials, the form and the refresh cookie."""

import re
from uuid import uuid4

import pytest
from httpx import AsyncClient

from tests.routers.auth.support import JWT, register
from tests.routers.support import new_email
from tests.support import PASSWORD, Json, MakeApp, Person, assert_error, log_in, make_client

# Credentials


@pytest.mark.spec("LOG-001")
async def test_login_returns_an_access_token_and_a_cookie(client: AsyncClient) -> None:
    email = new_email()
    await register(client, email=email)

    response = await log_in(client, email)

    assert response.status_code == 200
    assert response.json()["token_type"] == "bearer"
    assert re.fullmatch(JWT, response.json()["access_token"])
    assert re.fullmatch(JWT, response.cookies["refresh_token"])


async def test_email_comparison_ignores_case_on_login(client: AsyncClient) -> None:
    name = uuid4().hex
    await register(client, email=f"{name}@example.com")

    response = await log_in(client, f"{name.upper()}@EXAMPLE.com")

    assert response.status_code == 200


@pytest.mark.spec("LOG-002")
async def test_wrong_password_is_rejected(client: AsyncClient, ada: Person) -> None:
    response = await log_in(client, ada.email, "correct horse batterz")

    assert_error(response, 401, "INVALID_CREDENTIALS", "Invalid email or password")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "Set-Cookie" not in response.headers


@pytest.mark.spec("LOG-003")
@pytest.mark.parametrize(
    "email",
    ["nobody@example.com", "no address", " ", "a" * 100_000, "ada@example.com\n"],
    ids=["unknown", "no-address", "blank", "huge", "newline"],
)
async def test_unknown_email_gets_the_response_of_a_wrong_password(
    client: AsyncClient, ada: Person, email: str
) -> None:
    wrong_password_response = await log_in(client, ada.email, "correct horse batterz")

    response = await log_in(client, email)

    assert_error(response, 401, "INVALID_CREDENTIALS", "Invalid email or password")
    assert response.content == wrong_password_response.content
    assert set(response.headers) == set(wrong_password_response.headers)


@pytest.mark.spec("LOG-002")
@pytest.mark.parametrize("length", [1025, 4097, 100_000])
async def test_password_over_1024_characters_is_rejected(client: AsyncClient, ada: Person, length: int) -> None:
    response = await log_in(client, ada.email, "p" * length)

    assert_error(response, 401, "INVALID_CREDENTIALS", "Invalid email or password")


# Form


@pytest.mark.spec("LOG-004", "LOG-005")
@pytest.mark.parametrize("missing_field", ["username", "password"])
async def test_missing_field_is_rejected(client: AsyncClient, missing_field: str) -> None:
    form = {"username": "ada@example.com", "password": PASSWORD}
    del form[missing_field]

    response = await client.post("/auth/login", data=form)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == [missing_field]


async def test_json_body_is_rejected(client: AsyncClient, ada: Person) -> None:
    response = await client.post("/auth/login", json={"username": ada.email, "password": PASSWORD})

    assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_missing_body_is_rejected(client: AsyncClient) -> None:
    response = await client.post("/auth/login")

    assert_error(response, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("field", ["username", "password"])
async def test_nul_character_is_rejected(client: AsyncClient, ada: Person, field: str) -> None:
    form = {"username": ada.email, "password": PASSWORD} | {field: "nul\0"}

    response = await client.post("/auth/login", data=form)

    assert_error(response, 422, "VALIDATION_ERROR")


# Cookie


@pytest.mark.spec("LOG-006")
async def test_cookie_has_the_attributes_of_the_contract(client: AsyncClient, ada: Person) -> None:
    response = await log_in(client, ada.email)

    attributes = "HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth; Max-Age=604800"
    assert re.fullmatch(f"refresh_token={JWT}; {attributes}", response.headers["Set-Cookie"])


@pytest.mark.spec("LOG-006")
@pytest.mark.parametrize(
    ("settings", "attributes"),
    [
        ({"cookie_secure": False}, "HttpOnly; SameSite=Strict"),
        ({"cookie_samesite": "lax"}, "HttpOnly; Secure; SameSite=Lax"),
        ({"cookie_samesite": "none"}, "HttpOnly; Secure; SameSite=None"),
        ({"cookie_secure": False, "cookie_samesite": "lax"}, "HttpOnly; SameSite=Lax"),
    ],
    ids=["not-secure", "lax", "none", "not-secure-lax"],
)
async def test_cookie_attributes_follow_the_settings(
    make_app: MakeApp, ada: Person, settings: Json, attributes: str
) -> None:
    async with make_client(await make_app(**settings)) as client:
        login = await log_in(client, ada.email)
        logout = await client.post("/auth/logout")

    path = "Path=/api/v1/auth; Max-Age="
    assert re.fullmatch(f"refresh_token={JWT}; {attributes}; {path}604800", login.headers["Set-Cookie"])
    assert logout.headers["Set-Cookie"] == f"refresh_token=; {attributes}; {path}0"
