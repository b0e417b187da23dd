"""Registering, logging in, tokens, refreshing and logging out (contract, section 2)."""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
import time_machine
from httpx import AsyncClient, Response
from jose import jwt

from tests.support import (
    PASSWORD,
    SECRET,
    Json,
    MakeApp,
    MakeDatabase,
    MakePerson,
    Person,
    assert_error,
    log_in,
    make_client,
    refresh,
    refresh_token_of,
)
from todo.core.database.url import connect_arguments
from todo.core.security.tokens import TokenKind, TokenSigner

TOKEN = r"[\w-]+\.[\w-]+\.[\w-]+"
INVALID_TOKEN = (401, "INVALID_TOKEN", "Invalid authentication token")
ABSENT = object()
REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''not today''; END'
"""
REFUSE_USERS_AT_COMMIT = """
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse()
"""


def new_email() -> str:
    """Return an address that nobody has yet."""
    return f"{uuid4().hex}@example.com"


async def register(client: AsyncClient, **fields: object) -> Response:
    """Register somebody new, with these fields instead of the usual ones."""
    return await client.post("/auth/register", json={"email": new_email(), "password": PASSWORD} | fields)


async def get_me(client: AsyncClient, token: str) -> Response:
    """Ask who this access token belongs to."""
    return await client.get("/auth/me", headers={"Authorization": f"Bearer {token}"})


async def post_text(client: AsyncClient, path: str, text: str) -> Response:
    """Send JSON just as it is written, lone surrogates included."""
    return await client.post(path, content=text, headers={"Content-Type": "application/json"})


def issue(kind: TokenKind, owner: Person, age: timedelta = timedelta()) -> str:
    """Return a token that the service would have given this long ago."""
    return TokenSigner(SECRET).sign(kind, owner.id, owner.email, datetime.now(UTC) - age)


def claims_of(owner: Person) -> Json:
    """Return the claims of a good access token."""
    now = int(datetime.now(UTC).timestamp())
    return {"sub": str(owner.id), "email": owner.email, "iat": now, "exp": now + 900, "type": "access"}


def encode(part: bytes) -> str:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def forge(claims: object, algorithm: str = "HS256", key: str = SECRET, digest: str = "sha256") -> str:
    """Return a token whose header may say something else than how it is signed; without a key it is not."""
    header = {"alg": algorithm, "typ": "JWT"}
    signed = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"
    signature = hmac.new(key.encode(), signed.encode(), digest).digest() if key else b""
    return f"{signed}.{encode(signature)}"


async def fetch_value(url: str, statement: str, *arguments: object) -> object:
    """Run a statement behind the service's back and return the first value of its first row."""
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        return await connection.fetchval(statement, *arguments)
    finally:
        await connection.close()


async def delete_user(url: str, user_id: UUID) -> None:
    """Remove an account behind the service's back."""
    await fetch_value(url, "DELETE FROM users WHERE id = $1", user_id)


# Register


@pytest.mark.spec("REG-001")
async def test_registers_a_user(client: AsyncClient) -> None:
    email = new_email()

    response = await register(client, email=email, name="Ada Lovelace")

    assert response.status_code == 201
    body = response.json()
    assert set(body) == {"id", "email", "name", "created_at"}
    assert str(UUID(body["id"])) == body["id"]
    assert (body["email"], body["name"]) == (email, "Ada Lovelace")


async def test_gives_the_time_of_registration_in_utc(client: AsyncClient) -> None:
    response = await register(client)

    created_at = response.json()["created_at"]
    assert created_at.endswith("Z")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(created_at)) < timedelta(minutes=1)


@pytest.mark.spec("REG-002")
async def test_registers_without_a_name(client: AsyncClient) -> None:
    response = await register(client)

    assert response.status_code == 201
    assert response.json()["name"] is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param(None, None, id="null"),
        pytest.param("  Ada ", "Ada", id="trimmed"),
        pytest.param(" \t ", None, id="blank"),
        pytest.param("小林 Ada 🌱", "小林 Ada 🌱", id="unicode"),
        pytest.param("n" * 200, "n" * 200, id="longest"),
        pytest.param(f" {'n' * 200} ", "n" * 200, id="longest-after-trimming"),
    ],
)
async def test_keeps_the_name(client: AsyncClient, given: str | None, kept: str | None) -> None:
    response = await register(client, name=given)

    assert response.status_code == 201
    assert response.json()["name"] == kept


async def test_refuses_a_name_that_is_too_long(client: AsyncClient) -> None:
    response = await register(client, name="n" * 201)

    assert_error(response, 400, "NAME_TOO_LONG")


@pytest.mark.spec("REG-003")
async def test_refuses_a_taken_email(client: AsyncClient) -> None:
    email = new_email()
    await register(client, email=email)

    response = await register(client, email=email)

    assert_error(response, 400, "EMAIL_ALREADY_EXISTS", "A user with this email already exists")


@pytest.mark.spec("REG-003")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("ada.{}@example.com", "ADA.{}@EXAMPLE.COM", id="ascii"),
        pytest.param("ärger.{}@exämple.com", "ÄRGER.{}@EXÄMPLE.COM", id="unicode"),
        pytest.param("a\u0308.{}@example.com", "\u00e4.{}@example.com", id="decomposed"),
    ],
)
async def test_compares_emails_without_case_on_register(client: AsyncClient, first: str, second: str) -> None:
    unique = uuid4().int
    registered = await register(client, email=first.format(unique))
    assert registered.status_code == 201

    response = await register(client, email=second.format(unique))

    assert_error(response, 400, "EMAIL_ALREADY_EXISTS")


@pytest.mark.spec("REG-003")
async def test_lets_one_of_many_at_once_have_an_email(client: AsyncClient) -> None:
    name = uuid4().hex
    emails = [f"{name}@example.com", f"{name.upper()}@example.com"] * 10

    responses = await asyncio.gather(*(register(client, email=email) for email in emails))

    assert sorted(response.status_code for response in responses) == [201] + [400] * 19
    codes = {response.json()["code"] for response in responses if response.status_code == 400}
    assert codes == {"EMAIL_ALREADY_EXISTS"}


@pytest.mark.spec("REG-004")
@pytest.mark.parametrize("password", ["", "seven77", "🌱" * 7], ids=["empty", "seven", "seven-emoji"])
async def test_refuses_a_password_of_fewer_than_eight_characters(client: AsyncClient, password: str) -> None:
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
async def test_logs_in_with_any_password_that_was_registered(client: AsyncClient, password: str) -> None:
    email = new_email()
    registered = await register(client, email=email, password=password)
    assert registered.status_code == 201

    response = await log_in(client, email, password)

    assert response.status_code == 200


async def test_refuses_a_password_of_more_than_1024_characters(client: AsyncClient) -> None:
    response = await register(client, password="p" * 1025)

    assert_error(response, 400, "PASSWORD_TOO_LONG")


@pytest.mark.parametrize(
    ("password", "attempt"),
    [
        pytest.param("p" * 72 + "right", "p" * 72 + "wrong", id="after-72-bytes"),
        pytest.param("p" * 1023 + "r", "p" * 1023 + "w", id="last-of-1024"),
        pytest.param("p" * 80, "p" * 79, id="shorter"),
        pytest.param("🌱" * 18 + "right", "🌱" * 18 + "wrong", id="unicode"),
    ],
)
async def test_counts_all_of_a_long_password(client: AsyncClient, password: str, attempt: str) -> None:
    email = new_email()
    await register(client, email=email, password=password)

    response = await log_in(client, email, attempt)

    assert_error(response, 401, "INVALID_CREDENTIALS")


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
        pytest.param("ada@example.com\n", id="trailing-newline"),
        pytest.param("ada@example.com\r\nBcc: bob@example.com", id="header-injection"),
        pytest.param("Ada <ada@example.com>", id="display-name"),
        pytest.param("ada@example.com,bob@example.com", id="two-addresses"),
    ],
)
async def test_refuses_a_bad_email(client: AsyncClient, email: str) -> None:
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
async def test_refuses_an_email_of_more_than_320_characters(client: AsyncClient, email: str) -> None:
    response = await register(client, email=email)

    assert_error(response, 400, "INVALID_EMAIL", "Please provide a valid email address")


@pytest.mark.spec("REG-006")
async def test_refuses_to_register_without_an_email(client: AsyncClient) -> None:
    response = await client.post("/auth/register", json={"password": PASSWORD})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [problem["field"] for problem in response.json()["errors"]] == ["email"]


@pytest.mark.spec("REG-007")
async def test_refuses_to_register_without_a_password(client: AsyncClient) -> None:
    response = await client.post("/auth/register", json={"email": new_email()})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [problem["field"] for problem in response.json()["errors"]] == ["password"]


@pytest.mark.parametrize("value", [None, 12_345_678, True, ["text"], {"text": 1}], ids=repr)
@pytest.mark.parametrize("field", ["email", "password"])
async def test_refuses_a_field_of_a_wrong_type(client: AsyncClient, field: str, value: object) -> None:
    response = await register(client, **{field: value})

    assert_error(response, 422, "VALIDATION_ERROR")


async def test_refuses_a_name_that_is_no_text(client: AsyncClient) -> None:
    response = await register(client, name=7)

    assert_error(response, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("broken", [r"\u0000", r"\ud800", r"\udfff\ud800"], ids=["nul", "surrogate", "two"])
@pytest.mark.parametrize("field", ["email", "password", "name"])
async def test_refuses_text_that_cannot_be_stored(client: AsyncClient, field: str, broken: str) -> None:
    fields = {"email": new_email(), "password": PASSWORD, "name": "Ada"}
    fields[field] = f"HERE{fields[field]}"
    text = json.dumps(fields).replace("HERE", broken)

    response = await post_text(client, "/auth/register", text)

    assert_error(response, 422, "VALIDATION_ERROR")


@pytest.mark.spec("REG-008")
async def test_stores_a_hash_and_not_the_password(client: AsyncClient, database_url: str) -> None:
    email = new_email()
    await register(client, email=email)

    stored = await fetch_value(database_url, "SELECT password_hash FROM users WHERE email = $1", email)

    assert isinstance(stored, str)
    assert stored.startswith("$bcrypt-sha256$")
    assert PASSWORD not in stored


@pytest.mark.spec("REG-008")
async def test_gives_two_users_of_one_password_different_hashes(client: AsyncClient, database_url: str) -> None:
    emails = [new_email(), new_email()]
    for email in emails:
        await register(client, email=email)

    different = await fetch_value(
        database_url, "SELECT count(DISTINCT password_hash) FROM users WHERE email = ANY($1)", emails
    )

    assert different == 2


async def use_account(client: AsyncClient, email: str, password: str) -> list[Response]:
    """Do all that can be done with an account, the wrong way too; the password is in every request that may."""
    registered = await register(client, email=email, password=password)
    logged_in = await log_in(client, email, password)
    return [
        registered,
        logged_in,
        await register(client, email=email, password=password),
        await register(client, email="no address", password=password),
        await register(client, email=7, password=password),
        await register(client, name="\0", password=password),
        await log_in(client, new_email(), password),
        await log_in(client, email, f"{password} but wrong"),
        await client.post("/auth/login", json={"username": email, "password": password}),
        await client.post("/auth/login", data={"password": password}),
        await get_me(client, logged_in.json()["access_token"]),
        await client.post("/auth/refresh"),
        await client.post("/auth/logout"),
    ]


@pytest.mark.spec("REG-008")
async def test_shows_neither_password_nor_hash_in_any_answer(client: AsyncClient, database_url: str) -> None:
    email, password = new_email(), f"secret-{uuid4().hex}"

    responses = await use_account(client, email, password)

    stored = await fetch_value(database_url, "SELECT password_hash FROM users WHERE email = $1", email)
    assert isinstance(stored, str)
    said = "\n".join(f"{response.headers}\n{response.text}" for response in responses)
    assert password not in said
    assert stored not in said
    assert "$bcrypt" not in said


@pytest.mark.spec("REG-008")
async def test_shows_neither_password_nor_hash_in_the_log(
    client: AsyncClient, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    email, password = new_email(), f"secret-{uuid4().hex}"

    with caplog.at_level(logging.DEBUG):
        await use_account(client, email, password)

    stored = await fetch_value(database_url, "SELECT password_hash FROM users WHERE email = $1", email)
    assert isinstance(stored, str)
    said = caplog.text + "\n".join(str(record.__dict__) for record in caplog.records)
    assert "/api/v1/auth/register" in said
    assert password not in said
    assert stored not in said


async def test_answers_500_and_keeps_nothing_when_the_commit_fails(
    make_app: MakeApp, make_database: MakeDatabase
) -> None:
    url = await make_database()
    await fetch_value(url, REFUSE)
    await fetch_value(url, REFUSE_USERS_AT_COMMIT)
    async with make_client(await make_app(url)) as client:
        response = await register(client)

    assert_error(response, 500, "INTERNAL_ERROR")
    assert response.json()["request_id"] == response.headers["X-Request-ID"]
    assert await fetch_value(url, "SELECT count(*) FROM users") == 0


# Log in


@pytest.mark.spec("LOG-001")
async def test_gives_a_token_and_a_cookie_for_the_right_password(client: AsyncClient) -> None:
    email = new_email()
    await register(client, email=email)

    response = await log_in(client, email)

    assert response.status_code == 200
    assert response.json()["token_type"] == "bearer"
    assert re.fullmatch(TOKEN, response.json()["access_token"])
    assert re.fullmatch(TOKEN, response.cookies["refresh_token"])


async def test_compares_emails_without_case_on_login(client: AsyncClient) -> None:
    name = uuid4().hex
    await register(client, email=f"{name}@example.com")

    response = await log_in(client, f"{name.upper()}@EXAMPLE.com")

    assert response.status_code == 200


@pytest.mark.spec("LOG-002")
async def test_refuses_a_wrong_password(client: AsyncClient, ada: Person) -> None:
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
async def test_refuses_an_unknown_email_as_it_does_a_wrong_password(
    client: AsyncClient, ada: Person, email: str
) -> None:
    wrong_password = await log_in(client, ada.email, "correct horse batterz")

    response = await log_in(client, email)

    assert_error(response, 401, "INVALID_CREDENTIALS", "Invalid email or password")
    assert response.content == wrong_password.content
    assert set(response.headers) == set(wrong_password.headers)


@pytest.mark.spec("LOG-002")
@pytest.mark.parametrize("length", [1025, 4097, 100_000])
async def test_refuses_a_password_that_nobody_can_have(client: AsyncClient, ada: Person, length: int) -> None:
    response = await log_in(client, ada.email, "p" * length)

    assert_error(response, 401, "INVALID_CREDENTIALS", "Invalid email or password")


@pytest.mark.spec("LOG-004", "LOG-005")
@pytest.mark.parametrize("missing", ["username", "password"])
async def test_refuses_to_log_in_without_a_field(client: AsyncClient, missing: str) -> None:
    form = {"username": "ada@example.com", "password": PASSWORD}
    del form[missing]

    response = await client.post("/auth/login", data=form)

    assert_error(response, 422, "VALIDATION_ERROR")
    assert [problem["field"] for problem in response.json()["errors"]] == [missing]


async def test_refuses_to_log_in_with_json(client: AsyncClient, ada: Person) -> None:
    response = await client.post("/auth/login", json={"username": ada.email, "password": PASSWORD})

    assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_refuses_to_log_in_without_a_body(client: AsyncClient) -> None:
    response = await client.post("/auth/login")

    assert_error(response, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("field", ["username", "password"])
async def test_refuses_a_form_with_a_nul_character(client: AsyncClient, ada: Person, field: str) -> None:
    form = {"username": ada.email, "password": PASSWORD} | {field: "nul\0"}

    response = await client.post("/auth/login", data=form)

    assert_error(response, 422, "VALIDATION_ERROR")


@pytest.mark.spec("LOG-006")
async def test_sets_the_cookie_with_the_attributes_of_the_contract(client: AsyncClient, ada: Person) -> None:
    response = await log_in(client, ada.email)

    attributes = "HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth; Max-Age=604800"
    assert re.fullmatch(f"refresh_token={TOKEN}; {attributes}", response.headers["Set-Cookie"])


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
async def test_sets_and_clears_the_cookie_as_the_settings_say(
    make_app: MakeApp, ada: Person, settings: Json, attributes: str
) -> None:
    async with make_client(await make_app(**settings)) as client:
        login = await log_in(client, ada.email)
        logout = await client.post("/auth/logout")

    path = "Path=/api/v1/auth; Max-Age="
    assert re.fullmatch(f"refresh_token={TOKEN}; {attributes}; {path}604800", login.headers["Set-Cookie"])
    assert logout.headers["Set-Cookie"] == f"refresh_token=; {attributes}; {path}0"


# Access tokens


@pytest.mark.spec("TOK-001")
async def test_tells_who_is_logged_in(client: AsyncClient) -> None:
    registered = await register(client, name="Ada")
    login = await log_in(client, registered.json()["email"])

    response = await get_me(client, login.json()["access_token"])

    assert response.status_code == 200
    assert response.json() == registered.json()


@pytest.mark.spec("TOK-001")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_reads_the_scheme_in_any_case(client: AsyncClient, ada: Person, scheme: str) -> None:
    header = {"Authorization": f"{scheme} {issue(TokenKind.ACCESS, ada)}"}

    response = await client.get("/auth/me", headers=header)

    assert response.status_code == 200


@pytest.mark.spec("TOK-002")
@pytest.mark.parametrize("age", [timedelta(seconds=901), timedelta(days=8), timedelta(days=9_000)], ids=str)
async def test_refuses_an_expired_access_token(client: AsyncClient, ada: Person, age: timedelta) -> None:
    response = await get_me(client, issue(TokenKind.ACCESS, ada, age))

    assert_error(response, 401, "TOKEN_EXPIRED", "Access token has expired")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("TOK-002")
@pytest.mark.parametrize(("seconds", "status"), [(899, 200), (900, 401)])
async def test_lets_an_access_token_live_for_900_seconds(
    client: AsyncClient, ada: Person, seconds: int, status: int
) -> None:
    issued_at = datetime.now(UTC).replace(microsecond=0)
    token = TokenSigner(SECRET).sign(TokenKind.ACCESS, ada.id, ada.email, issued_at)
    assert (await get_me(client, token)).status_code == 200

    with time_machine.travel(issued_at + timedelta(seconds=seconds), tick=False):
        response = await get_me(client, token)

    assert response.status_code == status


@pytest.mark.spec("TOK-003")
@pytest.mark.parametrize(
    "token",
    [
        pytest.param(b"not-a-token", id="no-dots"),
        pytest.param(b"..", id="empty-parts"),
        pytest.param(b"a.b.c", id="no-base64"),
        pytest.param(b"e30.e30.e30", id="empty-objects"),
        pytest.param(b"bnVsbA.bnVsbA.", id="nulls"),
        pytest.param(b"two words", id="two-words"),
        pytest.param(b"caf\xc3\xa9.\xff.x", id="not-ascii"),
        pytest.param(encode(b"[" * 20_000).encode() + b".e30.c2ln", id="deeply-nested-header"),
        pytest.param(b"e30." + encode(b"[" * 20_000).encode() + b".c2ln", id="deeply-nested-claims"),
        pytest.param(b"x" * 60_000, id="huge"),
    ],
)
async def test_refuses_a_malformed_token(client: AsyncClient, token: bytes) -> None:
    response = await client.get("/auth/me", headers={b"Authorization": b"Bearer " + token})

    assert_error(response, *INVALID_TOKEN)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("TOK-004")
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no-header"),
        pytest.param({"Authorization": ""}, id="empty"),
        pytest.param({"Authorization": "Bearer"}, id="no-token"),
        pytest.param({"Authorization": "Bearer "}, id="empty-token"),
        pytest.param({"Authorization": "Basic YWRhOnBhc3N3b3Jk"}, id="basic"),
        pytest.param({"Cookie": "access_token=x"}, id="cookie"),
    ],
)
async def test_asks_for_a_token_when_there_is_none(client: AsyncClient, headers: dict[str, str]) -> None:
    response = await client.get("/auth/me", headers=headers)

    assert_error(response, 401, "MISSING_TOKEN", "Authentication required")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("TOK-005")
async def test_refuses_a_refresh_token_as_an_access_token(client: AsyncClient, ada: Person) -> None:
    response = await get_me(client, issue(TokenKind.REFRESH, ada))

    assert_error(response, 401, "INVALID_TOKEN_TYPE", "Invalid token type for this operation")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("TOK-006")
@pytest.mark.parametrize(("kind", "lifetime"), [("access", 900), ("refresh", 604_800)])
async def test_says_in_a_token_whose_it_is_and_for_how_long(
    client: AsyncClient, ada: Person, kind: str, lifetime: int
) -> None:
    login = await log_in(client, ada.email)
    token = login.json()["access_token"] if kind == "access" else login.cookies["refresh_token"]

    claims = jwt.decode(token, SECRET, algorithms=["HS256"])

    assert claims.items() >= {"sub": str(ada.id), "email": ada.email, "type": kind}.items()
    assert claims["exp"] - claims["iat"] == lifetime
    assert abs(datetime.now(UTC).timestamp() - claims["iat"]) < 60
    assert jwt.get_unverified_header(token)["alg"] == "HS256"


async def test_accepts_a_token_that_is_signed_as_the_contract_says(client: AsyncClient, ada: Person) -> None:
    response = await get_me(client, forge(claims_of(ada) | {"more": "claims"}))

    assert response.status_code == 200


FORGERIES: list[object] = [
    pytest.param({"algorithm": "none", "key": ""}, id="none"),
    pytest.param({"algorithm": "None", "key": ""}, id="none-capitalised"),
    pytest.param({"algorithm": "HS256", "key": ""}, id="no-signature"),
    pytest.param({"algorithm": "HS512", "digest": "sha512"}, id="hs512-with-the-right-key"),
    pytest.param({"algorithm": "HS384", "digest": "sha384"}, id="hs384-with-the-right-key"),
    pytest.param({"algorithm": "RS256"}, id="rs256-header"),
    pytest.param({"algorithm": ""}, id="no-algorithm"),
    pytest.param({"key": "5eee" * 16}, id="another-key"),
    pytest.param({"key": SECRET.upper()}, id="key-in-capitals"),
    pytest.param({"digest": "sha512"}, id="another-digest"),
]


@pytest.mark.spec("TOK-003")
@pytest.mark.parametrize("forgery", FORGERIES)
async def test_refuses_a_forged_access_token(client: AsyncClient, ada: Person, forgery: Json) -> None:
    response = await get_me(client, forge(claims_of(ada), **forgery))

    assert_error(response, *INVALID_TOKEN)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("REF-004")
@pytest.mark.parametrize("forgery", FORGERIES)
async def test_refuses_a_forged_refresh_token(client: AsyncClient, ada: Person, forgery: Json) -> None:
    response = await refresh(client, forge(jwt.get_unverified_claims(refresh_token_of(ada)), **forgery))

    assert_error(response, *INVALID_TOKEN)


async def test_accepts_a_refresh_token_that_is_signed_as_the_contract_says(client: AsyncClient, ada: Person) -> None:
    response = await refresh(client, forge(jwt.get_unverified_claims(refresh_token_of(ada))))

    assert response.status_code == 200


@pytest.mark.spec("TOK-003")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"sub": ABSENT}, id="no-sub"),
        pytest.param({"exp": ABSENT}, id="no-exp"),
        pytest.param({"type": ABSENT}, id="no-type"),
        pytest.param({"exp": 99_999_999_999.5}, id="float-exp"),
        pytest.param({"exp": "99999999999"}, id="text-exp"),
        pytest.param({"exp": None}, id="null-exp"),
        pytest.param({"exp": True}, id="true-exp"),
        pytest.param({"sub": "ada"}, id="sub-is-no-uuid"),
        pytest.param({"sub": 7}, id="sub-is-a-number"),
        pytest.param({"sub": None}, id="null-sub"),
        pytest.param({"type": "admin"}, id="unknown-type"),
        pytest.param({"type": ["access"]}, id="list-of-types"),
    ],
)
async def test_refuses_a_signed_token_with_wrong_claims(
    client: AsyncClient, ada: Person, change: dict[str, object]
) -> None:
    claims = {name: value for name, value in (claims_of(ada) | change).items() if value is not ABSENT}

    response = await get_me(client, forge(claims))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("TOK-003")
@pytest.mark.parametrize("claims", [[], "text", None, 7], ids=repr)
async def test_refuses_a_signed_token_whose_claims_are_no_object(client: AsyncClient, claims: object) -> None:
    response = await get_me(client, forge(claims))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("TOK-003")
async def test_refuses_a_token_with_somebody_elses_claims(client: AsyncClient, ada: Person, bob: Person) -> None:
    header, _, signature = issue(TokenKind.ACCESS, ada).split(".")
    claims = issue(TokenKind.ACCESS, bob).split(".")[1]

    response = await get_me(client, f"{header}.{claims}.{signature}")

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("TOK-003")
async def test_refuses_a_token_that_is_signed_by_the_digest_of_the_key(client: AsyncClient, ada: Person) -> None:
    key = hashlib.sha256(SECRET.encode()).hexdigest()

    response = await get_me(client, forge(claims_of(ada), key=key))

    assert_error(response, *INVALID_TOKEN)


async def test_refuses_the_token_of_a_user_who_is_gone(client: AsyncClient, ada: Person, database_url: str) -> None:
    token = issue(TokenKind.ACCESS, ada)
    assert (await get_me(client, token)).status_code == 200
    await delete_user(database_url, ada.id)

    response = await get_me(client, token)

    assert_error(response, *INVALID_TOKEN)
    assert response.headers["WWW-Authenticate"] == "Bearer"


# Refresh


@pytest.mark.spec("REF-001")
async def test_gives_a_new_access_token_for_the_cookie(client: AsyncClient, ada: Person) -> None:
    await log_in(client, ada.email)

    response = await client.post("/auth/refresh")

    assert response.status_code == 200
    assert response.json()["token_type"] == "bearer"
    claims = jwt.decode(response.json()["access_token"], SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["type"]) == (str(ada.id), "access")


@pytest.mark.spec("REF-002")
async def test_refuses_an_expired_refresh_token(client: AsyncClient, ada: Person) -> None:
    token = issue(TokenKind.REFRESH, ada, timedelta(seconds=604_801))

    response = await refresh(client, token)

    message = "Refresh token has expired. Please log in again"
    assert_error(response, 401, "REFRESH_TOKEN_EXPIRED", message)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("REF-002")
@pytest.mark.parametrize(("seconds", "status"), [(604_799, 200), (604_800, 401)])
async def test_lets_a_refresh_token_live_for_seven_days(
    client: AsyncClient, ada: Person, seconds: int, status: int
) -> None:
    issued_at = datetime.now(UTC).replace(microsecond=0)
    with time_machine.travel(issued_at, tick=False):
        login = await log_in(ada.client, ada.email)

    with time_machine.travel(issued_at + timedelta(seconds=seconds), tick=False):
        response = await refresh(client, login.cookies["refresh_token"])

    assert response.status_code == status


@pytest.mark.spec("REF-003")
@pytest.mark.parametrize("cookie", [None, "refresh_token=", "other=x"], ids=["none", "empty", "another"])
async def test_refuses_to_refresh_without_a_cookie(client: AsyncClient, cookie: str | None) -> None:
    headers = {"Cookie": cookie} if cookie else {}

    response = await client.post("/auth/refresh", headers=headers)

    assert_error(response, 401, "MISSING_REFRESH_TOKEN", "Refresh token not found")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("REF-003")
async def test_reads_the_refresh_token_from_nowhere_but_the_cookie(client: AsyncClient, ada: Person) -> None:
    token = issue(TokenKind.REFRESH, ada)
    headers = {"Authorization": f"Bearer {token}"}

    response = await client.post("/auth/refresh", headers=headers, json={"refresh_token": token})

    assert_error(response, 401, "MISSING_REFRESH_TOKEN")


@pytest.mark.spec("REF-004")
@pytest.mark.parametrize("token", ["not-a-token", "a.b.c", "e30.e30.e30"])
async def test_refuses_a_malformed_refresh_token(client: AsyncClient, token: str) -> None:
    response = await refresh(client, token)

    assert_error(response, *INVALID_TOKEN)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("REF-004")
async def test_refuses_an_access_token_in_the_cookie(client: AsyncClient, ada: Person) -> None:
    response = await refresh(client, issue(TokenKind.ACCESS, ada))

    assert_error(response, 401, "INVALID_TOKEN_TYPE", "Invalid token type for this operation")


@pytest.mark.spec("REF-004")
async def test_refuses_the_refresh_token_of_a_user_who_is_gone(
    client: AsyncClient, ada: Person, database_url: str
) -> None:
    await delete_user(database_url, ada.id)

    response = await refresh(client, refresh_token_of(ada))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("REF-004")
@pytest.mark.parametrize(
    "change",
    [{"sid": ABSENT}, {"jti": ABSENT}, {"sid": str(UUID(int=0))}, {"sid": None}],
    ids=["no-session", "no-id", "unknown-session", "null-session"],
)
async def test_refuses_a_refresh_token_that_belongs_to_no_session(
    client: AsyncClient, ada: Person, change: dict[str, object]
) -> None:
    claims = jwt.get_unverified_claims(refresh_token_of(ada)) | change

    response = await refresh(client, forge({name: value for name, value in claims.items() if value is not ABSENT}))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("REF-004")
async def test_refuses_a_refresh_token_for_the_session_of_somebody_else(
    client: AsyncClient, ada: Person, bob: Person
) -> None:
    claims = jwt.get_unverified_claims(refresh_token_of(ada))

    response = await refresh(client, forge(claims | {"sub": str(bob.id)}))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("REF-005")
async def test_accepts_the_access_token_of_a_refresh(client: AsyncClient, ada: Person) -> None:
    refreshed = await refresh(client, refresh_token_of(ada))

    response = await get_me(client, refreshed.json()["access_token"])

    assert response.status_code == 200
    assert response.json()["id"] == str(ada.id)


# Log out


@pytest.mark.spec("OUT-001")
async def test_clears_the_cookie_on_logout(client: AsyncClient, make_person: MakePerson) -> None:
    person = await make_person()
    await log_in(client, person.email)

    response = await client.post("/auth/logout")

    assert response.status_code == 200
    assert response.json() == {"message": "Successfully logged out"}
    attributes = "HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth; Max-Age=0"
    assert response.headers["Set-Cookie"] == f"refresh_token=; {attributes}"


@pytest.mark.spec("OUT-002")
@pytest.mark.parametrize("cookie", [None, "refresh_token=", "refresh_token=a.b.c"], ids=["none", "empty", "bad"])
async def test_logs_out_without_a_session(client: AsyncClient, cookie: str | None) -> None:
    response = await client.post("/auth/logout", headers={"Cookie": cookie} if cookie else {})

    assert response.status_code == 200
    assert response.json() == {"message": "Successfully logged out"}
    assert "Max-Age=0" in response.headers["Set-Cookie"]


@pytest.mark.spec("OUT-003")
async def test_refuses_to_refresh_after_logout(client: AsyncClient, ada: Person) -> None:
    await log_in(client, ada.email)
    assert (await client.post("/auth/refresh")).status_code == 200
    await client.post("/auth/logout")

    response = await client.post("/auth/refresh")

    assert_error(response, 401, "MISSING_REFRESH_TOKEN", "Refresh token not found")
