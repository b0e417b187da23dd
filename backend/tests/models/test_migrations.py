"""Migrations: upgrades, downgrades, and the schema that they create."""

import asyncio
import re
import sys
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.models.rows import TABLES
from tests.support import COUNT_WAITING, MakeDatabase
from todo.core.database import migrator
from todo.core.database.url import connect_arguments
from todo.models import Base

ALEMBIC_OBJECTS = {"alembic_version", "alembic_version_pkc"}
MIGRATION_NAME = re.compile(r"[0-9]{8}_[0-9]{6}_[a-z0-9]+(_[a-z0-9]+)*\.py")

SELECT_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
SELECT_OBJECTS = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
UNION ALL SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'
"""
SELECT_DEFINITIONS = """
SELECT format('%s.%s %s, not null %s, default %s, identity %s', table_name, column_name, udt_name
              || coalesce('(' || character_maximum_length || ')', ''), is_nullable = 'NO', column_default,
              identity_generation)
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
UNION ALL
SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
UNION ALL
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""
SELECT_TASKS_OF_A_USER = """
SELECT round(-1 / n_distinct)::text FROM pg_stats WHERE tablename = 'tasks' AND attname = 'user_id'
"""

UPGRADE = "import sys; from todo.core.database import migrator; migrator.upgrade(sys.argv[1])"
"""For a separate process, because Alembic migrates one database at a time in each process."""
REFRESH_ACTIVITY = "SELECT pg_stat_clear_snapshot(), pg_sleep(0.02)"
"""Drops the snapshot of pg_stat_activity that a transaction keeps, and sleeps to spare the processor."""


async def fetch_column(url: str, query: str) -> list[str]:
    """Return the first column of the rows, sorted."""
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        return sorted(row[0] for row in await connection.fetch(query))
    finally:
        await connection.close()


def alembic_config(url: str) -> Config:
    """Return the configuration for commands of Alembic on a database."""
    config = Config()
    config.set_main_option("script_location", migrator.SCRIPTS)
    config.attributes["url"] = url
    return config


@pytest.mark.spec("DB-001")
async def test_upgrade_creates_every_table(make_database: MakeDatabase) -> None:
    url = await make_database(migrated=False)

    await asyncio.to_thread(migrator.upgrade, url)

    assert set(await fetch_column(url, SELECT_TABLES)) >= TABLES


async def test_upgrade_of_a_current_database_changes_nothing(migrated_url: str) -> None:
    definitions = await fetch_column(migrated_url, SELECT_DEFINITIONS)

    await asyncio.to_thread(migrator.upgrade, migrated_url)

    assert await fetch_column(migrated_url, SELECT_DEFINITIONS) == definitions


async def test_concurrent_upgrades_succeed(make_database: MakeDatabase) -> None:
    url = await make_database(migrated=False)
    connection = await asyncpg.connect(**connect_arguments(url))
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("CREATE TABLE alembic_version ()")
    upgrades = [await asyncio.create_subprocess_exec(sys.executable, "-c", UPGRADE, url) for _ in range(2)]
    async with asyncio.timeout(20):
        while await connection.fetchval(COUNT_WAITING) < len(upgrades):
            await connection.execute(REFRESH_ACTIVITY)

    await transaction.rollback()

    assert [await upgrade.wait() for upgrade in upgrades] == [0, 0]
    await connection.close()


@pytest.mark.spec("DB-007")
async def test_downgrade_removes_every_object(make_database: MakeDatabase) -> None:
    url = await make_database()

    await asyncio.to_thread(migrator.downgrade, url, "base")

    assert await fetch_column(url, SELECT_OBJECTS) == sorted(ALEMBIC_OBJECTS)


@pytest.mark.spec("DB-007")
async def test_each_migration_is_reversible(make_database: MakeDatabase) -> None:
    url = await make_database(migrated=False)
    scripts = ScriptDirectory.from_config(alembic_config(url))
    for script in reversed(list(scripts.walk_revisions())):
        previous = await fetch_column(url, SELECT_OBJECTS)
        await asyncio.to_thread(migrator.upgrade, url, script.revision)
        definitions = await fetch_column(url, SELECT_DEFINITIONS)

        await asyncio.to_thread(migrator.downgrade, url, "-1")
        downgraded = await fetch_column(url, SELECT_OBJECTS)
        await asyncio.to_thread(migrator.upgrade, url, script.revision)

        assert set(downgraded) - ALEMBIC_OBJECTS == set(previous) - ALEMBIC_OBJECTS
        assert await fetch_column(url, SELECT_DEFINITIONS) == definitions


@pytest.mark.spec("PLN-005")
async def test_upgrade_sets_the_statistics_for_users_with_many_tasks(make_database: MakeDatabase) -> None:
    url = await make_database(migrated=False)
    await asyncio.to_thread(migrator.upgrade, url, "8d1c6f0e2b57")
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute("INSERT INTO users (email, password_hash) VALUES ('ada@example.com', 'x')")
    await connection.execute("INSERT INTO tasks (user_id, title) SELECT id, 'Water the plants' FROM users")
    await connection.close()

    await asyncio.to_thread(migrator.upgrade, url)

    assert await fetch_column(url, SELECT_TASKS_OF_A_USER) == ["10000"]


async def test_migrations_contain_every_change_of_the_models(migrated_url: str) -> None:
    await asyncio.to_thread(command.check, alembic_config(migrated_url))


async def test_migrations_and_models_have_the_same_definitions(make_database: MakeDatabase, migrated_url: str) -> None:
    """Alembic does not compare CHECK constraints, cascades of foreign keys, and expressions of indexes."""
    url = await make_database(migrated=False)
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(**connect_arguments(url)), poolclass=NullPool
    )
    async with engine.begin() as connection:
        await connection.execute(text("CREATE EXTENSION pg_trgm"))
        await connection.run_sync(Base.metadata.create_all)

    assert await fetch_column(url, SELECT_DEFINITIONS) == await fetch_column(migrated_url, SELECT_DEFINITIONS)


def test_migration_name_has_a_time_and_a_description() -> None:
    scripts = ScriptDirectory.from_config(alembic_config(""))

    names = [Path(script.path).name for script in scripts.walk_revisions()]

    assert names
    assert [name for name in names if not MIGRATION_NAME.fullmatch(name)] == []


def test_migrations_have_one_head() -> None:
    scripts = ScriptDirectory.from_config(alembic_config(""))

    assert len(scripts.get_heads()) == 1
