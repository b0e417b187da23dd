"""Requests and forged tokens for the tests of authentication."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.routers.support import new_email
from tests.support import PASSWORD, SECRET, Json, Person
from todo.core.database.url import connect_arguments
from todo.core.security.tokens import TokenKind, TokenSigner

JWT = r"[\w-]+\.[\w-]+\.[\w-]+"
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


def encode_base64url(data: bytes) -> str:
    """Return the base64url encoding without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign_token(kind: TokenKind, owner: Person, age: timedelta = timedelta()) -> str:
    """Return a token that was issued `age` ago."""
    return TokenSigner(SECRET).sign(kind, owner.id, owner.email, datetime.now(UTC) - age)


def access_token_claims(owner: Person) -> Json:
    """Return the claims of a valid access token."""
    now = int(datetime.now(UTC).timestamp())
    return {"sub": str(owner.id), "email": owner.email, "iat": now, "exp": now + 900, "type": "access"}


def forge_token(claims: object, algorithm: str = "HS256", key: str = SECRET, digest: str = "sha256") -> str:
    """Return a token whose header and signature may disagree. An empty key leaves out the signature."""
    header = {"alg": algorithm, "typ": "JWT"}
    signing_input = f"{encode_base64url(json.dumps(header).encode())}.{encode_base64url(json.dumps(claims).encode())}"
    signature = hmac.new(key.encode(), signing_input.encode(), digest).digest() if key else b""
    return f"{signing_input}.{encode_base64url(signature)}"


async def register(client: AsyncClient, **fields: object) -> Response:
    """Register a new user. `fields` replace the default fields."""
    return await client.post("/auth/register", json={"email": new_email(), "password": PASSWORD} | fields)


async def get_me(client: AsyncClient, token: str) -> Response:
    """Return the response of /auth/me for an access token."""
    return await client.get("/auth/me", headers={"Authorization": f"Bearer {token}"})


async def fetch_value(url: str, statement: str, *arguments: object) -> object:
    """Run a statement directly on the database and return the first value of its first row."""
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        return await connection.fetchval(statement, *arguments)
    finally:
        await connection.close()


async def delete_user(url: str, user_id: UUID) -> None:
    """Delete a user directly in the database."""
    await fetch_value(url, "DELETE FROM users WHERE id = $1", user_id)
