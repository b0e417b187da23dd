"""The role that owns the database of the embedded PostgreSQL."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from todo.core.database import migrator
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres, find_running

SELECT_OWNERS = """
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = 'public'
"""
RESTORED = """
CREATE TABLE restored (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
CREATE VIEW names AS SELECT name FROM restored;
CREATE SCHEMA "Other Schema"; CREATE TABLE "Other Schema"."A Table" (id int);
ALTER SCHEMA public OWNER TO postgres;
"""


@pytest.fixture
def data_dir(tmp_path: Path, initialized_data_dir: Path) -> Path:
    """A data folder that was used before."""
    shutil.copytree(initialized_data_dir, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def postgres(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A running server."""
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as server:
        yield server


def run(url: str, statement: str) -> list[asyncpg.Record]:
    """Run a statement, and return its rows."""

    async def fetch() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            if ";" in statement:
                await connection.execute(statement)
                return []
            rows: list[asyncpg.Record] = await connection.fetch(statement)
            return rows
        finally:
            await connection.close()

    return asyncio.run(fetch())


@pytest.mark.spec("OPS-045")
def test_service_connects_as_the_owner_without_superuser_rights(postgres: EmbeddedPostgres) -> None:
    (row,) = run(
        postgres.url(), "SELECT current_user, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = user"
    )

    assert tuple(row) == ("todo", False, False, False)


@pytest.mark.spec("OPS-045")
def test_migrate_beside_a_running_service_is_no_superuser_either(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    url = find_running(data_dir)

    assert url == postgres.url()
    assert "todo@" in str(url)


@pytest.mark.spec("OPS-045")
@pytest.mark.parametrize(
    "statement", ["COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('/etc/passwd')", "CREATE ROLE other"]
)
def test_role_of_the_service_cannot_leave_its_database(postgres: EmbeddedPostgres, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        run(postgres.url(), statement)


@pytest.mark.spec("OPS-046")
def test_data_folder_of_an_earlier_version_is_adopted(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        run(postgres.admin_url(), "ALTER DATABASE todo OWNER TO postgres")
        run(postgres.admin_url("todo"), "REASSIGN OWNED BY todo TO postgres; DROP OWNED BY todo;")
        run(postgres.admin_url(), "DROP ROLE todo")

    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        assert [row[0] for row in run(postgres.url(), SELECT_OWNERS)] == ["todo"]
        migrator.downgrade(postgres.url(), "base")
        migrator.upgrade(postgres.url())


@pytest.mark.spec("OPS-046")
def test_tables_that_a_superuser_restored_are_adopted(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        run(postgres.admin_url("todo"), RESTORED)

    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        run(
            postgres.url(),
            'ALTER TABLE restored ADD COLUMN x int; DROP VIEW names; DROP TABLE "Other Schema"."A Table"; '
            "CREATE TABLE another (id int);",
        )


@pytest.mark.spec("OPS-046")
def test_database_that_was_dropped_is_created_again(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        run(postgres.admin_url(), "DROP DATABASE todo")

    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        assert migrator.read_status(postgres.url()).current is None


@pytest.mark.spec("OPS-046")
def test_role_that_became_a_superuser_is_demoted(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        run(postgres.admin_url(), "ALTER ROLE todo SUPERUSER NOLOGIN")

    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        assert run(postgres.url(), "SELECT rolsuper FROM pg_roles WHERE rolname = user")[0][0] is False
