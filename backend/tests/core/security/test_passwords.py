"""Hashing and verification of passwords."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tests.support import PASSWORD, BcryptCalls
from todo.core.errors import ServiceUnavailableError
from todo.core.processors import count_processors
from todo.core.security import passwords
from todo.core.security.passwords import PasswordHasher
from todo.domain.account import PASSWORD_MAX


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    """A hasher with the lowest cost."""
    hasher = PasswordHasher(4, PASSWORD_MAX)
    yield hasher
    hasher.close()


async def test_password_is_verified(hasher: PasswordHasher) -> None:
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
async def test_other_password_is_rejected(hasher: PasswordHasher, password: str, attempt: str) -> None:
    assert await hasher.verify(attempt, await hasher.hash(password)) is False


async def test_each_hash_has_its_own_salt(hasher: PasswordHasher) -> None:
    hashes = {await hasher.hash(PASSWORD) for _ in range(5)}

    assert len(hashes) == 5


async def test_hash_does_not_contain_the_password(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash(PASSWORD)

    assert hashed.startswith("$bcrypt-sha256$")
    assert not [word for word in PASSWORD.split() if word in hashed]


@pytest.mark.parametrize("password", ["", PASSWORD, "." * 8, "p" * 1024])
async def test_every_password_is_rejected_without_a_hash(hasher: PasswordHasher, password: str) -> None:
    assert await hasher.verify(password, None) is False


@pytest.mark.parametrize("rounds", [4, 5, 7])
async def test_hash_has_the_configured_cost(bcrypt_calls: BcryptCalls, rounds: int) -> None:
    hasher = PasswordHasher(rounds, PASSWORD_MAX)

    await hasher.hash(PASSWORD)

    assert bcrypt_calls.costs[-1] == rounds
    hasher.close()


@pytest.mark.spec("LOG-003")
@pytest.mark.parametrize("rounds", [4, 5, 7])
async def test_verification_costs_the_same_without_a_hash(bcrypt_calls: BcryptCalls, rounds: int) -> None:
    hasher = PasswordHasher(rounds, PASSWORD_MAX)
    hashed = await hasher.hash(PASSWORD)

    bcrypt_calls.costs.clear()
    await hasher.verify(PASSWORD, hashed)
    costs_with_hash = bcrypt_calls.costs.copy()
    bcrypt_calls.costs.clear()
    await hasher.verify(PASSWORD, None)

    assert bcrypt_calls.costs == costs_with_hash == [rounds]
    hasher.close()


async def test_hashing_does_not_block_the_event_loop(hasher: PasswordHasher, bcrypt_calls: BcryptCalls) -> None:
    await hasher.verify(PASSWORD, await hasher.hash(PASSWORD))

    assert threading.get_ident() not in bcrypt_calls.threads


async def test_hashing_leaves_one_core_free(hasher: PasswordHasher, bcrypt_calls: BcryptCalls) -> None:
    await asyncio.gather(*(hasher.verify(PASSWORD, None) for _ in range(50)))

    assert len(bcrypt_calls.costs) >= 50
    assert len(bcrypt_calls.threads) <= max(1, count_processors() - 1)


@pytest.mark.spec("LOD-002")
async def test_hash_that_waited_too_long_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "QUEUE_SECONDS", 0.05)
    monkeypatch.setattr(passwords, "count_processors", lambda: 1)
    hasher = PasswordHasher(12, PASSWORD_MAX)

    first, second = await asyncio.gather(hasher.hash(PASSWORD), hasher.hash(PASSWORD), return_exceptions=True)
    third = await hasher.verify(PASSWORD, str(first))
    hasher.close()

    assert isinstance(second, ServiceUnavailableError)
    assert third
