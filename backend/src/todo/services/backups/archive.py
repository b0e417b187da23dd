"""The file of a backup: a tar file compressed with gzip, written and read as a stream."""

import contextlib
import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, BinaryIO

from pyrage import DecryptError, IdentityError

from todo.services.backups.encryption import decrypted, encrypted
from todo.services.backups.errors import BackupError
from todo.services.backups.members import CHUNK_BYTES, add_member

GZIP_MAGIC = b"\x1f\x8b"
GZIP_LEVEL = 6
DAMAGED = "The file is damaged, incomplete, or no backup of this service. Use another backup."
UNREADABLE = (
    *(tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, DecryptError, IdentityError),
    *(ValueError, OverflowError),  # raised by tarfile for impossible values in a header
)

AskPassphrase = Callable[[], str]


class ArchiveWriter:
    """Adds members and records their digests."""

    def __init__(self, tar: tarfile.TarFile, created_at: float) -> None:
        self._tar = tar
        self._created_at = created_at
        self.digests: dict[str, str] = {}
        """The SHA-256 of each member by name."""

    def add(self, name: str, content: bytes) -> None:
        """Add a member."""
        self.digests[name] = hashlib.sha256(content).hexdigest()
        add_member(self._tar, name, content, self._created_at)


class Member:
    """A member that is being read. Its digest is complete after its last chunk."""

    def __init__(self, name: str, content: IO[bytes]) -> None:
        self.name = name
        self._content = content
        self._hash = hashlib.sha256()

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in chunks.

        Raises:
            BackupError: the file is damaged or incomplete.
        """
        while chunk := self._read():
            self._hash.update(chunk)
            yield chunk

    def _read(self) -> bytes:
        with readable():
            return self._content.read(CHUNK_BYTES)

    @property
    def digest(self) -> str:
        """The SHA-256 of the chunks so far."""
        return self._hash.hexdigest()


@contextlib.contextmanager
def write_archive(output: BinaryIO, passphrase: str | None, created_at: float) -> Iterator[ArchiveWriter]:
    """Yield a writer of a backup file. With a passphrase the file is encrypted."""
    with contextlib.ExitStack() as stack:
        target = output if passphrase is None else stack.enter_context(encrypted(output, passphrase))
        # The file name and the time in the head of gzip would have no use.
        compressed = stack.enter_context(gzip.GzipFile("", "wb", GZIP_LEVEL, target, mtime=0))
        tar = stack.enter_context(tarfile.open(fileobj=compressed, mode="w|"))
        yield ArchiveWriter(tar, created_at)


def read_archive(file: BinaryIO, ask_passphrase: AskPassphrase) -> Iterator[Member]:
    """Yield the members of a backup file in their order. Read a member before the next one.

    Args:
        file: is read from its beginning.
        ask_passphrase: is called if the file is encrypted.

    Raises:
        BackupError: the file is damaged or incomplete, or the passphrase is wrong.
    """
    file.seek(0)
    is_encrypted = file.read(len(GZIP_MAGIC)) != GZIP_MAGIC
    file.seek(0)
    with readable(), contextlib.ExitStack() as stack:
        source = stack.enter_context(decrypted(file, ask_passphrase)) if is_encrypted else file
        compressed = stack.enter_context(gzip.GzipFile(fileobj=source, mode="rb"))
        with tarfile.open(fileobj=compressed, mode="r|") as tar:
            for entry in tar:
                content = tar.extractfile(entry)
                # A sparse member can claim any size.
                if content is None or not entry.isreg() or entry.issparse():
                    raise BackupError(DAMAGED)
                yield Member(entry.name, content)
        # The checksum of gzip follows the last byte.
        while compressed.read(CHUNK_BYTES):
            pass


@contextlib.contextmanager
def readable() -> Iterator[None]:
    """Raise a BackupError if the file is damaged or incomplete."""
    try:
        yield
    except UNREADABLE as error:
        raise BackupError(DAMAGED) from error
