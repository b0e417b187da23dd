"""Encryption of a backup with a passphrase, in the format of age (https://age-encryption.org/v1).

The library encrypts with a passphrase only in memory, but to a public key as a stream. Each backup therefore has a new
key pair. The private key is encrypted with the passphrase and stored before the data, as an identity file of age.
"""

import contextlib
import io
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import pyrage
from pyrage import x25519

from todo.services.backups.errors import BackupError
from todo.services.backups.key_file import (
    KeyFileDamagedError,
    KeyMemoryError,
    WrongPassphraseError,
    decrypt_key,
    encrypt_key,
)
from todo.services.backups.members import CHUNK_BYTES, PartsReader, PartsWriter, add_member

KEY = "key.age"
DATA_PREFIX = "data.age."
TOO_LITTLE_MEMORY = "The key of an encrypted backup needs {} MiB of memory, which this program cannot use."


@contextlib.contextmanager
def encrypted(output: BinaryIO, passphrase: str) -> Iterator[BinaryIO]:
    """Yield a stream. Its content is encrypted and written to `output`, as a tar file of the key and the data.

    Raises:
        BackupError: the machine has too little memory for the key.
    """
    key = x25519.Identity.generate()
    with tarfile.open(fileobj=output, mode="w|") as tar, ThreadPoolExecutor(max_workers=1) as executor:
        add_member(tar, KEY, _encrypt_key(key, passphrase), time.time())
        reader, writer = _open_pipe()
        encryption = executor.submit(_encrypt, reader, tar, key.to_public())
        try:
            with writer:
                yield writer
        except BrokenPipeError:
            # The other thread has ended with an error, for example because the disk is full.
            encryption.result()
            raise
        encryption.result()


@contextlib.contextmanager
def decrypted(file: BinaryIO, ask_passphrase: Callable[[], str]) -> Iterator[BinaryIO]:
    """Yield a stream of the decrypted content of a file that `encrypted` wrote.

    Raises:
        BackupError: the passphrase is wrong, or the machine has too little memory to check it.
        TarError, DecryptError: the file is damaged or incomplete.
    """
    with tarfile.open(fileobj=file, mode="r|") as tar, ThreadPoolExecutor(max_workers=1) as executor:
        key = _read_key(tar, ask_passphrase)
        reader, writer = _open_pipe()
        decryption = executor.submit(_decrypt, tar, writer, key)
        with reader:
            yield reader
        decryption.result()


def _open_pipe() -> tuple[BinaryIO, BinaryIO]:
    reader, writer = os.pipe()
    return os.fdopen(reader, "rb"), os.fdopen(writer, "wb")


def _encrypt_key(key: x25519.Identity, passphrase: str) -> bytes:
    try:
        return encrypt_key(f"{key}\n".encode(), passphrase)
    except KeyMemoryError as error:
        raise BackupError(TOO_LITTLE_MEMORY.format(error.mebibytes)) from error


def _encrypt(reader: BinaryIO, tar: tarfile.TarFile, recipient: x25519.Recipient) -> None:
    with reader, PartsWriter(tar, DATA_PREFIX, time.time()) as parts:
        pyrage.encrypt_io(reader, parts, [recipient])


def _decrypt(tar: tarfile.TarFile, writer: BinaryIO, key: x25519.Identity) -> None:
    with writer:
        pyrage.decrypt_io(io.BufferedReader(PartsReader(tar), CHUNK_BYTES), writer, [key])


def _read_key(tar: tarfile.TarFile, ask_passphrase: Callable[[], str]) -> x25519.Identity:
    entry = tar.next()
    content = None if entry is None or entry.name != KEY else tar.extractfile(entry)
    if content is None:
        raise tarfile.ReadError("The file has no key.")
    encrypted_key = content.read()
    try:
        key = decrypt_key(encrypted_key, ask_passphrase())
    except KeyFileDamagedError as error:
        raise tarfile.ReadError("The key of the file is damaged.") from error
    except WrongPassphraseError as error:
        raise BackupError("The passphrase is wrong. Nothing was changed.") from error
    except KeyMemoryError as error:
        raise BackupError(f"{TOO_LITTLE_MEMORY.format(error.mebibytes)} The passphrase was not checked.") from error
    return x25519.Identity.from_str(key.decode().strip())
