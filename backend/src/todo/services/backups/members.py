"""Members of a tar file that is written and read as a stream. The size of a member is known before it is written."""

import io
import tarfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

MODE = 0o600
CHUNK_BYTES = 64 * 1024
PART_BYTES = 1024 * 1024
"""The size of a part of a long content. A part is kept in memory until it is complete."""


def add_member(tar: tarfile.TarFile, name: str, content: bytes, modified_at: float) -> None:
    """Add a member to a tar file."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), MODE, int(modified_at)
    tar.addfile(entry, io.BytesIO(content))


class PartsWriter(io.RawIOBase):
    """A stream that is stored as numbered members of a tar file. `close` writes the last part."""

    def __init__(self, tar: tarfile.TarFile, prefix: str, modified_at: float) -> None:
        self._tar = tar
        self._prefix = prefix
        self._modified_at = modified_at
        self._buffer = bytearray()
        self._parts = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        """Store the data, now or with the rest of its part."""
        content = bytes(data)
        self._buffer += content
        if len(self._buffer) >= PART_BYTES:
            self._write_part()
        return len(content)

    def close(self) -> None:
        """Write the rest as the last part."""
        if self._buffer:
            self._write_part()
        super().close()

    def _write_part(self) -> None:
        self._parts += 1
        content = bytes(self._buffer)
        self._buffer.clear()
        add_member(self._tar, f"{self._prefix}{self._parts:06}", content, self._modified_at)


class PartsReader(io.RawIOBase):
    """The content of all further members of a tar file, as one stream."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._chunks = _read_chunks(tar)
        self._rest = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read bytes into the buffer and return their number, which is 0 at the end."""
        chunk = self._rest or next(self._chunks, b"")
        view = memoryview(buffer)
        count = min(len(chunk), len(view))
        view[:count] = chunk[:count]
        self._rest = chunk[count:]
        return count


def _read_chunks(tar: tarfile.TarFile) -> Iterator[bytes]:
    # An iteration over the tar file would begin with the members that have been read.
    while (entry := tar.next()) is not None:
        if (content := tar.extractfile(entry)) is not None:
            while chunk := content.read(CHUNK_BYTES):
                yield chunk
