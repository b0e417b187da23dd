"""Makes a backup from one snapshot of the database, while the service runs."""

from datetime import datetime
from typing import BinaryIO

import asyncpg
from sqlalchemy import MetaData

from todo.core.database.driver_errors import translated_errors
from todo.core.database.hosts import open_connection
from todo.core.database.schema_status import SchemaStatus, fetch_with, read_schema_status
from todo.core.database.url import connect_arguments
from todo.core.progress import Progress
from todo.core.version import service_version
from todo.migrations import REVISIONS
from todo.models import Base
from todo.services.backups.archive import ArchiveWriter, write_archive
from todo.services.backups.errors import BackupError
from todo.services.backups.manifest import FORMAT, MANIFEST, SECRET, Manifest
from todo.services.backups.snapshot import copy_table, read_identities, read_snapshot

CONNECT_SECONDS = 10
LOCKED = "A table stayed locked for ten seconds, for example by a migration or a restore. Retry the backup later."


async def create_backup(
    url: str, output: BinaryIO, secret: str, passphrase: str | None, progress: Progress
) -> Manifest:
    """Write all tables and the secret to `output`, and return the manifest.

    Raises:
        BackupError: the database is not at the revision of this program, cannot be read, or a table stays locked.
        ServiceUnavailableError: the database cannot be reached.
        OSError: `output` cannot be written.
    """
    # The connection is used once, so prepared statements would have no use, and a pooler may not support them.
    arguments = {"timeout": CONNECT_SECONDS} | connect_arguments(url) | {"statement_cache_size": 0}
    with translated_errors():
        connection = await open_connection(**arguments)
    try:
        # Tables of another revision cannot be locked by their names.
        _require_head(await read_schema_status(fetch_with(connection)))
        async with read_snapshot(connection, Base.metadata) as created_at:
            _require_head(await read_schema_status(fetch_with(connection)))
            with write_archive(output, passphrase, created_at.timestamp()) as archive:
                return await write_members(
                    connection,
                    archive,
                    Base.metadata,
                    progress,
                    revision=REVISIONS[-1],
                    secret=secret,
                    created_at=created_at,
                )
    except asyncpg.LockNotAvailableError as error:
        raise BackupError(LOCKED) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise BackupError(f"The database cannot be read: {error}") from error
    finally:
        await connection.close()


async def write_members(
    connection: asyncpg.Connection,
    archive: ArchiveWriter,
    metadata: MetaData,
    progress: Progress,
    *,
    revision: str,
    secret: str,
    created_at: datetime,
) -> Manifest:
    """Write the secret, the tables and the manifest. Each foreign key refers to an earlier table."""
    archive.add(SECRET, f"{secret}\n".encode())
    tables = [await copy_table(connection, table, archive, progress) for table in metadata.sorted_tables]
    manifest = Manifest(
        format=FORMAT,
        service_version=service_version(),
        revision=revision,
        created_at=created_at,
        tables=tuple(tables),
        identities=await read_identities(connection, metadata),
        digests=archive.digests,
    )
    archive.add(MANIFEST, manifest.model_dump_json(indent=2).encode())
    return manifest


def _require_head(status: SchemaStatus) -> None:
    if status.problem is not None:
        raise BackupError(f"The database cannot be used: {status.problem}.")
    if status.pending:
        raise BackupError("The database lacks migrations. Run: todo migrate up")
    if status.current != REVISIONS[-1]:
        raise BackupError(
            f"The database is at revision {status.current}, which a newer version of this service applied. "
            "Use that version."
        )
