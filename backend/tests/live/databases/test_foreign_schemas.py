"""Databases whose tables belong to another application or another version."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.live.conftest import run_todo
from tests.live.databases.conftest import CreateDatabase
from tests.support import SECRET, MakeApp, MakeDatabase, assert_error, make_client, wait_for_lock_waiters
from todo.core.database import migrator
from todo.core.database.url import connect_arguments
from todo.migrations import REVISIONS

READY = "https://todo.test/ready"
BEFORE_FOLDED_TEXT = "5b90d2f7a6c3"
"""The revision before the migration that rewrites all tasks."""
ALEMBIC_VERSION = "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL); INSERT INTO alembic_version VALUES "
UNKNOWN_REVISION = ALEMBIC_VERSION + "('a1b2c3d4e5f6')"
FOREIGN = [
    pytest.param(UNKNOWN_REVISION, "of another application", id="unknown revision"),
    pytest.param(
        UNKNOWN_REVISION + "; CREATE TABLE users (id int)",
        "of another application",
        id="unknown revision and one table of the same name",
    ),
    pytest.param(ALEMBIC_VERSION + "('a1b2'), ('c3d4')", "of another application", id="several revisions"),
    pytest.param("CREATE TABLE tags (id int)", "a table tags that no migration", id="table without a revision"),
    pytest.param(
        ALEMBIC_VERSION + f"('{REVISIONS[-1]}')", "it lacks the table users", id="our revision without tables"
    ),
]


async def execute(url: str, statement: str) -> None:
    """Run statements on a database."""
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute(statement)
    await connection.close()


async def read_revision(url: str) -> str:
    """Return the revision of a database."""
    connection = await asyncpg.connect(**connect_arguments(url))
    revision: str = await connection.fetchval("SELECT version_num FROM alembic_version")
    await connection.close()
    return revision


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize(("statements", "reason"), FOREIGN)
async def test_migration_of_a_foreign_database_is_refused(
    create_database: CreateDatabase, tmp_path: Path, statements: str, reason: str
) -> None:
    url = await create_database("ENCODING 'UTF8'")
    await execute(url, statements)

    result = run_todo("migrate", "status", cwd=tmp_path, DATABASE_URL=url)

    assert result.returncode == 1
    assert reason in result.stderr
    assert "pending: nothing" not in result.stdout


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize("command", [("migrate", "up"), ("migrate", "down"), ("serve",)], ids=" ".join)
async def test_commands_refuse_a_foreign_database(
    create_database: CreateDatabase, tmp_path: Path, command: tuple[str, ...]
) -> None:
    url = await create_database("ENCODING 'UTF8'")
    await execute(url, UNKNOWN_REVISION)

    result = run_todo(*command, cwd=tmp_path, DATABASE_URL=url, JWT_SECRET_KEY=SECRET)

    assert result.returncode == 1
    assert "Use a database of its own for this service." in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.spec("OPS-003")
@pytest.mark.parametrize(("statements", "reason"), FOREIGN)
async def test_foreign_database_is_not_ready(
    create_database: CreateDatabase,
    make_app: MakeApp,
    caplog: pytest.LogCaptureFixture,
    statements: str,
    reason: str,
) -> None:
    url = await create_database("ENCODING 'UTF8'")
    await execute(url, statements)

    response = await make_client(await make_app(url)).get(READY)

    assert_error(response, 503, "DATABASE_UNSUPPORTED")
    assert reason in caplog.text


@pytest.mark.spec("OPS-004")
async def test_database_of_a_newer_version_is_ready_and_not_migrated(
    make_app: MakeApp, make_database: MakeDatabase, tmp_path: Path
) -> None:
    url = await make_database()
    await execute(url, "UPDATE alembic_version SET version_num = 'later'")

    response = await make_client(await make_app(url)).get(READY)
    result = run_todo("migrate", "up", cwd=tmp_path, DATABASE_URL=url)

    assert response.status_code == 200
    assert result.returncode == 1
    assert "at revision later, which a newer version of this service applied" in result.stderr


@pytest.mark.spec("OPS-005")
async def test_database_with_a_trigram_index_and_extension_upgrades(
    create_database: CreateDatabase, tmp_path: Path
) -> None:
    url = await create_database("ENCODING 'UTF8'")
    assert run_todo("migrate", "up", "5b90d2f7a6c3", cwd=tmp_path, DATABASE_URL=url).returncode == 0
    await execute(
        url,
        "CREATE SCHEMA extensions; CREATE EXTENSION pg_trgm SCHEMA extensions; "
        "CREATE INDEX idx_tasks_search ON tasks USING gin (search_text extensions.gin_trgm_ops)",
    )

    result = run_todo("migrate", "up", cwd=tmp_path, DATABASE_URL=url)

    assert result.returncode == 0, result.stderr
    await asyncio.to_thread(migrator.check, url)


@pytest.mark.spec("OPS-006")
async def test_migration_of_a_table_in_use_says_so(make_database: MakeDatabase, tmp_path: Path) -> None:
    url = await make_database()
    user = await asyncpg.connect(**connect_arguments(url))
    async with user.transaction():
        await user.execute("LOCK TABLE tasks IN ACCESS SHARE MODE")

        result = await asyncio.to_thread(
            run_todo, "migrate", "down", BEFORE_FOLDED_TEXT, cwd=tmp_path, DATABASE_URL=url
        )

    await user.close()
    assert result.returncode == 1
    assert "the database is in use" in result.stderr
    assert await read_revision(url) == REVISIONS[-1]


@pytest.mark.spec("OPS-006")
@pytest.mark.parametrize("setting", ["statement_timeout", "lock_timeout"])
async def test_short_timeouts_of_a_database_do_not_end_a_migration(
    make_database: MakeDatabase, admin: asyncpg.Connection, tmp_path: Path, setting: str
) -> None:
    url = await make_database()
    await admin.execute(f"ALTER DATABASE {make_url(url).database} SET {setting} = '100ms'")
    user, watcher = [await asyncpg.connect(**connect_arguments(url)) for _ in range(2)]
    async with user.transaction():
        await user.execute("LOCK TABLE tasks IN ACCESS SHARE MODE")
        migration = asyncio.create_task(
            asyncio.to_thread(run_todo, "migrate", "down", BEFORE_FOLDED_TEXT, cwd=tmp_path, DATABASE_URL=url)
        )
        await wait_for_lock_waiters(watcher)
        await asyncio.sleep(0.3)
    await user.close()
    await watcher.close()

    result = await migration

    assert result.returncode == 0, result.stderr


@pytest.mark.spec("OPS-007")
async def test_empty_database_causes_no_error_in_the_log_of_postgresql(tmp_path: Path) -> None:
    result = run_todo("migrate", "up", cwd=tmp_path, DATA_DIR=str(tmp_path / "data"))

    assert result.returncode == 0
    assert "ERROR" not in (tmp_path / "data" / "postgres.log").read_text()


@pytest.mark.spec("OPS-007")
async def test_readiness_of_an_empty_database_sends_no_failing_statement(
    create_database: CreateDatabase, make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    response = await make_client(await make_app(await create_database("ENCODING 'UTF8'"))).get(READY)

    assert_error(response, 503, "MIGRATIONS_PENDING")
    assert "does not exist" not in caplog.text
