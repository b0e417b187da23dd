"""A restore brings back all rows, or changes nothing."""

import asyncio
import gzip
from pathlib import Path
from uuid import UUID

import pytest

from tests.models.rows import insert_task, insert_user
from tests.models.test_migrations import SELECT_DEFINITIONS, fetch_column
from tests.services.backups.support import (
    RESTORE_ID,
    back_up,
    connect,
    insert_rows,
    read_rows,
    restore,
    rewrite,
    verify,
    write_old_backup,
)
from tests.support import MakeDatabase
from todo.core.database import maintenance, migrator
from todo.core.progress import NoProgress
from todo.migrations import REVISIONS
from todo.services.backups.errors import BackupError
from todo.services.backups.restore import read_restore_id, restore_backup


async def read_epochs(url: str) -> list[UUID]:
    connection = await connect(url)
    try:
        return [row["epoch"] for row in await connection.fetch("SELECT epoch FROM deployment")]
    finally:
        await connection.close()


@pytest.mark.spec("BAK-001")
@pytest.mark.parametrize("is_migrated", [True, False])
async def test_restore_brings_back_every_row(
    make_database: MakeDatabase, source_url: str, backup_file: Path, is_migrated: bool
) -> None:
    url = await make_database(migrated=is_migrated)

    await restore(url, backup_file)

    assert await read_rows(url) == await read_rows(source_url)
    assert (await asyncio.to_thread(migrator.read_status, url)).pending == ()
    assert await read_restore_id(url) == RESTORE_ID


@pytest.mark.spec("SYN-010")
async def test_restore_renews_the_epoch(target_url: str, source_url: str, backup_file: Path) -> None:
    await restore(target_url, backup_file)

    [epoch] = await read_epochs(target_url)
    assert epoch not in await read_epochs(source_url)


@pytest.mark.spec("BAK-009")
async def test_ids_continue_after_the_last_id_of_the_backup(
    make_database: MakeDatabase, target_url: str, tmp_path: Path
) -> None:
    url, path = await make_database(), tmp_path / "todo.backup"
    source = await connect(url)
    ada = await insert_user(source, "ada@example.com")
    first, deleted = await insert_task(source, ada), await insert_task(source, ada)
    await source.execute("DELETE FROM tasks WHERE id = $1", deleted)
    await back_up(url, path)
    await source.close()

    await restore(target_url, path)

    target = await connect(target_url)
    assert await insert_task(target, ada) == deleted + 1 > first
    await target.close()


@pytest.mark.spec("BAK-010")
async def test_database_with_users_is_kept_unless_its_replacement_is_asked_for(
    make_database: MakeDatabase, source_url: str, backup_file: Path
) -> None:
    url = await make_database()
    connection = await connect(url)
    await insert_user(connection, "bob@example.com")
    await connection.close()
    before = await read_rows(url)

    with pytest.raises(BackupError, match="--replace"):
        await restore(url, backup_file)
    assert await read_rows(url) == before

    await restore(url, backup_file, replaces_data=True)
    assert await read_rows(url) == await read_rows(source_url)


@pytest.mark.spec("BAK-011")
@pytest.mark.parametrize("revision", REVISIONS[:-1])
async def test_older_backup_is_migrated(
    make_database: MakeDatabase, target_url: str, tmp_path: Path, revision: str
) -> None:
    url, path = await make_database(), tmp_path / "todo.backup"
    await insert_rows(url)
    await asyncio.to_thread(migrator.downgrade, url, revision)
    await write_old_backup(url, path, revision)
    await insert_rows(target_url)

    await restore(target_url, path, replaces_data=True)

    await asyncio.to_thread(migrator.upgrade, url)
    assert await read_rows(target_url) == await read_rows(url)
    assert await fetch_column(target_url, SELECT_DEFINITIONS) == await fetch_column(url, SELECT_DEFINITIONS)


@pytest.mark.spec("BAK-012")
@pytest.mark.parametrize("revision", [REVISIONS[-1], REVISIONS[0]])
async def test_failed_restore_leaves_rows_schema_and_sequences(
    make_database: MakeDatabase, backup_file: Path, tmp_path: Path, revision: str
) -> None:
    url = await make_database(migrated=False)
    await asyncio.to_thread(migrator.upgrade, url, REVISIONS[-1])
    await insert_rows(url)
    await asyncio.to_thread(migrator.downgrade, url, revision)
    before = await read_rows(url)
    # The rows of the links refer to the missing task.
    manifest = verify(backup_file).manifest
    rewrite(backup_file, tmp_path / "other", {"tables/tasks/000001.copy": None})

    with (tmp_path / "other").open("rb") as file, pytest.raises(BackupError, match="is unchanged"):
        await restore_backup(url, file, manifest, str, NoProgress(), replaces_data=True, restore_id=RESTORE_ID)

    assert await read_rows(url) == before
    assert (await asyncio.to_thread(migrator.read_status, url)).current == revision
    connection = await connect(url)
    assert await connection.fetchval("SELECT nextval(pg_get_serial_sequence('tasks', 'id'))") == 2
    await connection.close()


@pytest.mark.spec("BAK-012")
async def test_file_that_changes_after_its_verification_is_rejected(
    target_url: str, backup_file: Path, tmp_path: Path
) -> None:
    manifest = verify(backup_file).manifest
    with gzip.open(backup_file) as file, gzip.open(tmp_path / "changed", "wb") as changed:
        changed.write(file.read().replace(b"ada@example.com", b"eve@example.com"))

    with (tmp_path / "changed").open("rb") as file, pytest.raises(BackupError, match="damaged"):
        await restore_backup(target_url, file, manifest, str, NoProgress(), replaces_data=False, restore_id=RESTORE_ID)

    assert set(map(len, (await read_rows(target_url)).values())) == {0}


@pytest.mark.spec("BAK-013")
async def test_restore_beside_a_transaction_that_uses_a_table_ends_with_an_error(
    target_url: str, backup_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "LOCK_TIMEOUT", "50ms")
    other = await connect(target_url)
    async with other.transaction():
        await other.execute("LOCK TABLE tags IN ACCESS SHARE MODE")

        with pytest.raises(BackupError, match="database is in use"):
            await restore(target_url, backup_file)

    await other.close()


@pytest.mark.spec("BAK-008")
async def test_database_of_a_newer_program_is_kept(target_url: str, backup_file: Path) -> None:
    connection = await connect(target_url)
    await connection.execute("UPDATE alembic_version SET version_num = 'later'")
    await connection.close()

    with pytest.raises(BackupError, match="newer version"):
        await restore(target_url, backup_file, replaces_data=True)


async def test_database_of_another_application_is_kept(make_database: MakeDatabase, backup_file: Path) -> None:
    url = await make_database(migrated=False)
    connection = await connect(url)
    await connection.execute("CREATE TABLE users (id int)")
    await connection.close()

    with pytest.raises(BackupError, match="no migration of this service created"):
        await restore(url, backup_file, replaces_data=True)
