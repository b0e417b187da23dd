"""Verifies a backup file completely, without a database."""

from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO

from pydantic import BaseModel, ValidationError

from todo.migrations import REVISIONS
from todo.services.backups.archive import DAMAGED, AskPassphrase, Member, read_archive
from todo.services.backups.errors import BackupError
from todo.services.backups.manifest import FORMAT, MANIFEST, SECRET, Manifest, table_of
from todo.services.backups.snapshot import ROW_END


@dataclass(frozen=True)
class VerifiedBackup:
    """The manifest of a complete and undamaged backup, and its secret."""

    manifest: Manifest
    secret: str


class _AnyManifest(BaseModel):
    """The part of a manifest that all versions of the format have."""

    format: int
    service_version: str


def verify_backup(file: BinaryIO, ask_passphrase: AskPassphrase) -> VerifiedBackup:
    """Read the whole file and compare it with its manifest.

    Raises:
        BackupError: the file is damaged or incomplete, a newer version of the service wrote it, or the passphrase is
            wrong.
    """
    digests: dict[str, str] = {}
    rows: Counter[str] = Counter()
    contents: dict[str, bytes] = {}
    for member in read_archive(file, ask_passphrase):
        table = table_of(member.name)
        if table is None:
            contents[member.name] = b"".join(member.chunks())
        else:
            rows[table] += _count_rows(member)
        digests[member.name] = member.digest
    manifest = _read_manifest(contents.get(MANIFEST, b""))
    del digests[MANIFEST]
    is_complete = list(digests.items()) == list(manifest.digests.items()) and SECRET in contents
    if not is_complete or any(rows[table.name] != table.rows for table in manifest.tables):
        raise BackupError(DAMAGED)
    return VerifiedBackup(manifest, contents[SECRET].decode().strip())


def _count_rows(member: Member) -> int:
    return sum(chunk.count(ROW_END) for chunk in member.chunks())


def _read_manifest(content: bytes) -> Manifest:
    try:
        header = _AnyManifest.model_validate_json(content)
        if header.format > FORMAT:
            raise BackupError(
                f"The backup has format {header.format}, and this program reads formats up to {FORMAT}. "
                f"Use version {header.service_version} of this service or a later one."
            )
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BackupError(DAMAGED) from error
    if manifest.revision not in REVISIONS:
        raise BackupError(
            f"The backup is at revision {manifest.revision}, which this program does not know. "
            f"Use version {manifest.service_version} of this service or a later one."
        )
    return manifest
