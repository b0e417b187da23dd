"""The one spelling of a token."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from httpx import AsyncClient

from tests.support import SECRET, MakeToken, Person, RecordedApp, assert_error, authorize, make_client, refresh_token_of
from todo.core.security.tokens import TOKEN_MAX_BYTES, BadTokenError, TokenKind, TokenSigner

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LONGEST_EMAIL = "ü" * 64 + "@" + ".".join(["ü" * 20] * 2 + ["ü" * 19]) + ".com"


def change_unused_bits(token: str) -> str:
    """Return a spelling of the token whose signature decodes to the same bytes."""
    return token[:-1] + ALPHABET[ALPHABET.index(token[-1]) ^ 1]


RESPELLINGS: list[object] = [
    pytest.param(lambda token: token + "!", id="junk-behind"),
    pytest.param(lambda token: token + "!" * 60_000, id="60-kb-of-junk"),
    pytest.param(lambda token: token[:-5] + "*" + token[-5:], id="junk-in-the-signature"),
    pytest.param(lambda token: token + "=", id="padding"),
    pytest.param(lambda token: token + "\u00e9", id="latin-1"),
    pytest.param(lambda token: token + ".", id="fourth-part"),
    pytest.param(change_unused_bits, id="unused-bits"),
]


def access_token_of(owner: Person) -> str:
    return owner.client.headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.spec("AUT-001")
@pytest.mark.parametrize("respell", RESPELLINGS)
async def test_other_spelling_of_an_access_token_is_rejected(
    client: AsyncClient, ada: Person, respell: Callable[[str], str]
) -> None:
    header = f"Bearer {respell(access_token_of(ada))}".encode("latin-1")

    response = await client.get("/tasks", headers={b"Authorization": header})

    assert_error(response, 401, "INVALID_TOKEN")


@pytest.mark.spec("AUT-001")
@pytest.mark.parametrize("respell", [lambda token: token + "*", change_unused_bits], ids=["junk", "unused-bits"])
async def test_other_spelling_of_a_refresh_token_is_rejected(
    client: AsyncClient, ada: Person, respell: Callable[[str], str]
) -> None:
    cookie = f"refresh_token={respell(refresh_token_of(ada))}"

    response = await client.post("/auth/refresh", headers={"Cookie": cookie})

    assert_error(response, 401, "INVALID_TOKEN")


@pytest.mark.spec("AUT-001")
async def test_other_spelling_of_a_refresh_token_logs_nobody_out(client: AsyncClient, ada: Person) -> None:
    cookie = f"refresh_token={refresh_token_of(ada)}*"

    response = await client.post("/auth/logout", headers={"Cookie": cookie})

    assert response.status_code == 200
    assert (await ada.client.get("/auth/sessions")).status_code == 200


@pytest.mark.spec("AUT-001")
async def test_token_of_the_longest_email_is_short_enough(client: AsyncClient) -> None:
    password = "correct horse battery"
    registration = await client.post("/auth/register", json={"email": LONGEST_EMAIL, "password": password})
    login = await client.post("/auth/login", data={"username": LONGEST_EMAIL, "password": password})
    token = login.json()["access_token"]

    response = await client.get("/auth/me", headers=authorize(token))

    assert registration.status_code in (201, 400)
    assert len(token) < TOKEN_MAX_BYTES
    assert response.status_code == 200


@pytest.mark.spec("AUT-001")
def test_signed_token_over_the_limit_is_rejected() -> None:
    signer = TokenSigner(SECRET)
    token = signer.sign(TokenKind.ACCESS, UUID(int=1), "a" * 2000, datetime.now(UTC))

    assert len(token) > TOKEN_MAX_BYTES
    with pytest.raises(BadTokenError):
        signer.verify(token)


@pytest.mark.spec("AUT-002")
def test_rejected_tokens_are_not_cached() -> None:
    signer = TokenSigner(SECRET)
    token = signer.sign(TokenKind.ACCESS, UUID(int=1), "ada@example.com", datetime.now(UTC))
    signature = token.rpartition(".")[2]
    forged = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
    signer.verify(token)

    for spelling in (token + "!", token + "=", change_unused_bits(token), token.replace(signature, forged)):
        with pytest.raises(BadTokenError):
            signer.verify(spelling)

    assert signer.verify.cache_info().currsize == 1


@pytest.mark.spec("AUT-003")
@pytest.mark.parametrize(
    "respell",
    [
        pytest.param(lambda token: token + "A", id="long"),
        pytest.param(lambda token: token[:-1], id="short"),
        pytest.param(lambda token: token[:-1] + "+", id="base64-of-another-alphabet"),
        pytest.param(lambda token: token + "=", id="padding"),
        pytest.param(lambda token: token + "A" * 60_000, id="60-kb"),
    ],
)
async def test_malformed_personal_access_token_is_rejected_without_a_statement(
    recorded_app: RecordedApp, ada: Person, make_token: MakeToken, respell: Callable[[str], str]
) -> None:
    token = (await make_token(ada, "tasks:read"))["token"]
    recorded_app.statements.clear()

    async with make_client(recorded_app.app, headers=authorize(respell(token))) as client:
        response = await client.get("/tasks")

    assert_error(response, 401, "INVALID_TOKEN")
    assert recorded_app.statements == []
