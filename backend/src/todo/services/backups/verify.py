"""Verifies a backup file completely, without a database."""

from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO

from pydantic import BaseModel, ValidationError

from todo.core.setting_values import JWT_SECRET
from todo.migrations import REVISIONS
from todo.models import Base
from todo.services.backups.archive import DAMAGED, AskPassphrase, Member, read_archive
from todo.services.backups.errors import BackupError
from todo.services.backups.manifest import FORMAT, MANIFEST, SECRET, Manifest, table_of
from todo.services.backups.snapshot import ROW_END

SMALL_MAX = 64 * 2**20
"""The largest manifest, in bytes. It has about 100 bytes for each MiB of rows."""


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
        if member.name in (MANIFEST, SECRET):
            contents[member.name] = _read_small(member)
        elif table is None or table not in Base.metadata.tables:
            raise BackupError(DAMAGED)
        else:
            rows[table] += _count_rows(member)
        digests[member.name] = member.digest
    manifest = _read_manifest(contents.get(MANIFEST, b""))
    del digests[MANIFEST]
    secret = contents.get(SECRET, b"").decode(errors="replace").strip()
    is_complete = list(digests.items()) == list(manifest.digests.items()) and JWT_SECRET.fullmatch(secret)
    if not is_complete or +rows != +Counter({table.name: table.rows for table in manifest.tables}):
        raise BackupError(DAMAGED)
    return VerifiedBackup(manifest, secret)


def _read_small(member: Member) -> bytes:
    content = b""
    for chunk in member.chunks():
        content += chunk
        if len(content) > SMALL_MAX:
            raise BackupError(DAMAGED)
    return content


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
