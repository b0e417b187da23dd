"""Functions that make, restore and compare backups."""

import asyncio
import tarfile
from pathlib import Path

import asyncpg
from sqlalchemy import MetaData

from tests.models.rows import (
    ADD_TAG,
    INSERT_FACTOR,
    INSERT_INVITATION,
    INSERT_KEY,
    INSERT_LOGIN_SESSION,
    INSERT_MAIL,
    INSERT_RECOVERY_CODE,
    INSERT_RESET,
    INSERT_RESET_REQUEST,
    INSERT_SEARCH,
    INSERT_TOKEN,
    insert_tag,
    insert_task,
    insert_user,
)
from tests.support import SECRET
from todo.core.database.migrator import make_engine
from todo.core.database.url import connect_arguments
from todo.core.progress import NoProgress
from todo.services.backups.archive import write_archive
from todo.services.backups.create import create_backup, write_members
from todo.services.backups.manifest import Manifest
from todo.services.backups.restore import restore_backup
from todo.services.backups.snapshot import read_snapshot
from todo.services.backups.verify import VerifiedBackup, verify_backup

SELECT_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
RESTORE_ID = "5eed"
TITLE = "Water\tthe \\N plants\r\n\u2028 Zürich 🌱"
"""Has the characters that COPY escapes."""


async def connect(url: str) -> asyncpg.Connection:
    """Open a connection."""
    return await asyncpg.connect(**connect_arguments(url))


async def insert_rows(url: str) -> None:
    """Insert a row into each table."""
    connection = await connect(url)
    user_id = await insert_user(connection, "ada@example.com")
    task_id, tag_id = await insert_task(connection, user_id, TITLE), await insert_tag(connection, user_id)
    await connection.execute(INSERT_SEARCH, user_id, task_id)
    await connection.execute(ADD_TAG, user_id, task_id, tag_id)
    await connection.execute(INSERT_LOGIN_SESSION, user_id)
    await connection.execute(INSERT_TOKEN, user_id, b"\x00\xff\n", ["tasks:read"])
    await connection.execute(INSERT_KEY, user_id, "a key")
    await connection.execute(INSERT_MAIL, user_id, "password_reset")
    for statement in (INSERT_RESET, INSERT_FACTOR, INSERT_RECOVERY_CODE):
        await connection.execute(statement, user_id)
    for statement in (INSERT_RESET_REQUEST, INSERT_INVITATION):
        await connection.execute(statement)
    await connection.execute("UPDATE tasks SET due_date = 'infinity', updated_at = '2026-11-27 10:00:00.000001+05:30'")
    await connection.close()


async def read_rows(url: str) -> dict[str, list[str]]:
    """Return the rows of all tables as text, except the epoch, which each restore renews."""
    connection = await connect(url)
    try:
        return {
            name: sorted(row[0] for row in await connection.fetch(f"SELECT t::text FROM {name} AS t"))
            for (name,) in await connection.fetch(SELECT_TABLES)
            if name != "deployment"
        }
    finally:
        await connection.close()


async def back_up(url: str, path: Path, passphrase: str | None = None) -> Manifest:
    """Write a backup of a database to a file."""
    with path.open("wb") as output:
        return await create_backup(url, output, SECRET, passphrase, NoProgress())


async def write_old_backup(url: str, path: Path, revision: str) -> None:
    """Write a backup of a database at an older revision, as the program of that revision would."""
    metadata, engine = MetaData(), make_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(metadata.reflect)
    await engine.dispose()
    metadata.remove(metadata.tables["alembic_version"])
    driver = await connect(url)
    with path.open("wb") as output, write_archive(output, None, 0) as archive:
        async with read_snapshot(driver, metadata) as created_at:
            await write_members(
                driver, archive, metadata, NoProgress(), revision=revision, secret=SECRET, created_at=created_at
            )
    await driver.close()


def verify(path: Path, passphrase: str = "") -> VerifiedBackup:
    """Verify a backup file."""
    with path.open("rb") as file:
        return verify_backup(file, lambda: passphrase)


async def restore(url: str, path: Path, *, replaces_data: bool = False, passphrase: str = "") -> None:
    """Verify a backup file and restore it."""
    backup = await asyncio.to_thread(verify, path, passphrase)
    with path.open("rb") as file:
        await restore_backup(
            url,
            file,
            backup.manifest,
            lambda: passphrase,
            NoProgress(),
            replaces_data=replaces_data,
            restore_id=RESTORE_ID,
        )


def rewrite(source: Path, target: Path, changes: dict[str, bytes | None]) -> None:
    """Copy a backup file with other contents of some members. None removes a member, and new members come first."""
    with tarfile.open(source) as old, target.open("wb") as output, write_archive(output, None, 0) as new:
        for name, content in changes.items():
            if content is not None and name not in old.getnames():
                new.add(name, content)
        for name in old.getnames():
            member = old.extractfile(name)
            assert member is not None
            changed = changes.get(name, member.read())
            if changed is not None:
                new.add(name, changed)
