"""A backup has all tables at one instant."""

import asyncio
import hashlib
import json
import tarfile
from pathlib import Path

import asyncpg
import pytest

from tests.models.rows import insert_task, insert_user
from tests.services.backups.support import back_up, connect, read_rows, restore, verify
from tests.support import SECRET, MakeDatabase
from todo.core.database import migrator
from todo.core.progress import NoProgress
from todo.migrations import REVISIONS
from todo.models import Base
from todo.services.backups import snapshot
from todo.services.backups.archive import write_archive
from todo.services.backups.create import write_members
from todo.services.backups.errors import BackupError
from todo.services.backups.manifest import MANIFEST
from todo.services.backups.manifest import SECRET as SECRET_MEMBER
from todo.services.backups.snapshot import read_snapshot


@pytest.mark.spec("BAK-001")
async def test_backup_has_every_table_of_the_database_and_the_secret(source_url: str, backup_file: Path) -> None:
    rows = await read_rows(source_url)

    backup = verify(backup_file)

    numbers = {name: len(rows[name]) for name in rows} | {"deployment": 1}
    assert {table.name: table.rows for table in backup.manifest.tables} == numbers
    assert backup.secret == SECRET


@pytest.mark.spec("BAK-005")
def test_backup_is_a_tar_file_with_a_manifest(backup_file: Path) -> None:
    with tarfile.open(backup_file, "r:gz") as tar:
        contents = {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]  # files
        modes = {entry.mode for entry in tar}

    manifest = json.loads(contents[MANIFEST])

    assert manifest["format"] == 1
    assert manifest["revision"] == REVISIONS[-1]
    assert manifest["service_version"]
    assert manifest["digests"] == {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items() if name != MANIFEST
    }
    assert b"ada@example.com" in contents["tables/users/000001.copy"]
    assert contents[SECRET_MEMBER].decode().strip() == SECRET
    assert modes == {0o600}


@pytest.mark.spec("BAK-002")
async def test_backup_shows_one_instant_while_rows_are_written(
    make_database: MakeDatabase, target_url: str, tmp_path: Path
) -> None:
    url, path = await make_database(), tmp_path / "todo.backup"
    reader, writer = await connect(url), await connect(url)
    ada = await insert_user(writer, "ada@example.com")
    await insert_task(writer, ada, "before")

    async with read_snapshot(reader, Base.metadata) as created_at:
        before = await read_rows(url)
        await insert_task(writer, ada, "afterwards")
        await writer.execute("UPDATE users SET name = 'Ada'")
        with path.open("wb") as output, write_archive(output, None, 0) as archive:
            await write_members(
                reader,
                archive,
                Base.metadata,
                NoProgress(),
                revision=REVISIONS[-1],
                secret=SECRET,
                created_at=created_at,
            )
    await reader.close()
    await writer.close()
    await restore(target_url, path)

    assert await read_rows(target_url) == before
    assert len(before["tasks"]) == 1


@pytest.mark.spec("BAK-002")
async def test_tables_cannot_be_emptied_or_migrated_during_a_backup(target_url: str) -> None:
    reader, other = await connect(target_url), await connect(target_url)
    await other.execute("SET lock_timeout = '50ms'")

    async with read_snapshot(reader, Base.metadata):
        for statement in ("TRUNCATE users CASCADE", "ALTER TABLE tags ADD COLUMN icon text"):
            with pytest.raises(asyncpg.LockNotAvailableError):
                await other.execute(statement)

    await reader.close()
    await other.close()


async def test_backup_of_a_locked_table_ends_with_an_error(
    target_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "LOCK_TIMEOUT", "50ms")
    other = await connect(target_url)
    async with other.transaction():
        await other.execute("LOCK TABLE tags")

        with pytest.raises(BackupError, match="stayed locked"):
            await back_up(target_url, tmp_path / "todo.backup")

    await other.close()


@pytest.mark.spec("BAK-006")
async def test_backup_at_another_revision_is_rejected(make_database: MakeDatabase, tmp_path: Path) -> None:
    url = await make_database(migrated=False)
    await asyncio.to_thread(migrator.upgrade, url, REVISIONS[-2])

    with pytest.raises(BackupError, match="todo migrate up"):
        await back_up(url, tmp_path / "todo.backup")

    await asyncio.to_thread(migrator.upgrade, url)
    connection = await connect(url)
    await connection.execute("UPDATE alembic_version SET version_num = 'later'")
    await connection.close()
    with pytest.raises(BackupError, match="newer version"):
        await back_up(url, tmp_path / "todo.backup")


async def test_timeouts_of_the_role_do_not_apply_to_a_backup(make_database: MakeDatabase) -> None:
    url = await make_database()
    connection = await connect(url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET statement_timeout = '200ms'")
    await connection.close()
    reader = await connect(url)

    async with read_snapshot(reader, Base.metadata):
        assert await reader.fetchval("SELECT current_setting('statement_timeout') FROM pg_sleep(0.3)") == "0"

    await reader.close()
