"""Passwords and tokens by themselves."""

import asyncio
import os
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jose import jwt

from tests.support import PASSWORD, SECRET, BcryptCalls
from todo.core.errors import ServiceUnavailableError
from todo.core.security import passwords
from todo.core.security.passwords import PasswordHasher
from todo.core.security.tokens import BadTokenError, TokenKind, TokenSigner
from todo.domain.account import PASSWORD_MAX

USER_ID = UUID("0b1f6f0e-6f2f-4a57-9c3e-2d9b6f0c7a11")
SESSION_ID = UUID("5e550000-6f2f-4a57-9c3e-2d9b6f0c7a11")
EMAIL = "ada@example.com"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
OTHER_SECRET = "0ddb" * 16


# Passwords


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    """Return a quick one."""
    hasher = PasswordHasher(4, PASSWORD_MAX)
    yield hasher
    hasher.close()


async def test_recognises_a_password(hasher: PasswordHasher) -> None:
    assert await hasher.verify(PASSWORD, await hasher.hash(PASSWORD)) is True


@pytest.mark.parametrize(
    ("password", "attempt"),
    [
        pytest.param(PASSWORD, PASSWORD + "!", id="longer"),
        pytest.param(PASSWORD, PASSWORD[:-1], id="shorter"),
        pytest.param(PASSWORD, PASSWORD.upper(), id="capitals"),
        pytest.param(PASSWORD, "", id="empty"),
        pytest.param("p" * 72 + "right", "p" * 72 + "wrong", id="after-72-bytes"),
        pytest.param("p" * 1023 + "r", "p" * 1023 + "w", id="last-of-1024"),
        pytest.param("🌱" * 1024, "🌱" * 1023, id="unicode"),
    ],
)
async def test_does_not_recognise_another(hasher: PasswordHasher, password: str, attempt: str) -> None:
    assert await hasher.verify(attempt, await hasher.hash(password)) is False


async def test_salts_every_hash(hasher: PasswordHasher) -> None:
    hashes = {await hasher.hash(PASSWORD) for _ in range(5)}

    assert len(hashes) == 5


async def test_keeps_nothing_of_the_password_in_the_hash(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash(PASSWORD)

    assert hashed.startswith("$bcrypt-sha256$")
    assert not [word for word in PASSWORD.split() if word in hashed]


@pytest.mark.parametrize("password", ["", PASSWORD, "." * 8, "p" * 1024])
async def test_recognises_no_password_without_a_hash(hasher: PasswordHasher, password: str) -> None:
    assert await hasher.verify(password, None) is False


@pytest.mark.parametrize("rounds", [4, 5, 7])
async def test_hashes_at_the_cost_that_it_was_given(bcrypt_calls: BcryptCalls, rounds: int) -> None:
    hasher = PasswordHasher(rounds, PASSWORD_MAX)

    await hasher.hash(PASSWORD)

    assert bcrypt_calls.costs[-1] == rounds
    hasher.close()


@pytest.mark.spec("LOG-003")
@pytest.mark.parametrize("rounds", [4, 5, 7])
async def test_does_the_same_work_without_a_hash_as_with_one(bcrypt_calls: BcryptCalls, rounds: int) -> None:
    hasher = PasswordHasher(rounds, PASSWORD_MAX)
    hashed = await hasher.hash(PASSWORD)

    bcrypt_calls.costs.clear()
    await hasher.verify(PASSWORD, hashed)
    work_with_one = bcrypt_calls.costs.copy()
    bcrypt_calls.costs.clear()
    await hasher.verify(PASSWORD, None)

    assert bcrypt_calls.costs == work_with_one == [rounds]
    hasher.close()


async def test_hashes_off_the_event_loop(hasher: PasswordHasher, bcrypt_calls: BcryptCalls) -> None:
    await hasher.verify(PASSWORD, await hasher.hash(PASSWORD))

    assert threading.get_ident() not in bcrypt_calls.threads


async def test_leaves_a_core_to_other_requests(hasher: PasswordHasher, bcrypt_calls: BcryptCalls) -> None:
    await asyncio.gather(*(hasher.verify(PASSWORD, None) for _ in range(50)))

    assert len(bcrypt_calls.costs) >= 50
    assert len(bcrypt_calls.threads) <= max(1, (os.cpu_count() or 1) - 1)


@pytest.mark.spec("LOD-002")
async def test_sends_a_password_away_that_waited_too_long_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "QUEUE_SECONDS", 0.05)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    hasher = PasswordHasher(12, PASSWORD_MAX)

    first, second = await asyncio.gather(hasher.hash(PASSWORD), hasher.hash(PASSWORD), return_exceptions=True)
    third = await hasher.verify(PASSWORD, str(first))
    hasher.close()

    assert isinstance(second, ServiceUnavailableError)
    assert third


# Tokens


@pytest.fixture
def signer() -> TokenSigner:
    """Return one with the tests' secret."""
    return TokenSigner(SECRET)


@pytest.mark.spec("TOK-006")
@pytest.mark.parametrize(("kind", "lifetime"), [(TokenKind.ACCESS, 900), (TokenKind.REFRESH, 604_800)])
def test_verifies_what_it_signed(signer: TokenSigner, kind: TokenKind, lifetime: int) -> None:
    claims = signer.verify(signer.sign(kind, USER_ID, EMAIL, NOW))

    assert (claims.sub, claims.email, claims.type) == (USER_ID, EMAIL, kind)
    assert (claims.iat, claims.exp) == (int(NOW.timestamp()), int(NOW.timestamp()) + lifetime)


@pytest.mark.spec("TOK-006")
def test_signs_the_claims_of_the_contract_and_no_secret(signer: TokenSigner) -> None:
    token = signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)

    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert set(jwt.get_unverified_claims(token)) == {"sub", "email", "iat", "exp", "type"}


def test_names_the_session_of_a_token_and_the_token_itself(signer: TokenSigner) -> None:
    token = signer.sign(TokenKind.REFRESH, USER_ID, EMAIL, NOW, login_session_id=SESSION_ID, token_id="an id")

    claims = signer.verify(token)

    assert (claims.sid, claims.jti) == (SESSION_ID, "an id")


def test_gives_each_token_of_a_session_an_id_of_its_own(signer: TokenSigner) -> None:
    tokens = [signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW, login_session_id=SESSION_ID) for _ in range(5)]

    assert len({signer.verify(token).jti for token in tokens}) == 5


def test_signs_the_same_token_for_the_same_input(signer: TokenSigner) -> None:
    first, second = (
        signer.sign(TokenKind.REFRESH, USER_ID, EMAIL, NOW, login_session_id=SESSION_ID, token_id="an id")
        for _ in range(2)
    )

    assert first == second


@pytest.mark.parametrize("sid", ["ada", 7, "", ["a"]], ids=repr)
def test_takes_no_session_that_is_no_uuid(signer: TokenSigner, sid: object) -> None:
    claims = jwt.get_unverified_claims(signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW))

    with pytest.raises(BadTokenError):
        signer.verify(jwt.encode(claims | {"sid": sid}, SECRET, algorithm="HS256"))


@pytest.mark.spec("SES-012")
@pytest.mark.parametrize("kind", TokenKind)
def test_verifies_what_the_previous_secret_signed(kind: TokenKind) -> None:
    token = TokenSigner(OTHER_SECRET).sign(kind, USER_ID, EMAIL, NOW)

    claims = TokenSigner(SECRET, OTHER_SECRET).verify(token)

    assert (claims.sub, claims.type) == (USER_ID, kind)


@pytest.mark.spec("SES-012")
def test_signs_with_the_new_secret_alone(signer: TokenSigner) -> None:
    token = TokenSigner(SECRET, OTHER_SECRET).sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)

    assert token == signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)


@pytest.mark.spec("SES-012")
def test_takes_no_token_of_a_third_secret() -> None:
    token = TokenSigner("7357" * 16).sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)

    with pytest.raises(BadTokenError):
        TokenSigner(SECRET, OTHER_SECRET).verify(token)


def test_derives_the_same_successor_every_time(signer: TokenSigner) -> None:
    assert signer.successors("an id") == TokenSigner(SECRET).successors("an id")


def test_derives_another_successor_for_another_token(signer: TokenSigner) -> None:
    assert signer.successors("an id") != signer.successors("another id")


def test_derives_a_successor_that_nobody_can_without_the_secret(signer: TokenSigner) -> None:
    assert signer.successors("an id") != TokenSigner(OTHER_SECRET).successors("an id")


def test_knows_the_successor_that_the_previous_secret_derived(signer: TokenSigner) -> None:
    by_both = TokenSigner(SECRET, OTHER_SECRET).successors("an id")

    assert by_both == signer.successors("an id") + TokenSigner(OTHER_SECRET).successors("an id")


def test_counts_in_whole_seconds_whatever_the_zone(signer: TokenSigner) -> None:
    elsewhere = (NOW + timedelta(microseconds=999_999)).astimezone(timezone(timedelta(hours=-7)))

    claims = signer.verify(signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, elsewhere))

    assert claims.iat == int(NOW.timestamp())


def test_leaves_the_judgement_on_the_time_to_who_asks(signer: TokenSigner) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)

    claims = signer.verify(signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, long_ago))

    assert claims.exp == long_ago.timestamp() + 900


def test_gives_the_same_verdict_twice(signer: TokenSigner) -> None:
    good = signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)
    bad = TokenSigner(OTHER_SECRET).sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)

    assert signer.verify(good) == signer.verify(good)
    for _ in range(2):
        with pytest.raises(BadTokenError):
            signer.verify(bad)


def test_takes_no_other_signers_token(signer: TokenSigner) -> None:
    token = signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW)
    signer.verify(token)

    with pytest.raises(BadTokenError):
        TokenSigner(OTHER_SECRET).verify(token)


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "claims", "signature"])
def test_takes_no_token_with_a_changed_character(signer: TokenSigner, part: int) -> None:
    parts = signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW).split(".")
    parts[part] = ("B" if parts[part][4] == "A" else "A").join((parts[part][:4], parts[part][5:]))

    with pytest.raises(BadTokenError):
        signer.verify(".".join(parts))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_takes_no_other_algorithm(signer: TokenSigner, algorithm: str) -> None:
    claims = jwt.get_unverified_claims(signer.sign(TokenKind.ACCESS, USER_ID, EMAIL, NOW))

    with pytest.raises(BadTokenError):
        signer.verify(jwt.encode(claims, SECRET, algorithm=algorithm))


@settings(max_examples=100, deadline=None, database=None)
@given(
    token=st.text(st.characters(), max_size=60)
    | st.lists(st.sampled_from(["", "e30", "bnVsbA", "W10", "eyJhbGciOiJIUzI1NiJ9", "é"]), max_size=5).map(".".join)
)
def test_refuses_any_other_text(token: str) -> None:
    with pytest.raises(BadTokenError):
        TokenSigner(SECRET).verify(token)


def test_shows_nothing_of_the_secret_when_it_refuses(signer: TokenSigner) -> None:
    with pytest.raises(BadTokenError) as refusal:
        signer.verify("a.b.c")

    assert not re.search(SECRET, f"{refusal.value!r} {refusal.value.__cause__!r}")
