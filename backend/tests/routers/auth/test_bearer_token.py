"""Access tokens in the Authorization header: lifetime, signature and claims."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from httpx import AsyncClient
from jose import jwt

from tests.routers.auth.support import (
    FORGERIES,
    access_token_claims,
    delete_user,
    encode_base64url,
    forge_token,
    get_me,
    register,
    sign_token,
)
from tests.routers.support import ABSENT, INVALID_TOKEN
from tests.support import SECRET, Json, Person, assert_error, log_in
from todo.core.security.tokens import TokenKind, TokenSigner

# Header


@pytest.mark.spec("TOK-001")
async def test_me_returns_the_user_of_the_token(client: AsyncClient) -> None:
    register_response = await register(client, name="Ada")
    login = await log_in(client, register_response.json()["email"])

    response = await get_me(client, login.json()["access_token"])

    assert response.status_code == 200
    assert response.json() == register_response.json()


@pytest.mark.spec("TOK-001")
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_scheme_is_case_insensitive(client: AsyncClient, ada: Person, scheme: str) -> None:
    header = {"Authorization": f"{scheme} {sign_token(TokenKind.ACCESS, ada)}"}

    response = await client.get("/auth/me", headers=header)

    assert response.status_code == 200


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
async def test_missing_token_is_rejected(client: AsyncClient, headers: dict[str, str]) -> None:
    response = await client.get("/auth/me", headers=headers)

    assert_error(response, 401, "MISSING_TOKEN", "Authentication required")
    assert response.headers["WWW-Authenticate"] == "Bearer"


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
        pytest.param(encode_base64url(b"[" * 20_000).encode() + b".e30.c2ln", id="deeply-nested-header"),
        pytest.param(b"e30." + encode_base64url(b"[" * 20_000).encode() + b".c2ln", id="deeply-nested-claims"),
        pytest.param(b"x" * 60_000, id="huge"),
    ],
)
async def test_malformed_token_is_rejected(client: AsyncClient, token: bytes) -> None:
    response = await client.get("/auth/me", headers={b"Authorization": b"Bearer " + token})

    assert_error(response, *INVALID_TOKEN)
    assert response.headers["WWW-Authenticate"] == "Bearer"


# Lifetime


@pytest.mark.spec("TOK-006")
@pytest.mark.parametrize(("kind", "lifetime"), [("access", 900), ("refresh", 604_800)])
async def test_claims_contain_user_and_lifetime(client: AsyncClient, ada: Person, kind: str, lifetime: int) -> None:
    login = await log_in(client, ada.email)
    token = login.json()["access_token"] if kind == "access" else login.cookies["refresh_token"]

    claims = jwt.decode(token, SECRET, algorithms=["HS256"])

    assert claims.items() >= {"sub": str(ada.id), "email": ada.email, "type": kind}.items()
    assert claims["exp"] - claims["iat"] == lifetime
    assert abs(datetime.now(UTC).timestamp() - claims["iat"]) < 60
    assert jwt.get_unverified_header(token)["alg"] == "HS256"


@pytest.mark.spec("TOK-002")
@pytest.mark.parametrize("age", [timedelta(seconds=901), timedelta(days=8), timedelta(days=9_000)], ids=str)
async def test_expired_token_is_rejected(client: AsyncClient, ada: Person, age: timedelta) -> None:
    response = await get_me(client, sign_token(TokenKind.ACCESS, ada, age))

    assert_error(response, 401, "TOKEN_EXPIRED", "Access token has expired")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("TOK-002")
@pytest.mark.parametrize("expires_at", [0, -1, -(2**62)])
async def test_token_can_expire_before_any_year(client: AsyncClient, ada: Person, expires_at: int) -> None:
    response = await get_me(client, forge_token(access_token_claims(ada) | {"exp": expires_at}))

    assert_error(response, 401, "TOKEN_EXPIRED")


@pytest.mark.spec("TOK-002")
@pytest.mark.parametrize(("seconds", "status"), [(899, 200), (900, 401)])
async def test_access_token_expires_after_900_seconds(
    client: AsyncClient, ada: Person, seconds: int, status: int
) -> None:
    issued_at = datetime.now(UTC).replace(microsecond=0)
    token = TokenSigner(SECRET).sign(TokenKind.ACCESS, ada.id, ada.email, issued_at)
    assert (await get_me(client, token)).status_code == 200

    with time_machine.travel(issued_at + timedelta(seconds=seconds), tick=False):
        response = await get_me(client, token)

    assert response.status_code == status


# Signature


async def test_token_signed_with_the_secret_is_accepted(client: AsyncClient, ada: Person) -> None:
    response = await get_me(client, forge_token(access_token_claims(ada) | {"more": "claims"}))

    assert response.status_code == 200


@pytest.mark.spec("TOK-003")
@pytest.mark.parametrize("forgery", FORGERIES)
async def test_forged_token_is_rejected(client: AsyncClient, ada: Person, forgery: Json) -> None:
    response = await get_me(client, forge_token(access_token_claims(ada), **forgery))

    assert_error(response, *INVALID_TOKEN)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("TOK-003")
async def test_token_with_claims_of_another_user_is_rejected(client: AsyncClient, ada: Person, bob: Person) -> None:
    header, _, signature = sign_token(TokenKind.ACCESS, ada).split(".")
    claims = sign_token(TokenKind.ACCESS, bob).split(".")[1]

    response = await get_me(client, f"{header}.{claims}.{signature}")

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("TOK-003")
async def test_token_signed_with_the_digest_of_the_secret_is_rejected(client: AsyncClient, ada: Person) -> None:
    key = hashlib.sha256(SECRET.encode()).hexdigest()

    response = await get_me(client, forge_token(access_token_claims(ada), key=key))

    assert_error(response, *INVALID_TOKEN)


# Claims


@pytest.mark.spec("TOK-005")
async def test_refresh_token_is_rejected_as_access_token(client: AsyncClient, ada: Person) -> None:
    response = await get_me(client, sign_token(TokenKind.REFRESH, ada))

    assert_error(response, 401, "INVALID_TOKEN_TYPE", "Invalid token type for this operation")
    assert response.headers["WWW-Authenticate"] == "Bearer"


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
async def test_signed_token_with_invalid_claims_is_rejected(
    client: AsyncClient, ada: Person, change: dict[str, object]
) -> None:
    claims = {name: value for name, value in (access_token_claims(ada) | change).items() if value is not ABSENT}

    response = await get_me(client, forge_token(claims))

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("TOK-003")
@pytest.mark.parametrize("claims", [[], "text", None, 7], ids=repr)
async def test_claims_that_are_not_an_object_are_rejected(client: AsyncClient, claims: object) -> None:
    response = await get_me(client, forge_token(claims))

    assert_error(response, *INVALID_TOKEN)


async def test_token_of_a_deleted_user_is_rejected(client: AsyncClient, ada: Person, database_url: str) -> None:
    token = sign_token(TokenKind.ACCESS, ada)
    assert (await get_me(client, token)).status_code == 200
    await delete_user(database_url, ada.id)

    response = await get_me(client, token)

    assert_error(response, *INVALID_TOKEN)
    assert response.headers["WWW-Authenticate"] == "Bearer"
