"""Migrations that create tables, on a distributed database."""

import contextlib
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import todo.migrations.versions
from tests.cli.test_distribute import SELECT_KEYS, SELECT_PARTITIONS
from tests.services.citus import pretend_citus
from tests.support import MakeDatabase, make_settings
from todo.core.database.database import Database
from todo.core.database.session import Session
from todo.migrations.distribution import copy_table_to_nodes, distribute_table
from todo.models.distribution import LOCAL_TABLES
from todo.services.distribution.service import distribute

LAST_WITHOUT_CITUS = "20261127_060000_prefer_primary_keys.py"
"""The migrations up to this one come before `todo distribute`."""
KEY = "FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE"
CREATED_TABLE = re.compile(r'op\.create_table\(\s*"(\w+)"')
PLACED_TABLE = re.compile(r'(?:distribute_table|copy_table_to_nodes)\("(\w+)"\)')


def create_habits() -> None:
    op.create_table(
        "habits",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_habits_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "id"),
    )


@contextlib.asynccontextmanager
async def session_of(url: str) -> AsyncIterator[Session]:
    async with Database(make_settings(db_pool_min=0), url) as database:
        yield database.session


async def migrate(url: str, place_table: Callable[[str], None]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Create a table in a migration, and return how tables are stored, and the definition of its foreign key."""

    def run(connection: sa.Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            create_habits()
            place_table("habits")

    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    async with engine.connect() as connection:
        has_citus = (await connection.execute(sa.text("SELECT to_regclass('pg_dist_partition')"))).scalar()
        partitions = (await connection.execute(sa.text(SELECT_PARTITIONS))).all() if has_citus else []
        keys = (await connection.execute(sa.text(SELECT_KEYS))).all()
    await engine.dispose()
    return [tuple(row) for row in partitions], [row[2] for row in keys if row[1] == "habits"]


@pytest.mark.spec("CIT-005")
@pytest.mark.parametrize(
    ("place_table", "stored"),
    [(distribute_table, ("habits", "h", "tasks")), (copy_table_to_nodes, ("habits", "n", None))],
    ids=["by user", "on every node"],
)
async def test_new_table_of_a_distributed_database_gets_its_place_and_keeps_its_keys(
    make_database: MakeDatabase, place_table: Callable[[str], None], stored: tuple[str, str, str | None]
) -> None:
    url = await make_database()
    await pretend_citus(url)
    async with session_of(url) as session:
        await distribute(session)

    partitions, keys = await migrate(url, place_table)

    assert stored in partitions
    assert keys == [KEY]


@pytest.mark.spec("CIT-005")
@pytest.mark.parametrize("has_citus", [False, True], ids=["without Citus", "not distributed"])
async def test_new_table_stays_where_the_tasks_are(make_database: MakeDatabase, has_citus: bool) -> None:
    url = await make_database()
    if has_citus:
        await pretend_citus(url)

    assert await migrate(url, distribute_table) == ([], [KEY])


@pytest.mark.spec("CIT-005")
def test_every_migration_places_its_new_tables() -> None:
    missing = {}
    for file in Path(todo.migrations.versions.__path__[0]).glob("2*.py"):
        text = file.read_text(encoding="utf-8")
        created = {*CREATED_TABLE.findall(text)} - LOCAL_TABLES
        if file.name > LAST_WITHOUT_CITUS and created - {*PLACED_TABLE.findall(text)}:
            missing[file.name] = created

    assert missing == {}, "call distribute_table after op.create_table"
