"""Sealed values."""

import pytest

from tests.support import SECRET
from todo.core.security.sealing import HEAD_BYTES, Sealer, SealError

OTHER_SECRET = "a1b2" * 16
PLAINTEXT, PURPOSE = b"JBSWY3DPEHPK3PXP", "totp 1"


def is_openable(sealer: Sealer, sealed: bytes, purpose: str = PURPOSE) -> bool:
    try:
        return sealer.open(sealed, purpose) == PLAINTEXT
    except SealError:
        return False


@pytest.mark.spec("TFA-012")
def test_sealed_value_is_opened_with_the_same_secret_and_purpose() -> None:
    sealed = Sealer(SECRET).seal(PLAINTEXT, PURPOSE)

    assert is_openable(Sealer(SECRET), sealed)
    assert not is_openable(Sealer(OTHER_SECRET), sealed)
    assert not is_openable(Sealer(SECRET), sealed, "totp 2")
    assert PLAINTEXT not in sealed


@pytest.mark.spec("TFA-012")
def test_previous_secret_opens_and_does_not_seal() -> None:
    old, new, rotated = Sealer(OTHER_SECRET), Sealer(SECRET), Sealer(SECRET, OTHER_SECRET)

    assert is_openable(rotated, old.seal(PLAINTEXT, PURPOSE))
    assert is_openable(new, rotated.seal(PLAINTEXT, PURPOSE))
    assert not is_openable(old, rotated.seal(PLAINTEXT, PURPOSE))


def test_head_tells_which_secret_sealed_a_value() -> None:
    values = [Sealer(secret).seal(PLAINTEXT, PURPOSE) for secret in (SECRET, SECRET, OTHER_SECRET)]

    assert [value[:HEAD_BYTES] == Sealer(SECRET).head for value in values] == [True, True, False]
    assert len({*values}) == 3, "each value has its own nonce"


def test_changed_or_cut_value_is_not_opened() -> None:
    sealer = Sealer(SECRET)
    sealed = sealer.seal(PLAINTEXT, PURPOSE)

    changed = [sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :] for index in range(len(sealed))]
    cut = [sealed[:length] for length in range(len(sealed))]

    assert [value for value in (*changed, *cut, sealed + b"x") if is_openable(sealer, value)] == []
