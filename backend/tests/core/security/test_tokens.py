"""Signing and verification of tokens."""

import re
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jose import jwt

from tests.support import SECRET
from todo.core.security.tokens import BadTokenError, TokenKind, TokenSigner

USER_ID = UUID("0b1f6f0e-6f2f-4a57-9c3e-2d9b6f0c7a11")
LOGIN_SESSION_ID = UUID("5e550000-6f2f-4a57-9c3e-2d9b6f0c7a11")
EMAIL = "ada@example.com"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
OTHER_SECRET = "0ddb" * 16


@pytest.fixture
def signer() -> TokenSigner:
    """A signer with the secret of the tests."""
    return TokenSigner(SECRET)


@pytest.mark.spec("TOK-006")
@pytest.mark.parametrize(("kind", "lifetime"), [(TokenKind.ACCESS, 900), (TokenKind.REFRESH, 604_800)])
def test_signed_token_is_verified(signer: TokenSigner, kind: TokenKind, lifetime: int) -> None:
    claims = signer.verify(signer.sign(kind, USER_ID, EMAIL, NOW))

    assert (claims.sub, claims.email, claims.type) == (USER_ID, EMAIL, kind)
    assert (claims.iat, claims.exp) == (int(NOW.timestamp()), int(NOW.timestamp()) + lifetime)


@pytest.mark.spec("TOK-006")
def test_token_has_the_claims_of_the_contract_and_no_secret(signer: TokenSigner) -> None:
    token = signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)

    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert set(jwt.get_unverified_claims(token)) == {"sub", "email", "iat", "exp", "type"}


def test_token_has_the_ids_of_its_login_session_and_of_itself(signer: TokenSigner) -> None:
    token = signer.sign(TokenKind.REFRESH, USER_ID, EMAIL, NOW, login_session_id=LOGIN_SESSION_ID, token_id="an id")

    claims = signer.verify(token)

    assert (claims.sid, claims.jti) == (LOGIN_SESSION_ID, "an id")


def test_tokens_of_one_login_session_have_different_ids(signer: TokenSigner) -> None:
    tokens = [signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW, login_session_id=LOGIN_SESSION_ID) for _ in range(5)]

    assert len({signer.verify(token).jti for token in tokens}) == 5


def test_same_input_gives_the_same_token(signer: TokenSigner) -> None:
    first, second = (
        signer.sign(TokenKind.REFRESH, USER_ID, EMAIL, NOW, login_session_id=LOGIN_SESSION_ID, token_id="an id")
        for _ in range(2)
    )

    assert first == second


@pytest.mark.parametrize("sid", ["ada", 7, "", ["a"]], ids=repr)
def test_login_session_id_that_is_no_uuid_is_rejected(signer: TokenSigner, sid: object) -> None:
    claims = jwt.get_unverified_claims(signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW))

    with pytest.raises(BadTokenError):
        signer.verify(jwt.encode(claims | {"sid": sid}, SECRET, algorithm="HS256"))


@pytest.mark.spec("SES-012")
@pytest.mark.parametrize("kind", TokenKind)
def test_token_of_the_previous_secret_is_verified(kind: TokenKind) -> None:
    token = TokenSigner(OTHER_SECRET).sign(kind, USER_ID, EMAIL, NOW)

    claims = TokenSigner(SECRET, OTHER_SECRET).verify(token)

    assert (claims.sub, claims.type) == (USER_ID, kind)


@pytest.mark.spec("SES-012")
def test_token_is_signed_with_the_new_secret(signer: TokenSigner) -> None:
    token = TokenSigner(SECRET, OTHER_SECRET).sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)

    assert token == signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)


@pytest.mark.spec("SES-012")
def test_token_of_an_unknown_secret_is_rejected() -> None:
    token = TokenSigner("7357" * 16).sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)

    with pytest.raises(BadTokenError):
        TokenSigner(SECRET, OTHER_SECRET).verify(token)


def test_same_token_has_the_same_successor(signer: TokenSigner) -> None:
    assert signer.successors("an id") == TokenSigner(SECRET).successors("an id")


def test_other_token_has_another_successor(signer: TokenSigner) -> None:
    assert signer.successors("an id") != signer.successors("another id")


def test_successor_depends_on_the_secret(signer: TokenSigner) -> None:
    assert signer.successors("an id") != TokenSigner(OTHER_SECRET).successors("an id")


def test_successors_include_the_successor_by_the_previous_secret(signer: TokenSigner) -> None:
    successors = TokenSigner(SECRET, OTHER_SECRET).successors("an id")

    assert successors == signer.successors("an id") + TokenSigner(OTHER_SECRET).successors("an id")


def test_claims_have_whole_seconds_in_every_time_zone(signer: TokenSigner) -> None:
    local_time = (NOW + timedelta(microseconds=999_999)).astimezone(timezone(timedelta(hours=-7)))

    claims = signer.verify(signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, local_time))

    assert claims.iat == int(NOW.timestamp())


def test_verification_ignores_the_expiry(signer: TokenSigner) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)

    claims = signer.verify(signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, long_ago))

    assert claims.exp == long_ago.timestamp() + 900


def test_repeated_verification_has_the_same_result(signer: TokenSigner) -> None:
    valid_token = signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)
    invalid_token = TokenSigner(OTHER_SECRET).sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)

    assert signer.verify(valid_token) == signer.verify(valid_token)
    for _ in range(2):
        with pytest.raises(BadTokenError):
            signer.verify(invalid_token)


def test_token_of_another_signer_is_rejected(signer: TokenSigner) -> None:
    token = signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)
    signer.verify(token)

    with pytest.raises(BadTokenError):
        TokenSigner(OTHER_SECRET).verify(token)


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "claims", "signature"])
def test_token_with_a_changed_character_is_rejected(signer: TokenSigner, part: int) -> None:
    parts = signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW).split(".")
    parts[part] = ("B" if parts[part][4] == "A" else "A").join((parts[part][:4], parts[part][5:]))

    with pytest.raises(BadTokenError):
        signer.verify(".".join(parts))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_token_of_another_algorithm_is_rejected(signer: TokenSigner, algorithm: str) -> None:
    claims = jwt.get_unverified_claims(signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW))

    with pytest.raises(BadTokenError):
        signer.verify(jwt.encode(claims, SECRET, algorithm=algorithm))


@settings(max_examples=100, deadline=None, database=None)
@given(
    token=st.text(st.characters(), max_size=60)
    | st.lists(st.sampled_from(["", "e30", "bnVsbA", "W10", "eyJhbGciOiJIUzI1NiJ9", "é"]), max_size=5).map(".".join)
)
def test_any_other_text_is_rejected(token: str) -> None:
    with pytest.raises(BadTokenError):
        TokenSigner(SECRET).verify(token)


def test_error_hides_the_secret(signer: TokenSigner) -> None:
    with pytest.raises(BadTokenError) as raised:
        signer.verify("a.b.c")

    assert not re.search(SECRET, f"{raised.value!r} {raised.value.__cause__!r}")
