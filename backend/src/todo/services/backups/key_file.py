"""A short file in the format of age, encrypted with a passphrase (https://age-encryption.org/v1).

`pyrage` measures the machine to choose the cost of the key derivation. It rejects a file that seems too expensive for
the machine at that moment. Here the cost is constant (ADR 0049).
"""

import hmac
import re
import secrets
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

WORK_FACTOR = 18
"""The binary logarithm of scrypt's cost, which is that of the program `age`. The derivation needs 256 MiB of memory."""
WORK_FACTOR_MAX = 22
"""The highest work factor that `age` accepts. It needs 4 GiB of memory."""
BLOCK_SIZE = 8
SCRYPT_LABEL = b"age-encryption.org/v1/scrypt"
SALT_BYTES = 16
FILE_KEY_BYTES = 16
NONCE_BYTES = 16
WRAP_NONCE = bytes(12)
LAST_CHUNK_NONCE = bytes(11) + b"\x01"
"""The nonce of a first chunk that is also the last one."""
FORM = re.compile(
    rb"(age-encryption\.org/v1\n-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n([A-Za-z0-9+/]{43})\n---) "
    rb"([A-Za-z0-9+/]{43})\n(.{16})(.{16,})",
    re.DOTALL,
)


class KeyFileDamagedError(Exception):
    """The file is damaged, or is no file of this form."""


class WrongPassphraseError(Exception):
    """The passphrase is not the one of the file, or the encrypted key in the file is damaged."""


class KeyMemoryError(Exception):
    """The key derivation needs more memory than this machine has or this module allows.

    Attributes:
        mebibytes: the memory that the derivation needs.
    """

    def __init__(self, work_factor: int) -> None:
        self.mebibytes = 2 ** max(work_factor - 10, 0)


def encrypt_key(content: bytes, passphrase: str) -> bytes:
    """Return a content of at most 64 KiB encrypted with a passphrase.

    Raises:
        KeyMemoryError: the derivation needs too much memory.
    """
    salt, file_key, nonce = (secrets.token_bytes(size) for size in (SALT_BYTES, FILE_KEY_BYTES, NONCE_BYTES))
    wrapped = ChaCha20Poly1305(_stretch(passphrase, salt, WORK_FACTOR)).encrypt(WRAP_NONCE, file_key, None)
    header = b"age-encryption.org/v1\n-> scrypt %b %d\n%b\n---" % (_encode(salt), WORK_FACTOR, _encode(wrapped))
    payload = ChaCha20Poly1305(_derive(file_key, nonce, b"payload")).encrypt(LAST_CHUNK_NONCE, content, None)
    return b"%b %b\n%b%b" % (header, _encode(_authenticate(header, file_key)), nonce, payload)


def decrypt_key(file: bytes, passphrase: str) -> bytes:
    """Return the content of a file that `encrypt_key`, `pyrage` or `age` wrote.

    Raises:
        KeyFileDamagedError: the file is damaged.
        WrongPassphraseError: the passphrase is wrong.
        KeyMemoryError: the derivation needs too much memory.
    """
    match = FORM.fullmatch(file)
    if match is None:
        raise KeyFileDamagedError
    header, salt, work_factor, wrapped, mac, nonce, payload = match.groups()
    wrap_key = _stretch(passphrase, _decode(salt), int(work_factor))
    try:
        file_key = ChaCha20Poly1305(wrap_key).decrypt(WRAP_NONCE, _decode(wrapped), None)
    except InvalidTag as error:
        raise WrongPassphraseError from error
    if not hmac.compare_digest(_decode(mac), _authenticate(header, file_key)):
        raise KeyFileDamagedError
    try:
        return ChaCha20Poly1305(_derive(file_key, nonce, b"payload")).decrypt(LAST_CHUNK_NONCE, payload, None)
    except InvalidTag as error:
        raise KeyFileDamagedError from error


def _stretch(passphrase: str, salt: bytes, work_factor: int) -> bytes:
    if work_factor > WORK_FACTOR_MAX:
        raise KeyMemoryError(work_factor)
    scrypt = Scrypt(salt=SCRYPT_LABEL + salt, length=32, n=2**work_factor, r=BLOCK_SIZE, p=1)
    try:
        return scrypt.derive(passphrase.encode())
    except MemoryError as error:
        raise KeyMemoryError(work_factor) from error


def _derive(file_key: bytes, salt: bytes | None, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, purpose).derive(file_key)


def _authenticate(header: bytes, file_key: bytes) -> bytes:
    return hmac.digest(_derive(file_key, None, b"header"), header, "sha256")


def _encode(content: bytes) -> bytes:
    return b64encode(content).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    return b64decode(text + b"=" * (-len(text) % 4))
