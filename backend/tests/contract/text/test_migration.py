"""The migration that stores folded text fills the new columns of existing rows."""

import asyncio

import asyncpg
import pytest

from tests.support import MakeDatabase
from todo.core.database import migrator
from todo.core.database.migrator import MigrationError
from todo.core.database.url import connect_arguments

BEFORE = "5b90d2f7a6c3"
INSERT_USER = "INSERT INTO users (email, password_hash) VALUES ($1, 'x') RETURNING id"
INSERT_TASKS = "INSERT INTO tasks (user_id, title, description) SELECT $1, $2, $3 FROM generate_series(1, $4)"


@pytest.fixture
async def old_url(make_database: MakeDatabase) -> str:
    """A database at the revision before."""
    url = await make_database(migrated=False)
    await asyncio.to_thread(migrator.upgrade, url, BEFORE)
    return url


@pytest.mark.spec("TXT-014")
async def test_existing_rows_get_their_keys_and_search_rows(old_url: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(old_url))
    user_id = await connection.fetchval(INSERT_USER, "J\u00dcRGEN@example.com")
    await connection.execute(INSERT_TASKS, user_id, "Zu\u0308rich STRASSE", "\u0391\u03a3", 5001)
    await connection.execute("INSERT INTO tags (user_id, name) VALUES ($1, 'Zu\u0308rich')", user_id)

    await asyncio.to_thread(migrator.upgrade, old_url)

    user = await connection.fetchrow("SELECT email_key FROM users")
    tag = await connection.fetchrow("SELECT name, name_key FROM tags")
    tasks = await connection.fetch("SELECT DISTINCT title, title_key FROM tasks")
    texts = await connection.fetch("SELECT title, description, count(*) FROM task_search GROUP BY 1, 2")
    await connection.close()
    assert tuple(user) == ("j\u00fcrgen@example.com",)
    assert tuple(tag) == ("Z\u00fcrich", "zurich")
    assert [tuple(row) for row in tasks] == [("Z\u00fcrich STRASSE", "zurich strasse")]
    assert [tuple(row) for row in texts] == [("z\u00fcrich strasse", "\u03b1\u03c3", 5001)]


@pytest.mark.spec("TXT-014")
async def test_tag_whose_normalized_name_is_taken_keeps_its_name(old_url: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(old_url))
    user_id = await connection.fetchval(INSERT_USER, "ada@example.com")
    for name in ("Z\u00fcrich", "Zu\u0308rich"):
        await connection.execute("INSERT INTO tags (user_id, name) VALUES ($1, $2)", user_id, name)

    await asyncio.to_thread(migrator.upgrade, old_url)

    names = await connection.fetch("SELECT name FROM tags ORDER BY id")
    await connection.close()
    assert [row["name"] for row in names] == ["Z\u00fcrich", "Zu\u0308rich"]


@pytest.mark.spec("TXT-014")
async def test_accounts_whose_addresses_become_equal_are_named(old_url: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(old_url))
    for email in ("stra\u00dfe@example.com", "strasse@example.com"):
        await connection.execute(INSERT_USER, email)

    with pytest.raises(MigrationError, match=r"stra.e@example\.com and strasse@example\.com are one"):
        await asyncio.to_thread(migrator.upgrade, old_url)

    revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    await connection.close()
    assert revision == BEFORE


@pytest.mark.spec("TXT-014")
async def test_downgrade_restores_the_schema_before(old_url: str) -> None:
    await asyncio.to_thread(migrator.upgrade, old_url)
    await asyncio.to_thread(migrator.downgrade, old_url, BEFORE)

    connection = await asyncpg.connect(**connect_arguments(old_url))
    await connection.execute(INSERT_USER, "ada@example.com")
    columns = await connection.fetch("SELECT column_name FROM information_schema.columns WHERE table_name = 'tasks'")
    await connection.close()
    names = {row["column_name"] for row in columns}
    assert ("search_text" in names, "title_key" in names) == (True, False)
