"""The schema, in plain SQL: what the database itself holds to, and how it comes about and goes away."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.support import MakeDatabase
from todo.core.database import migrator
from todo.core.database.url import connect_arguments
from todo.models import Base

TABLES = {"users", "tasks", "tags", "task_tag_link", "sessions", "access_tokens", "idempotency_keys"}
ALEMBICS_OWN = {"alembic_version", "alembic_version_pkc"}
INDEXES = [
    "idx_tasks_user_id",
    "idx_tasks_user_completed",
    "idx_tasks_user_priority",
    "idx_tasks_user_due_date",
    "idx_tags_user_id",
    "idx_task_tag_link_task",
    "idx_task_tag_link_tag",
]
MIGRATION_NAME = re.compile(r"[0-9]{8}_[0-9]{6}_[a-z0-9]+(_[a-z0-9]+)*\.py")

SELECT_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
SELECT_EVERYTHING = """
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

UPGRADE = "import sys; from todo.core.database import migrator; migrator.upgrade(sys.argv[1])"
"""For a process of its own: Alembic works on one database at a time in each."""
COUNT_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
LOOK_AGAIN = "SELECT pg_stat_clear_snapshot(), pg_sleep(0.02)"
"""A transaction sees the activity of when it first looked; and whoever looks on should not take up a processor."""

INSERT_USER = "INSERT INTO users (email, password_hash) VALUES ($1, 'x') RETURNING id"
INSERT_TASK = "INSERT INTO tasks (user_id, title) VALUES ($1, $2) RETURNING id"
INSERT_TAG = "INSERT INTO tags (user_id, name) VALUES ($1, $2) RETURNING id"
ADD_TAG = "INSERT INTO task_tag_link (user_id, task_id, tag_id) VALUES ($1, $2, $3)"
INSERT_SESSION = "INSERT INTO sessions (user_id, id, token_hash, expires_at) VALUES ($1, gen_random_uuid(), 'x', now())"
INSERT_TOKEN = "INSERT INTO access_tokens (user_id, name, token_hash, scopes) VALUES ($1, 'cron', $2, $3)"
INSERT_KEY = "INSERT INTO idempotency_keys (user_id, key, fingerprint) VALUES ($1, $2, 'x')"


@pytest.fixture(scope="module")
async def migrated_url(make_database: MakeDatabase) -> str:
    """A migrated database that no application is on."""
    return await make_database()


@pytest.fixture
async def connection(migrated_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to it, in a transaction that is rolled back when the test is over."""
    connection = await asyncpg.connect(**connect_arguments(migrated_url))
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def ada(connection: asyncpg.Connection) -> UUID:
    """The id of a user."""
    return await insert_user(connection, "ada@example.com")


@pytest.fixture
async def bob(connection: asyncpg.Connection) -> UUID:
    """The id of another user."""
    return await insert_user(connection, "bob@example.com")


async def insert_user(connection: asyncpg.Connection, email: str) -> UUID:
    """Insert a user and return its id."""
    user_id: UUID = await connection.fetchval(INSERT_USER, email)
    return user_id


async def insert_task(connection: asyncpg.Connection, user_id: UUID | None, title: str = "Water the plants") -> int:
    """Insert a task and return its id."""
    task_id: int = await connection.fetchval(INSERT_TASK, user_id, title)
    return task_id


async def insert_tag(connection: asyncpg.Connection, user_id: UUID | None, name: str = "home") -> int:
    """Insert a tag and return its id."""
    tag_id: int = await connection.fetchval(INSERT_TAG, user_id, name)
    return tag_id


async def count(connection: asyncpg.Connection, table: str) -> int:
    """Return how many rows a table has."""
    rows: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return rows


async def read_all(url: str, statement: str) -> list[str]:
    """Return the first column of a statement's rows, sorted."""
    connection = await asyncpg.connect(**connect_arguments(url))
    try:
        return sorted(row[0] for row in await connection.fetch(statement))
    finally:
        await connection.close()


def alembic_config(url: str) -> Config:
    """Return what Alembic's own commands need to work on a database."""
    config = Config()
    config.set_main_option("script_location", migrator.SCRIPTS)
    config.attributes["url"] = url
    return config


# Users


@pytest.mark.spec("DB-002")
@pytest.mark.parametrize("email", ["ada@example.com", "ADA@EXAMPLE.COM", "Ada@example.com"])
async def test_admits_an_email_once_whatever_its_case(connection: asyncpg.Connection, email: str) -> None:
    await insert_user(connection, "ada@example.com")

    with pytest.raises(asyncpg.UniqueViolationError):
        await insert_user(connection, email)


@pytest.mark.parametrize("email", ["", "ada", "@example.com", "ada@"])
async def test_refuses_an_email_that_is_none(connection: asyncpg.Connection, email: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await insert_user(connection, email)


@pytest.mark.parametrize("column", ["email", "password_hash", "created_at"])
async def test_refuses_a_user_without_a_value(connection: asyncpg.Connection, ada: UUID, column: str) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        await connection.execute(f"UPDATE users SET {column} = NULL WHERE id = $1", ada)


async def test_deletes_what_is_a_deleted_users(connection: asyncpg.Connection, ada: UUID) -> None:
    task, tag = await insert_task(connection, ada), await insert_tag(connection, ada)
    await connection.execute(ADD_TAG, ada, task, tag)
    await connection.execute(INSERT_SESSION, ada)
    await connection.execute(INSERT_TOKEN, ada, b"a", ["tasks:read"])
    await connection.execute(INSERT_KEY, ada, "key")

    await connection.execute("DELETE FROM users WHERE id = $1", ada)

    owned = sorted(TABLES - {"users"})
    assert {table: await count(connection, table) for table in owned} == dict.fromkeys(owned, 0)


async def test_keeps_what_is_another_users(connection: asyncpg.Connection, ada: UUID, bob: UUID) -> None:
    task, tag = await insert_task(connection, bob), await insert_tag(connection, bob)
    await connection.execute(ADD_TAG, bob, task, tag)

    await connection.execute("DELETE FROM users WHERE id = $1", ada)

    assert [await count(connection, table) for table in ("tasks", "tags", "task_tag_link")] == [1, 1, 1]


# Tasks


@pytest.mark.spec("DB-004")
async def test_refuses_a_task_without_a_user(connection: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        await insert_task(connection, None)


@pytest.mark.spec("DB-004")
async def test_refuses_a_task_of_an_unknown_user(connection: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await insert_task(connection, uuid4())


async def test_fills_in_a_tasks_defaults(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_task(connection, ada)

    task = await connection.fetchrow("SELECT completed, priority, due_date, created_at = updated_at FROM tasks")

    assert task is not None
    assert tuple(task) == (False, "medium", None, True)


@pytest.mark.parametrize("title", ["", " ", "\t\n", "\u00a0", "\u3000"], ids=ascii)
async def test_refuses_a_blank_title(connection: asyncpg.Connection, ada: UUID, title: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await insert_task(connection, ada, title)


@pytest.mark.parametrize(("column", "limit"), [("title", 200), ("description", 1000)], ids=["title", "description"])
async def test_counts_text_in_characters(connection: asyncpg.Connection, ada: UUID, column: str, limit: int) -> None:
    await insert_task(connection, ada)

    await connection.execute(f"UPDATE tasks SET {column} = $1", limit * "🌿")
    with pytest.raises(asyncpg.StringDataRightTruncationError):
        await connection.execute(f"UPDATE tasks SET {column} = $1", (limit + 1) * "x")


@pytest.mark.parametrize("priority", ["", "urgent", "HIGH", " high"])
async def test_refuses_a_priority_that_there_is_not(connection: asyncpg.Connection, ada: UUID, priority: str) -> None:
    await insert_task(connection, ada)

    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE tasks SET priority = $1", priority)


async def test_refuses_an_empty_recurrence_rule(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_task(connection, ada)

    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE tasks SET recurrence_rule = ''")


@pytest.mark.parametrize("column", ["title", "completed", "priority", "created_at", "updated_at"])
async def test_refuses_a_task_without_a_value(connection: asyncpg.Connection, ada: UUID, column: str) -> None:
    await insert_task(connection, ada)

    with pytest.raises(asyncpg.NotNullViolationError):
        await connection.execute(f"UPDATE tasks SET {column} = NULL")


@pytest.mark.parametrize("table", ["tasks", "tags"])
async def test_lets_nobody_choose_an_id(connection: asyncpg.Connection, ada: UUID, table: str) -> None:
    await insert_task(connection, ada)
    await insert_tag(connection, ada)

    with pytest.raises(asyncpg.GeneratedAlwaysError):
        await connection.execute(f"UPDATE {table} SET id = 1")


# Tags


@pytest.mark.spec("DB-003")
async def test_admits_a_tags_name_once_for_a_user(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_tag(connection, ada, "home")

    with pytest.raises(asyncpg.UniqueViolationError):
        await insert_tag(connection, ada, "home")


@pytest.mark.spec("DB-003")
async def test_admits_the_same_tag_name_for_another_user(connection: asyncpg.Connection, ada: UUID, bob: UUID) -> None:
    await insert_tag(connection, ada, "home")
    await insert_tag(connection, bob, "home")

    assert await count(connection, "tags") == 2


async def test_refuses_a_tag_without_a_user(connection: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        await insert_tag(connection, None)


async def test_refuses_a_tag_of_an_unknown_user(connection: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await insert_tag(connection, uuid4())


@pytest.mark.parametrize("name", ["", " ", "\t\n", "\u00a0"], ids=ascii)
async def test_refuses_a_blank_tag_name(connection: asyncpg.Connection, ada: UUID, name: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await insert_tag(connection, ada, name)


async def test_refuses_a_tag_name_that_is_too_long(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_tag(connection, ada, 50 * "🌿")

    with pytest.raises(asyncpg.StringDataRightTruncationError):
        await insert_tag(connection, ada, 51 * "x")


@pytest.mark.parametrize("color", ["", "red", "#FFF", "#GGGGGG", "FF5733", "#FF5733 ", "#FF5733\n", "x#FF5733"])
async def test_refuses_a_colour_that_is_none(connection: asyncpg.Connection, ada: UUID, color: str) -> None:
    await insert_tag(connection, ada)

    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE tags SET color = $1", color)


@pytest.mark.parametrize("color", [None, "#FF5733", "#ff5733", "#000000"])
async def test_admits_a_colour(connection: asyncpg.Connection, ada: UUID, color: str | None) -> None:
    await insert_tag(connection, ada)

    await connection.execute("UPDATE tags SET color = $1", color)

    assert await connection.fetchval("SELECT color FROM tags") == color


# Versions and external ids


@pytest.mark.parametrize("table", ["tasks", "tags"])
async def test_begins_with_the_first_version(connection: asyncpg.Connection, ada: UUID, table: str) -> None:
    await insert_task(connection, ada)
    await insert_tag(connection, ada)

    assert await connection.fetchval(f"SELECT version FROM {table}") == 1


@pytest.mark.parametrize("table", ["tasks", "tags"])
async def test_refuses_a_row_without_a_version(connection: asyncpg.Connection, ada: UUID, table: str) -> None:
    await insert_task(connection, ada)
    await insert_tag(connection, ada)

    with pytest.raises(asyncpg.NotNullViolationError):
        await connection.execute(f"UPDATE {table} SET version = NULL")


async def test_admits_an_external_id_once_for_a_user(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_task(connection, ada)
    await insert_task(connection, ada)

    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("UPDATE tasks SET external_id = 'import-7'")


async def test_admits_the_same_external_id_for_another_user(
    connection: asyncpg.Connection, ada: UUID, bob: UUID
) -> None:
    await insert_task(connection, ada)
    await insert_task(connection, bob)

    await connection.execute("UPDATE tasks SET external_id = 'import-7'")

    assert await count(connection, "tasks") == 2


async def test_admits_any_number_of_tasks_without_an_external_id(connection: asyncpg.Connection, ada: UUID) -> None:
    for _ in range(3):
        await insert_task(connection, ada)

    assert await count(connection, "tasks") == 3


async def test_refuses_an_empty_external_id(connection: asyncpg.Connection, ada: UUID) -> None:
    await insert_task(connection, ada)

    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE tasks SET external_id = ''")


# Sessions, tokens and keys


@pytest.mark.parametrize("user_id", [None, uuid4()], ids=["none", "unknown"])
async def test_refuses_a_session_a_token_and_a_key_without_a_user(
    connection: asyncpg.Connection, user_id: UUID | None
) -> None:
    inserts: list[tuple[str, tuple[object, ...]]] = [
        (INSERT_SESSION, ()),
        (INSERT_TOKEN, (b"a", ["tasks:read"])),
        (INSERT_KEY, ("key",)),
    ]
    for statement, values in inserts:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            async with connection.transaction():
                await connection.execute(statement, user_id, *values)


async def test_admits_a_tokens_hash_once(connection: asyncpg.Connection, ada: UUID, bob: UUID) -> None:
    await connection.execute(INSERT_TOKEN, ada, b"a", ["tasks:read"])

    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(INSERT_TOKEN, bob, b"a", ["tasks:read"])


async def test_refuses_a_token_that_may_do_nothing(connection: asyncpg.Connection, ada: UUID) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(INSERT_TOKEN, ada, b"a", [])


async def test_admits_a_key_once_for_a_user(connection: asyncpg.Connection, ada: UUID, bob: UUID) -> None:
    await connection.execute(INSERT_KEY, ada, "key")
    await connection.execute(INSERT_KEY, bob, "key")

    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(INSERT_KEY, ada, "key")


# Links


@pytest.mark.spec("DB-005")
async def test_admits_a_link_once(connection: asyncpg.Connection, ada: UUID) -> None:
    task, tag = await insert_task(connection, ada), await insert_tag(connection, ada)
    await connection.execute(ADD_TAG, ada, task, tag)

    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(ADD_TAG, ada, task, tag)


@pytest.mark.parametrize("owner", ["task's", "tag's"])
async def test_refuses_a_link_across_users(connection: asyncpg.Connection, ada: UUID, bob: UUID, owner: str) -> None:
    task, tag = await insert_task(connection, ada), await insert_tag(connection, bob)

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute(ADD_TAG, {"task's": ada, "tag's": bob}[owner], task, tag)


async def test_refuses_to_give_a_linked_task_to_another_user(
    connection: asyncpg.Connection, ada: UUID, bob: UUID
) -> None:
    task, tag = await insert_task(connection, ada), await insert_tag(connection, ada)
    await connection.execute(ADD_TAG, ada, task, tag)

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute("UPDATE tasks SET user_id = $1", bob)


@pytest.mark.parametrize(("deleted", "kept"), [("tasks", "tags"), ("tags", "tasks")])
async def test_deletes_the_links_of_either_side_and_not_the_other_side(
    connection: asyncpg.Connection, ada: UUID, deleted: str, kept: str
) -> None:
    task, tag = await insert_task(connection, ada), await insert_tag(connection, ada)
    await connection.execute(ADD_TAG, ada, task, tag)

    await connection.execute(f"DELETE FROM {deleted}")

    assert (await count(connection, "task_tag_link"), await count(connection, kept)) == (0, 1)


# Indexes


@pytest.mark.spec("DB-006")
@pytest.mark.parametrize("index", INDEXES)
async def test_has_the_index(connection: asyncpg.Connection, index: str) -> None:
    definition = await connection.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = $1", index)

    assert "(user_id" in definition


# Migrations


@pytest.mark.spec("DB-001")
async def test_builds_every_table_on_an_empty_database(make_database: MakeDatabase) -> None:
    url = await make_database(migrated=False)

    await asyncio.to_thread(migrator.upgrade, url)

    assert set(await read_all(url, SELECT_TABLES)) >= TABLES


async def test_upgrades_what_is_up_to_date_to_itself(migrated_url: str) -> None:
    before = await read_all(migrated_url, SELECT_DEFINITIONS)

    await asyncio.to_thread(migrator.upgrade, migrated_url)

    assert await read_all(migrated_url, SELECT_DEFINITIONS) == before


async def test_lets_one_of_two_upgrades_at_once_wait_for_the_other(make_database: MakeDatabase) -> None:
    url = await make_database(migrated=False)
    connection = await asyncpg.connect(**connect_arguments(url))
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("CREATE TABLE alembic_version ()")
    upgrades = [await asyncio.create_subprocess_exec(sys.executable, "-c", UPGRADE, url) for _ in range(2)]
    async with asyncio.timeout(20):
        while await connection.fetchval(COUNT_WAITING) < len(upgrades):
            await connection.execute(LOOK_AGAIN)

    await transaction.rollback()

    assert [await upgrade.wait() for upgrade in upgrades] == [0, 0]
    await connection.close()


@pytest.mark.spec("DB-007")
async def test_downgrades_to_nothing(make_database: MakeDatabase) -> None:
    url = await make_database()

    await asyncio.to_thread(migrator.downgrade, url, "base")

    assert await read_all(url, SELECT_EVERYTHING) == sorted(ALEMBICS_OWN)


@pytest.mark.spec("DB-007")
async def test_takes_each_migration_down_and_up_again(make_database: MakeDatabase) -> None:
    url = await make_database(migrated=False)
    scripts = ScriptDirectory.from_config(alembic_config(url))
    for script in reversed(list(scripts.walk_revisions())):
        before = await read_all(url, SELECT_EVERYTHING)
        await asyncio.to_thread(migrator.upgrade, url, script.revision)
        after = await read_all(url, SELECT_DEFINITIONS)

        await asyncio.to_thread(migrator.downgrade, url, "-1")
        undone = await read_all(url, SELECT_EVERYTHING)
        await asyncio.to_thread(migrator.upgrade, url, script.revision)

        assert set(undone) - ALEMBICS_OWN == set(before) - ALEMBICS_OWN
        assert await read_all(url, SELECT_DEFINITIONS) == after


@pytest.mark.spec("PLN-005")
async def test_plans_the_tasks_there_are_for_who_has_many(make_database: MakeDatabase) -> None:
    url = await make_database(migrated=False)
    await asyncio.to_thread(migrator.upgrade, url, "8d1c6f0e2b57")
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute("INSERT INTO users (email, password_hash) VALUES ('ada@example.com', 'x')")
    await connection.execute("INSERT INTO tasks (user_id, title) SELECT id, 'Water the plants' FROM users")
    await connection.close()

    await asyncio.to_thread(migrator.upgrade, url)

    expected = "SELECT round(-1 / n_distinct)::text FROM pg_stats WHERE tablename = 'tasks' AND attname = 'user_id'"
    assert await read_all(url, expected) == ["10000"]


async def test_finds_nothing_in_the_models_that_migrations_lack(migrated_url: str) -> None:
    await asyncio.to_thread(command.check, alembic_config(migrated_url))


async def test_migrates_to_the_very_definitions_of_the_models(make_database: MakeDatabase, migrated_url: str) -> None:
    """Alembic's own check leaves out CHECKs, what foreign keys cascade, and the words of an index."""
    url = await make_database(migrated=False)
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(**connect_arguments(url)), poolclass=NullPool
    )
    async with engine.begin() as connection:
        await connection.execute(text("CREATE EXTENSION pg_trgm"))
        await connection.run_sync(Base.metadata.create_all)

    assert await read_all(url, SELECT_DEFINITIONS) == await read_all(migrated_url, SELECT_DEFINITIONS)


def test_names_a_migration_by_its_time_and_what_it_does() -> None:
    scripts = ScriptDirectory.from_config(alembic_config(""))

    names = [Path(script.path).name for script in scripts.walk_revisions()]

    assert names
    assert [name for name in names if not MIGRATION_NAME.fullmatch(name)] == []


def test_has_one_newest_migration() -> None:
    scripts = ScriptDirectory.from_config(alembic_config(""))

    assert len(scripts.get_heads()) == 1
