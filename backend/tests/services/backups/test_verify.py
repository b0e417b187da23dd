"""A damaged, incomplete or unknown file is rejected before the database is touched."""

import gzip
import io
import json
import random
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.services.backups.support import rewrite, verify
from todo.services.backups.errors import BackupError
from todo.services.backups.manifest import MANIFEST, SECRET


def manifest_with(backup_file: Path, **changes: object) -> dict[str, bytes | None]:
    """Return the change of the manifest that replaces some of its fields."""
    with tarfile.open(backup_file) as tar:
        content = tar.extractfile(MANIFEST)
        assert content is not None
        return {MANIFEST: json.dumps(json.load(content) | changes).encode()}


@pytest.mark.spec("BAK-007")
def test_file_cut_at_any_byte_is_rejected(backup_file: Path, tmp_path: Path) -> None:
    content, cut = backup_file.read_bytes(), tmp_path / "cut"

    for size in [0, 1, 2, 3, *random.sample(range(len(content)), 40), len(content) - 1]:
        cut.write_bytes(content[:size])
        with pytest.raises(BackupError, match="damaged"):
            verify(cut)


@pytest.mark.spec("BAK-007")
def test_file_with_a_changed_bit_is_rejected_unless_its_content_is_the_same(backup_file: Path, tmp_path: Path) -> None:
    original = backup_file.read_bytes()
    content, changed, rejected = bytearray(original), tmp_path / "changed", 0

    for position in random.sample(range(10, len(content)), 40):
        content[position] ^= 1
        changed.write_bytes(content)
        try:
            verify(changed)
        except BackupError:
            rejected += 1
        else:
            # Some bits of the compressed form have no meaning.
            assert gzip.decompress(content) == gzip.decompress(original)
        content[position] ^= 1

    assert rejected >= 35


@pytest.mark.spec("BAK-007")
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"tables/tasks/000001.copy": None}, id="missing member"),
        pytest.param({"tables/tasks/000001.copy": b"other\n"}, id="changed member"),
        pytest.param({SECRET: None}, id="missing secret"),
        pytest.param({MANIFEST: None}, id="missing manifest"),
        pytest.param({MANIFEST: b"{}"}, id="empty manifest"),
    ],
)
def test_file_that_differs_from_its_manifest_is_rejected(
    backup_file: Path, tmp_path: Path, changes: dict[str, bytes | None]
) -> None:
    rewrite(backup_file, tmp_path / "other", changes)

    with pytest.raises(BackupError, match="damaged"):
        verify(tmp_path / "other")


@pytest.mark.spec("BAK-007")
def test_wrong_number_of_rows_is_rejected(backup_file: Path, tmp_path: Path) -> None:
    tables = [table.model_dump() | {"rows": 2} for table in verify(backup_file).manifest.tables]
    rewrite(backup_file, tmp_path / "other", manifest_with(backup_file, tables=tables))

    with pytest.raises(BackupError, match="damaged"):
        verify(tmp_path / "other")


@pytest.mark.spec("BAK-008")
def test_file_of_a_newer_program_is_rejected_with_its_version(backup_file: Path, tmp_path: Path) -> None:
    rewrite(backup_file, tmp_path / "format", manifest_with(backup_file, format=2, service_version="9.1"))
    rewrite(backup_file, tmp_path / "revision", manifest_with(backup_file, revision="later", service_version="9.1"))

    with pytest.raises(BackupError, match=r"format 2.*Use version 9\.1"):
        verify(tmp_path / "format")
    with pytest.raises(BackupError, match=r"revision later.*Use version 9\.1"):
        verify(tmp_path / "revision")


@pytest.mark.parametrize("content", [b"", b"PGDMP", b"\x1f\x8b", b"a text"])
def test_other_file_is_rejected(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content * 1000)

    with pytest.raises(BackupError, match="no backup of this service"):
        verify(tmp_path / "other")


def tables_with(backup_file: Path, name: str, content: bytes) -> dict[str, bytes | None]:
    """Return the change that adds a member, with its digest in the manifest."""
    with tarfile.open(backup_file) as tar:
        manifest = json.load(tar.extractfile(MANIFEST) or pytest.fail("no manifest"))
    digests = {name: sha256(content).hexdigest()} | manifest["digests"]
    table = {"name": Path(name).parent.name, "columns": [], "rows": 0}
    changes = {"digests": digests, "tables": [table, *manifest["tables"]]}
    return {name: content, MANIFEST: json.dumps(manifest | changes).encode()}


@pytest.mark.spec("BAK-021")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tables/pg_authid/000001.copy", b""),
        ("tables/nowhere/000001.copy", b""),
        ("../../PWNED", b"x"),
        ("notes.txt", b"x"),
    ],
)
def test_member_that_no_backup_has_is_rejected(backup_file: Path, tmp_path: Path, name: str, content: bytes) -> None:
    rewrite(backup_file, tmp_path / "other", tables_with(backup_file, name, content))

    with pytest.raises(BackupError, match="damaged"):
        verify(tmp_path / "other")


@pytest.mark.spec("BAK-021")
@pytest.mark.parametrize("secret", [b"abc", b"\xff\xfe", b""])
def test_invalid_secret_is_rejected(backup_file: Path, tmp_path: Path, secret: bytes) -> None:
    with tarfile.open(backup_file) as tar:
        manifest = json.load(tar.extractfile(MANIFEST) or pytest.fail("no manifest"))
    digests = manifest["digests"] | {SECRET: sha256(secret).hexdigest()}
    changes: dict[str, bytes | None] = {SECRET: secret, MANIFEST: json.dumps(manifest | {"digests": digests}).encode()}
    rewrite(backup_file, tmp_path / "other", changes)

    with pytest.raises(BackupError, match="damaged"):
        verify(tmp_path / "other")


@pytest.mark.spec("BAK-021")
def test_position_of_a_sequence_without_room_is_rejected(backup_file: Path, tmp_path: Path) -> None:
    identities = [{"table": "tasks", "column": "id", "last_value": 2**63 - 1}]
    rewrite(backup_file, tmp_path / "other", manifest_with(backup_file, identities=identities))

    with pytest.raises(BackupError, match="damaged"):
        verify(tmp_path / "other")


def as_sparse(header: bytearray) -> None:
    """Make a member sparse, with all its content in one segment (the old format of GNU tar)."""
    size = header[124:136]
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:410] = b"%011o\0" % 0 + size
    header[410:483] = b"\0" * 73
    header[483:495] = size


def as_unknown(header: bytearray) -> None:
    """Give a member a type that tar does not know."""
    header[156:157] = b"Z"


@pytest.mark.spec("BAK-021")
@pytest.mark.parametrize("change", [as_sparse, as_unknown])
@pytest.mark.parametrize("name", [SECRET, MANIFEST, "tables/tasks/000001.copy"])
def test_member_that_is_no_regular_file_is_rejected_although_its_content_is_right(
    backup_file: Path, tmp_path: Path, change: Callable[[bytearray], None], name: str
) -> None:
    content = bytearray(gzip.decompress(backup_file.read_bytes()))
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        start = tar.getmember(name).offset
    header = content[start : start + tarfile.BLOCKSIZE]
    change(header)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    content[start : start + tarfile.BLOCKSIZE] = header
    path = tmp_path / "changed"
    path.write_bytes(gzip.compress(content))

    with pytest.raises(BackupError, match="damaged"):
        verify(path)
