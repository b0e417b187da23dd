"""Replaces the contents of a database with those of a backup, in one transaction."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

import asyncpg
from sqlalchemy.exc import DBAPIError

from todo.core.database.driver_errors import CONNECTION_LOST, translated_errors
from todo.core.database.hosts import open_connection
from todo.core.database.maintenance import IN_USE, prepare_maintenance
from todo.core.database.migrator import downgrade_within, make_engine, upgrade_within
from todo.core.database.schema_status import SchemaStatus, fetch_with, read_schema_status
from todo.core.database.url import connect_arguments
from todo.core.progress import Progress
from todo.migrations import REVISIONS
from todo.models import Base
from todo.services.backups.archive import DAMAGED, AskPassphrase, Member, read_archive
from todo.services.backups.errors import BackupError
from todo.services.backups.manifest import Manifest, table_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

RESTORE_PREFIX = "restore "
SELECT_PRESENT = "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL"
SELECT_HAS_USERS = "SELECT EXISTS (SELECT FROM users)"
SET_LAST_VALUE = "SELECT setval(CAST(pg_get_serial_sequence($1, $2) AS regclass), $3)"
SELECT_COMMENT = "SELECT obj_description(to_regclass('alembic_version'), 'pg_class')"
NOT_EMPTY = "The database has users. Add --replace to delete all its data and restore the backup."
CONNECTION_WAS_LOST = "The connection to the database was lost. Restore the backup again."
RENEW_EPOCH = "DELETE FROM deployment; INSERT INTO deployment (epoch) VALUES (gen_random_uuid())"
LOCKED = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


async def restore_backup(
    url: str,
    file: BinaryIO,
    manifest: Manifest,
    ask_passphrase: AskPassphrase,
    progress: Progress,
    *,
    replaces_data: bool,
    restore_id: str,
) -> None:
    """Replace all rows with those of a verified backup, and apply the migrations that it lacks.

    All steps are one transaction. An interruption at any moment leaves the database as it was.

    Args:
        url: the database. It is empty, or has tables of this service.
        file: the backup.
        manifest: the manifest of the backup.
        ask_passphrase: is called if the file is encrypted.
        progress: shows the tables.
        replaces_data: False rejects a database with users.
        restore_id: is stored in the database. `read_restore_id` returns it after the commit.

    Raises:
        BackupError: the database has users, is in use or belongs to another program, or the file has changed.
        MigrationError: a migration failed.
    """
    engine = make_engine(url)
    try:
        with _translated_errors():
            async with engine.connect() as connection:
                await connection.run_sync(prepare_maintenance)
                driver = (await connection.get_raw_connection()).driver_connection
                assert isinstance(driver, asyncpg.Connection)
                await _empty_tables(connection, driver, manifest.revision, replaces_data=replaces_data)
                await _copy_tables(driver, file, manifest, ask_passphrase, progress)
                await _set_sequences(driver, manifest)
                await connection.run_sync(partial(upgrade_within, revision=REVISIONS[-1], progress=progress))
                # With another epoch, all sync tokens from before the restore are rejected.
                await driver.execute(RENEW_EPOCH)
                await _analyze(driver)
                await driver.execute(f"COMMENT ON TABLE alembic_version IS '{RESTORE_PREFIX}{restore_id}'")
                await connection.commit()
    finally:
        await engine.dispose()


async def read_restore_id(url: str) -> str | None:
    """Return the id of the last restore of a database, or None if there was none.

    Raises:
        ServiceUnavailableError: the database cannot be used.
    """
    with translated_errors():
        connection = await open_connection(**connect_arguments(url) | {"statement_cache_size": 0})
        try:
            comment: str = await connection.fetchval(SELECT_COMMENT) or ""
        finally:
            await connection.close()
    return comment.removeprefix(RESTORE_PREFIX) if comment.startswith(RESTORE_PREFIX) else None


async def _empty_tables(
    connection: "AsyncConnection", driver: asyncpg.Connection, revision: str, *, replaces_data: bool
) -> None:
    """Delete all rows, and create the tables of a revision."""
    status = await read_schema_status(fetch_with(driver))
    _reject_unusable(status)
    if status.current is not None:
        rows = await driver.fetch(SELECT_PRESENT, [table.name for table in Base.metadata.sorted_tables])
        # No service can write between this lock and the commit. TRUNCATE also sets back the sequences.
        await driver.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        if not replaces_data and await driver.fetchval(SELECT_HAS_USERS):
            raise BackupError(NOT_EMPTY)
        await driver.execute(f"TRUNCATE {', '.join(row['name'] for row in rows)} RESTART IDENTITY")
    if status.current != revision:
        # The migrations run on empty tables, so each takes milliseconds.
        if status.current is not None:
            await connection.run_sync(partial(downgrade_within, revision="base"))
        await connection.run_sync(partial(upgrade_within, revision=revision))


def _reject_unusable(status: SchemaStatus) -> None:
    if status.problem is not None:
        raise BackupError(f"The database cannot be used: {status.problem}.")
    if status.current is not None and status.current not in REVISIONS:
        raise BackupError(
            f"The database is at revision {status.current}, which a newer version of this service applied. "
            "Use that version."
        )


async def _copy_tables(
    driver: asyncpg.Connection,
    file: BinaryIO,
    manifest: Manifest,
    ask_passphrase: AskPassphrase,
    progress: Progress,
) -> None:
    tables = {table.name: table for table in manifest.tables}
    current = None
    for member in read_archive(file, ask_passphrase):
        name = table_of(member.name)
        if name is None:
            for _ in member.chunks():
                pass
            continue
        table = tables[name]
        if name != current:
            progress.begin(name, table.rows)
            current = name
        status = await driver.copy_to_table(name, source=_read(member), columns=table.columns, format="text")
        progress.advance(int(status.split()[-1]))
        if member.digest != manifest.digests[member.name]:
            raise BackupError(DAMAGED)


async def _read(member: Member) -> AsyncIterator[bytes]:
    for chunk in member.chunks():
        yield chunk


async def _set_sequences(driver: asyncpg.Connection, manifest: Manifest) -> None:
    """Continue each sequence after its last id."""
    for identity in manifest.identities:
        if identity.last_value is not None:
            await driver.fetchval(SET_LAST_VALUE, identity.table, identity.column, identity.last_value)


async def _analyze(driver: asyncpg.Connection) -> None:
    """Collect the statistics of the tables, which are new for PostgreSQL."""
    await driver.execute(f"ANALYZE {', '.join(table.name for table in Base.metadata.sorted_tables)}")


@contextlib.contextmanager
def _translated_errors() -> Iterator[None]:
    """Raise a BackupError for an error of the database."""
    try:
        yield
    except (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        cause: Any = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
        if isinstance(cause, CONNECTION_LOST):
            raise BackupError(CONNECTION_WAS_LOST) from error
        if isinstance(cause, LOCKED):
            raise BackupError(f"{IN_USE[0].upper()}{IN_USE[1:]}.") from error
        raise BackupError(f"The database rejected the restore and is unchanged: {cause}") from error
