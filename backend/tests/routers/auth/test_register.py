"""Registration: fields, rules and the stored user."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response

from tests.routers.auth.support import fetch_value, register
from tests.routers.support import new_email
from tests.support import PASSWORD, MakeApp, MakeDatabase, assert_error, log_in, make_client

CREATE_REJECTING_FUNCTION = """
CREATE FUNCTION reject() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''rejected''; END'
"""
REJECT_USERS_AT_COMMIT = """
CREATE CONSTRAINT TRIGGER reject AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION reject()
"""


async def post_json_text(client: AsyncClient, path: str, text: str) -> Response:
    """Send a JSON text unchanged, which may contain escapes of lone surrogates."""
    return await client.post(path, content=text, headers={"Content-Type": "application/json"})


# Response


@pytest.mark.spec("REG-001")
async def test_register_returns_the_user(client: AsyncClient) -> None:
    email = new_email()

    response = await register(client, email=email, name="Ada Lovelace")

    assert response.status_code == 201
    body = response.json()
    assert set(body) == {
        *("id", "email", "name", "created_at", "time_zone", "week_start", "totp_enabled", "pending_email"),
    }
    assert str(UUID(body["id"])) == body["id"]
    assert (body["email"], body["name"]) == (email, "Ada Lovelace")


async def test_register_returns_created_at_in_utc(client: AsyncClient) -> None:
    response = await register(client)

    created_at = response.json()["created_at"]
    assert created_at.endswith("Z")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(created_at)) < timedelta(minutes=1)


async def test_failed_commit_returns_500_and_stores_no_user(make_app: MakeApp, make_database: MakeDatabase) -> None:
    url = await make_database()
    await fetch_value(url, CREATE_REJECTING_FUNCTION)
    await fetch_value(url, REJECT_USERS_AT_COMMIT)
    async with make_client(await make_app(url)) as client:
        response = await register(client)

    assert_error(response, 500, "INTERNAL_ERROR")
    assert response.json()["request_id"] == response.headers["X-Request-ID"]
    assert await fetch_value(url, "SELECT count(*) FROM users") == 0


# Name


@pytest.mark.spec("REG-002")
async def test_name_is_optional(client: AsyncClient) -> None:
    response = await register(client)

    assert response.status_code == 201
    assert response.json()["name"] is None


@pytest.mark.parametrize(
    ("name", "stored_name"),
    [
        pytest.param(None, None, id="null"),
        pytest.param("  Ada ", "Ada", id="trimmed"),
        pytest.param(" \t ", None, id="blank"),
        pytest.param("小林 Ada 🌱", "小林 Ada 🌱", id="unicode"),
        pytest.param("n" * 200, "n" * 200, id="longest"),
        pytest.param(f" {'n' * 200} ", "n" * 200, id="longest-after-trimming"),
    ],
)
async def test_name_is_trimmed_and_stored(client: AsyncClient, name: str | None, stored_name: str | None) -> None:
    response = await register(client, name=name)

    assert response.status_code == 201
    assert response.json()["name"] == stored_name


async def test_name_over_200_characters_is_rejected(client: AsyncClient) -> None:
    response = await register(client, name="n" * 201)

    assert_error(response, 400, "NAME_TOO_LONG")


async def test_name_of_wrong_type_is_rejected(client: AsyncClient) -> None:
    response = await register(client, name=7)

    assert_error(response, 422, "VALIDATION_ERROR")


# E-mail


@pytest.mark.spec("REG-003")
async def test_registered_email_is_rejected(client: AsyncClient) -> None:
    email = new_email()
    await register(client, email=email)

    response = await register(client, email=email)

    assert_error(response, 400, "EMAIL_ALREADY_EXISTS", "A user with this email already exists")


@pytest.mark.spec("REG-003")
@pytest.mark.parametrize(
    ("registered_email", "email"),
    [
        pytest.param("ada.{}@example.com", "ADA.{}@EXAMPLE.COM", id="ascii"),
        pytest.param("ärger.{}@exämple.com", "ÄRGER.{}@EXÄMPLE.COM", id="unicode"),
        pytest.param("a\u0308.{}@example.com", "\u00e4.{}@example.com", id="decomposed"),
    ],
)
async def test_email_comparison_ignores_case_on_register(
    client: AsyncClient, registered_email: str, email: str
) -> None:
    number = uuid4().int
    register_response = await register(client, email=registered_email.format(number))
    assert register_response.status_code == 201

    response = await register(client, email=email.format(number))

    assert_error(response, 400, "EMAIL_ALREADY_EXISTS")


@pytest.mark.spec("REG-003")
async def test_concurrent_registrations_of_one_email_create_one_user(client: AsyncClient) -> None:
    name = uuid4().hex
    emails = [f"{name}@example.com", f"{name.upper()}@example.com"] * 10

    responses = await asyncio.gather(*(register(client, email=email) for email in emails))

    assert sorted(response.status_code for response in responses) == [201] + [400] * 19
    codes = {response.json()["code"] for response in responses if response.status_code == 400}
    assert codes == {"EMAIL_ALREADY_EXISTS"}


@pytest.mark.spec("REG-005")
@pytest.mark.parametrize(
    "email",
    [
        pytest.param("", id="empty"),
        pytest.param("ada", id="no-at"),
        pytest.param("ada@", id="no-domain"),
        pytest.param("@example.com", id="no-local-part"),
        pytest.param("ada@localhost", id="no-dot"),
        pytest.param("ada@test", id="no-dot-test"),
        pytest.param("ada@@example.com", id="two-ats"),
        pytest.param("a da@example.com", id="space"),
        pytest.param("ada@exam ple.com", id="space-in-domain"),
        pytest.param("ada@example..com", id="two-dots"),
        pytest.param("ada..b@example.com", id="two-dots-in-local-part"),
        pytest.param("ada@-example.com", id="hyphen-first"),
        pytest.param("ada@example.com\r\nBcc: bob@example.com", id="header-injection"),
        pytest.param("Ada <ada@example.com>", id="display-name"),
        pytest.param("=?utf-8?q?ada?=@example.com", id="encoded-word"),
        pytest.param("ada@example.com,bob@example.com", id="two-addresses"),
    ],
)
async def test_invalid_email_is_rejected(client: AsyncClient, email: str) -> None:
    response = await register(client, email=email)

    assert_error(response, 400, "INVALID_EMAIL", "Please provide a valid email address")


@pytest.mark.spec("REG-005")
@pytest.mark.parametrize(
    "email",
    [
        pytest.param("a" * 309 + "@example.com", id="321"),
        pytest.param("a@" + "b." * 200 + "com", id="long-domain"),
        pytest.param("a" * 100_000 + "@example.com", id="huge"),
    ],
)
async def test_email_over_320_characters_is_rejected(client: AsyncClient, email: str) -> None:
    response = await register(client, email=email)

    assert_error(response, 400, "INVALID_EMAIL", "Please provide a valid email address")


@pytest.mark.spec("REG-006")
async def test_missing_email_is_rejected(client: AsyncClient) -> None:
    response = await client.post("/auth/register", json={"password": PASSWORD})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == ["email"]


# Password


@pytest.mark.spec("REG-004")
@pytest.mark.parametrize("password", ["", "seven77", "🌱" * 7], ids=["empty", "seven", "seven-emoji"])
async def test_password_under_8_characters_is_rejected(client: AsyncClient, password: str) -> None:
    response = await register(client, password=password)

    assert_error(response, 400, "PASSWORD_TOO_SHORT", "Password must be at least 8 characters")


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("eight888", id="eight"),
        pytest.param("        ", id="spaces"),
        pytest.param("🌱パスワードç" * 4, id="unicode"),
        pytest.param("p" * 1024, id="longest"),
        pytest.param("🌱" * 1024, id="longest-in-bytes"),
    ],
)
async def test_registered_password_can_log_in(client: AsyncClient, password: str) -> None:
    email = new_email()
    register_response = await register(client, email=email, password=password)
    assert register_response.status_code == 201

    response = await log_in(client, email, password)

    assert response.status_code == 200


async def test_password_over_1024_characters_is_rejected(client: AsyncClient) -> None:
    response = await register(client, password="p" * 1025)

    assert_error(response, 400, "PASSWORD_TOO_LONG")


@pytest.mark.parametrize(
    ("password", "wrong_password"),
    [
        pytest.param("p" * 72 + "right", "p" * 72 + "wrong", id="after-72-bytes"),
        pytest.param("p" * 1023 + "r", "p" * 1023 + "w", id="last-of-1024"),
        pytest.param("p" * 80, "p" * 79, id="shorter"),
        pytest.param("🌱" * 18 + "right", "🌱" * 18 + "wrong", id="unicode"),
    ],
)
async def test_every_character_of_a_long_password_counts(
    client: AsyncClient, password: str, wrong_password: str
) -> None:
    email = new_email()
    await register(client, email=email, password=password)

    response = await log_in(client, email, wrong_password)

    assert_error(response, 401, "INVALID_CREDENTIALS")


@pytest.mark.spec("REG-007")
async def test_missing_password_is_rejected(client: AsyncClient) -> None:
    response = await client.post("/auth/register", json={"email": new_email()})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == ["password"]


# Types


@pytest.mark.parametrize("value", [None, 12_345_678, True, ["text"], {"text": 1}], ids=repr)
@pytest.mark.parametrize("field", ["email", "password"])
async def test_field_of_wrong_type_is_rejected(client: AsyncClient, field: str, value: object) -> None:
    response = await register(client, **{field: value})

    assert_error(response, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("escape", [r"\u0000", r"\ud800", r"\udfff\ud800"], ids=["nul", "surrogate", "two"])
@pytest.mark.parametrize("field", ["email", "password", "name"])
async def test_unstorable_text_is_rejected(client: AsyncClient, field: str, escape: str) -> None:
    fields = {"email": new_email(), "password": PASSWORD, "name": "Ada"}
    fields[field] = f"HERE{fields[field]}"
    body = json.dumps(fields).replace("HERE", escape)

    response = await post_json_text(client, "/auth/register", body)

    assert_error(response, 422, "VALIDATION_ERROR")
