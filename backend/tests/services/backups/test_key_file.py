"""The key of an encrypted backup does not depend on the speed of the machines that write and read it."""

import pyrage
import pytest

from todo.services.backups.key_file import (
    KeyFileDamagedError,
    KeyMemoryError,
    WrongPassphraseError,
    decrypt_key,
    encrypt_key,
)

PASSPHRASE = "correct horse, Zürich"
KEY = b"AGE-SECRET-KEY-1\n"


@pytest.fixture(scope="module")
def key_file() -> bytes:
    """An encrypted key."""
    return encrypt_key(KEY, PASSPHRASE)


@pytest.mark.spec("BAK-022")
def test_work_factor_is_constant(key_file: bytes) -> None:
    stanza = key_file.splitlines()[1]

    assert stanza.startswith(b"-> scrypt ")
    assert stanza.endswith(b" 18")


@pytest.mark.spec("BAK-014")
def test_key_is_decrypted_with_its_passphrase(key_file: bytes) -> None:
    assert decrypt_key(key_file, PASSPHRASE) == KEY
    with pytest.raises(WrongPassphraseError):
        decrypt_key(key_file, "another")


@pytest.mark.spec("BAK-014")
def test_pyrage_decrypts_the_key(key_file: bytes) -> None:
    assert pyrage.passphrase.decrypt(key_file, PASSPHRASE) == KEY


@pytest.mark.spec("BAK-022")
def test_key_that_pyrage_wrote_is_decrypted() -> None:
    assert decrypt_key(pyrage.passphrase.encrypt(KEY, PASSPHRASE), PASSPHRASE) == KEY


@pytest.mark.spec("BAK-022")
def test_work_factor_above_that_of_age_is_rejected_before_the_derivation(key_file: bytes) -> None:
    with pytest.raises(KeyMemoryError) as caught:
        decrypt_key(key_file.replace(b" 18\n", b" 23\n"), PASSPHRASE)

    assert caught.value.mebibytes == 8192


@pytest.mark.spec("BAK-007")
@pytest.mark.parametrize("part", ["header", "payload", "length", "form"])
def test_damaged_key_is_rejected(key_file: bytes, part: str) -> None:
    header_end = key_file.index(b"\n--- ") + 5
    mac = b"A" * 43
    damaged = {
        "header": key_file[:header_end] + mac + key_file[header_end + 43 :],
        "payload": key_file[:-1] + bytes([key_file[-1] ^ 1]),
        "length": key_file[:-20],
        "form": key_file.replace(b"-> scrypt", b"-> X25519"),
    }

    with pytest.raises(KeyFileDamagedError):
        decrypt_key(damaged[part], PASSPHRASE)
