"""Requests, rows and claims for the tests of login sessions."""

import asyncpg
from jose import jwt
from pydantic import SecretStr

from tests.support import SECRET, Json, Person

COOKIE_ATTRIBUTES = "HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth; Max-Age="
SESSION_ENDED_DETAIL = "This session has ended. Please log in again"
TOKEN_REUSED_DETAIL = "Refresh token was used before. This session has ended; please log in again"
NEW_SECRET = "0ddb" * 16


def replaced_secret_settings() -> Json:
    """Return settings with a new secret that keep the old secret as the previous one."""
    return {"jwt_secret_key": SecretStr(NEW_SECRET), "jwt_secret_key_previous": SecretStr(SECRET)}


async def list_login_sessions(person: Person) -> list[Json]:
    """Return the login sessions of a user through the API."""
    response = await person.client.get("/auth/sessions")
    assert response.status_code == 200, response.text
    login_sessions: list[Json] = response.json()
    return login_sessions


async def get_current_login_session(person: Person) -> Json:
    """Return the login session of the person's client."""
    [login_session] = [login_session for login_session in await list_login_sessions(person) if login_session["current"]]
    return login_session


async def fetch_login_session(connection: asyncpg.Connection, person: Person) -> asyncpg.Record:
    """Return the row of the only login session of a user."""
    [login_session] = await connection.fetch("SELECT * FROM sessions WHERE user_id = $1", person.id)
    return login_session


def decode_claims(token: str) -> Json:
    """Return the claims of a token. Verify the signature and ignore the expiry."""
    claims: Json = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
    return claims
