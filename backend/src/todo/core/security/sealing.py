"""Sealed values: encrypted for storage with a key that is derived from JWT_SECRET_KEY (ADR 0048)."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORMAT = b"\x01"
KEY_BYTES = 32
KEY_ID_BYTES = 4
NONCE_BYTES = 12
HEAD_BYTES = len(FORMAT) + KEY_ID_BYTES
"""A sealed value begins with its head: the format and the id of its key."""


class SealError(Exception):
    """The value was sealed with an unknown secret or for another purpose, or it was changed."""


class Sealer:
    """Seals values with the secret, and opens values that the secret or the previous secret sealed (AES-256-GCM).

    Args:
        secret: JWT_SECRET_KEY.
        previous: JWT_SECRET_KEY_PREVIOUS.

    Attributes:
        head: the first HEAD_BYTES of every value that `seal` returns.
    """

    def __init__(self, secret: str, previous: str | None = None) -> None:
        self.head = _head_of(secret)
        known = (secret,) if previous is None else (secret, previous)
        self._ciphers = {_head_of(each): AESGCM(_derive(each, "sealing key", KEY_BYTES)) for each in known}

    def seal(self, plaintext: bytes, purpose: str) -> bytes:
        """Return the plaintext sealed with the secret.

        Args:
            plaintext: a short value. At most 2^32 values should be sealed with one secret.
            purpose: the use and the owner of the value, such as `totp <user id>`.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self.head + nonce + self._ciphers[self.head].encrypt(nonce, plaintext, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Return the plaintext of a value that was sealed for the same purpose.

        Raises:
            SealError: the value cannot be opened.
        """
        head, nonce, ciphertext = _split(sealed)
        cipher = self._ciphers.get(head)
        if cipher is None:
            raise SealError
        try:
            return cipher.decrypt(nonce, ciphertext, purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise SealError from error


def _head_of(secret: str) -> bytes:
    return FORMAT + _derive(secret, "sealing key id", KEY_ID_BYTES)


def _derive(secret: str, info: str, length: int) -> bytes:
    """Return bytes derived from the secret (RFC 5869). They tell nothing about the secret or its other uses."""
    return HKDF(SHA256(), length, salt=None, info=f"todo {info}".encode()).derive(secret.encode())


def _split(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    nonce_end = HEAD_BYTES + NONCE_BYTES
    return sealed[:HEAD_BYTES], sealed[HEAD_BYTES:nonce_end], sealed[nonce_end:]
