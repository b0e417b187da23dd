"""The rows of all tables at one instant, as text for COPY."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import Column, MetaData, Table, func, select

from todo.core.database.maintenance import LOCK_TIMEOUT, TIMEOUTS
from todo.core.progress import Progress
from todo.services.backups.archive import ArchiveWriter
from todo.services.backups.manifest import IdentityEntry, TableEntry, part_name
from todo.services.backups.members import PART_BYTES

TEXT_FORMAT = "SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'"
"""The settings on which the text of values depends."""
SELECT_TIMEOUTS = "SELECT name FROM pg_settings WHERE name = ANY ($1)"
SELECT_LAST_VALUE = "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence($1, $2) AS regclass))"
ROW_END = b"\n"
"""Ends each row. A line feed in a value is written as `\\n`."""


@contextlib.asynccontextmanager
async def read_snapshot(connection: asyncpg.Connection, metadata: MetaData) -> AsyncIterator[datetime]:
    """Hold one snapshot of the database for the length of a block, and yield its instant.

    Raises:
        LockNotAvailableError: a table stays locked.
    """
    timeouts = [row["name"] for row in await connection.fetch(SELECT_TIMEOUTS, TIMEOUTS)]
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # A migration or TRUNCATE after the snapshot would show empty tables. The locks prevent both, and none of these
        # statements takes the snapshot before the tables are locked.
        for name in timeouts:
            await connection.execute(f"SET LOCAL {name} = 0")
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        await connection.execute(TEXT_FORMAT)
        await connection.execute(f"LOCK TABLE {tables} IN ACCESS SHARE MODE")
        yield await connection.fetchval("SELECT clock_timestamp()")


async def copy_table(
    connection: asyncpg.Connection, table: Table, archive: ArchiveWriter, progress: Progress
) -> TableEntry:
    """Write all rows of a table, and return its entry in the manifest."""
    columns = tuple(column.name for column in table.columns if column.computed is None)
    progress.begin(table.name, await connection.fetchval(str(select(func.count()).select_from(table))))
    rows = _RowsWriter(archive, table.name, progress)
    await connection.copy_from_table(table.name, columns=columns, output=rows.write, format="text")
    rows.finish()
    return TableEntry(name=table.name, columns=columns, rows=rows.count)


async def read_identities(connection: asyncpg.Connection, metadata: MetaData) -> tuple[IdentityEntry, ...]:
    """Return the positions of all sequences, at or after those of the snapshot."""
    return tuple(
        [
            IdentityEntry(
                table=table.name,
                column=column.name,
                last_value=await connection.fetchval(SELECT_LAST_VALUE, table.name, column.name),
            )
            for table, column in _identity_columns(metadata)
        ]
    )


def _identity_columns(metadata: MetaData) -> Iterator[tuple[Table, Column[Any]]]:
    for table in metadata.sorted_tables:
        yield from ((table, column) for column in table.columns if column.identity is not None)


class _RowsWriter:
    """Stores the rows of a table as members that end with a row."""

    def __init__(self, archive: ArchiveWriter, table: str, progress: Progress) -> None:
        self._archive = archive
        self._table = table
        self._progress = progress
        self._buffer = bytearray()
        self._parts = 0
        self.count = 0
        """The number of rows so far."""

    async def write(self, data: bytes) -> None:
        """Store the data, now or with the rest of its part."""
        rows = data.count(ROW_END)
        self.count += rows
        self._progress.advance(rows)
        self._buffer += data
        if len(self._buffer) >= PART_BYTES:
            self._store(self._buffer.rfind(ROW_END) + 1)

    def finish(self) -> None:
        """Store the last part."""
        self._store(len(self._buffer))

    def _store(self, size: int) -> None:
        if size:
            self._parts += 1
            self._archive.add(part_name(self._table, self._parts), bytes(self._buffer[:size]))
            del self._buffer[:size]
