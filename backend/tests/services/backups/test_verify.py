"""A damaged, incomplete or unknown file is rejected before the database is touched."""

import json
import random
import tarfile
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
def test_file_with_a_changed_bit_is_rejected(backup_file: Path, tmp_path: Path) -> None:
    content, changed = bytearray(backup_file.read_bytes()), tmp_path / "changed"

    for position in random.sample(range(10, len(content)), 40):
        content[position] ^= 1
        changed.write_bytes(content)
        with pytest.raises(BackupError):
            verify(changed)
        content[position] ^= 1


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
