"""Refresh: the cookie, its lifetime, signature and claims."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from httpx import AsyncClient
from jose import jwt

from tests.routers.auth.support import FORGERIES, delete_user, forge_token, get_me, sign_token
from tests.routers.support import ABSENT, INVALID_TOKEN, SESSION_ENDED
from tests.support import SECRET, Json, Person, assert_error, log_in, refresh, refresh_token_of
from todo.core.security.tokens import TokenKind

# Response


@pytest.mark.spec("REF-001")
async def test_cookie_refreshes_the_access_token(client: AsyncClient, ada: Person) -> None:
    await log_in(client, ada.email)

    response = await client.post("/auth/refresh")

    assert response.status_code == 200
    assert response.json()["token_type"] == "bearer"
    claims = jwt.decode(response.json()["access_token"], SECRET, algorithms=["HS256"])
    assert (claims["sub"], claims["type"]) == (str(ada.id), "access")


@pytest.mark.spec("REF-005")
async def test_access_token_of_a_refresh_is_accepted(client: AsyncClient, ada: Person) -> None:
    refresh_response = await refresh(client, refresh_token_of(ada))

    response = await get_me(client, refresh_response.json()["access_token"])

    assert response.status_code == 200
    assert response.json()["id"] == str(ada.id)


# Cookie


@pytest.mark.spec("REF-003")
@pytest.mark.parametrize("cookie", [None, "refresh_token=", "other=x"], ids=["none", "empty", "another"])
async def test_missing_cookie_is_rejected(client: AsyncClient, cookie: str | None) -> None:
    headers = {"Cookie": cookie} if cookie else {}

    response = await client.post("/auth/refresh", headers=headers)

    assert_error(response, 401, "MISSING_REFRESH_TOKEN", "Refresh token not found")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("REF-003")
async def test_refresh_token_outside_the_cookie_is_ignored(client: AsyncClient, ada: Person) -> None:
    token = sign_token(TokenKind.REFRESH, ada)
    headers = {"Authorization": f"Bearer {token}"}

    response = await client.post("/auth/refresh", headers=headers, json={"refresh_token": token})

    assert_error(response, 401, "MISSING_REFRESH_TOKEN")


@pytest.mark.spec("REF-004")
@pytest.mark.parametrize("token", ["not-a-token", "a.b.c", "e30.e30.e30"])
async def test_malformed_refresh_token_is_rejected(client: AsyncClient, token: str) -> None:
    response = await refresh(client, token)

    assert_error(response, *INVALID_TOKEN)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("REF-004")
async def test_access_token_in_the_cookie_is_rejected(client: AsyncClient, ada: Person) -> None:
    response = await refresh(client, sign_token(TokenKind.ACCESS, ada))

    assert_error(response, 401, "INVALID_TOKEN_TYPE", "Invalid token type for this operation")


# Lifetime


@pytest.mark.spec("REF-002")
async def test_expired_refresh_token_is_rejected(client: AsyncClient, ada: Person) -> None:
    token = sign_token(TokenKind.REFRESH, ada, timedelta(seconds=604_801))

    response = await refresh(client, token)

    detail = "Refresh token has expired. Please log in again"
    assert_error(response, 401, "REFRESH_TOKEN_EXPIRED", detail)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("REF-002")
@pytest.mark.parametrize(("seconds", "status"), [(604_799, 200), (604_800, 401)])
async def test_refresh_token_expires_after_seven_days(
    client: AsyncClient, ada: Person, seconds: int, status: int
) -> None:
    issued_at = datetime.now(UTC).replace(microsecond=0)
    with time_machine.travel(issued_at, tick=False):
        login = await log_in(ada.client, ada.email)

    with time_machine.travel(issued_at + timedelta(seconds=seconds), tick=False):
        response = await refresh(client, login.cookies["refresh_token"])

    assert response.status_code == status


# Signature and claims


async def test_refresh_token_signed_with_the_secret_is_accepted(client: AsyncClient, ada: Person) -> None:
    response = await refresh(client, forge_token(jwt.get_unverified_claims(refresh_token_of(ada))))

    assert response.status_code == 200


@pytest.mark.spec("REF-004")
@pytest.mark.parametrize("forgery", FORGERIES)
async def test_forged_refresh_token_is_rejected(client: AsyncClient, ada: Person, forgery: Json) -> None:
    response = await refresh(client, forge_token(jwt.get_unverified_claims(refresh_token_of(ada)), **forgery))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("AUT-016")
async def test_refresh_token_of_a_deleted_user_is_rejected(client: AsyncClient, ada: Person, database_url: str) -> None:
    await delete_user(database_url, ada.id)

    response = await refresh(client, refresh_token_of(ada))

    assert_error(response, *SESSION_ENDED)


@pytest.mark.spec("REF-004")
@pytest.mark.parametrize(
    "change",
    [{"sid": ABSENT}, {"jti": ABSENT}, {"sid": None}],
    ids=["no-session", "no-id", "null-session"],
)
async def test_refresh_token_without_login_session_is_rejected(
    client: AsyncClient, ada: Person, change: dict[str, object]
) -> None:
    claims = jwt.get_unverified_claims(refresh_token_of(ada)) | change

    present_claims = {name: value for name, value in claims.items() if value is not ABSENT}
    response = await refresh(client, forge_token(present_claims))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("AUT-016")
async def test_refresh_token_of_an_unknown_login_session_is_rejected(client: AsyncClient, ada: Person) -> None:
    claims = jwt.get_unverified_claims(refresh_token_of(ada)) | {"sid": str(UUID(int=0))}

    response = await refresh(client, forge_token(claims))

    assert_error(response, *SESSION_ENDED)


@pytest.mark.spec("AUT-016")
async def test_refresh_token_for_the_login_session_of_another_user_is_rejected(
    client: AsyncClient, ada: Person, bob: Person
) -> None:
    claims = jwt.get_unverified_claims(refresh_token_of(ada))

    response = await refresh(client, forge_token(claims | {"sub": str(bob.id)}))

    assert_error(response, *SESSION_ENDED)
