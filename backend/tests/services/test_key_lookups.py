"""Lookups by key read the index of that key, whatever statistics PostgreSQL has."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import ForeignKeyConstraint

from tests.services.plans import all_statements, connect, explain, explain_query
from tests.support import Json, MakeDatabase
from todo.models import Base
from todo.services.tasks.bulk_statements import INSERT_SEARCHES

INSERT_USER = "INSERT INTO users (email, email_key, password_hash) VALUES ('new@example.com', '', 'x')"
INSERT_TASKS = """
INSERT INTO tasks (user_id, title, title_key) SELECT id, 'x', 'x' FROM users, generate_series(1, {})
"""
INSERT_LINKS = """
WITH tag AS (INSERT INTO tags (user_id, name, name_key) SELECT id, 'x', 'x' FROM users RETURNING user_id, id)
INSERT INTO task_tag_link (user_id, task_id, tag_id)
SELECT user_id, tasks.id, tag.id FROM tasks JOIN tag USING (user_id)
"""
FILL = [INSERT_USER, INSERT_TASKS.format(3000), INSERT_LINKS]
STATES = {
    "empty": [],
    "few rows, analyzed": [INSERT_USER, INSERT_TASKS.format(40), INSERT_LINKS, "ANALYZE"],
    "many rows, not analyzed": FILL,
    "many rows, analyzed": [*FILL, "ANALYZE"],
    "emptied": [*FILL, "ANALYZE", "DELETE FROM users", "VACUUM"],
}
SELECT_INDEXES = """
SELECT relname, array_agg(attname::text ORDER BY attnum) FILTER (WHERE attnum <= indnkeyatts)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_attribute ON attrelid = indexrelid
WHERE relnamespace = 'public'::regnamespace GROUP BY relname
"""
SELECT_SCANS = "SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE relname = $1 AND idx_scan > 0"
SELECT_SEQUENTIAL = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = $1"
IMPORTED = 500
EQUALITY = re.compile(r"\((\w+) = (?!ANY)")
"""A column that a condition of an index compares with one value."""
ONCE = {
    (f"fk_{name}", "cascade")
    for name in ("task_tag_link_tags", "tasks_projects", "tasks_sections", "sections_projects")
}
"""Read the rows of a user once for each deleted tag, project or section, by any index if the costs are equal."""
FOREIGN_KEYS = [
    constraint for table in Base.metadata.sorted_tables for constraint in sorted(table.foreign_key_constraints, key=str)
]


@pytest.fixture(scope="module", params=STATES)
async def connection(make_database: MakeDatabase, request: pytest.FixtureRequest) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database in one of the states, which autovacuum does not change."""
    connection = await connect(await make_database())
    for table in Base.metadata.tables:
        await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    for statement in STATES[request.param]:
        await connection.execute(statement)
    yield connection
    await connection.close()


@pytest.fixture
async def indexes(connection: asyncpg.Connection) -> dict[str, list[str]]:
    """The key columns of each index, without included ones."""
    return {name: columns for name, columns in await connection.fetch(SELECT_INDEXES)}  # noqa: C416 -- typed rows


def skips_columns(node: Json, columns: list[str]) -> bool:
    """Return whether an index scan looks up values of a column that follows a column without a condition.

    PostgreSQL then reads all entries between them, and the scan is one of many if a join repeats it.
    """
    compared = set(EQUALITY.findall(node.get("Index Cond", ""))) & set(columns)
    return compared != set(columns[: len(compared)])


def queries_of(constraint: ForeignKeyConstraint) -> dict[str, tuple[str, list[str]]]:
    """Return the queries that PostgreSQL runs for a foreign key, with the columns that each compares."""
    referenced = [element.column.name for element in constraint.elements]
    target = constraint.referred_table.name
    check = " AND ".join(f"{column} = ${number}" for number, column in enumerate(referenced, start=1))
    cascade = " AND ".join(f"${number} = {name}" for number, name in enumerate(constraint.column_keys, start=1))
    return {
        "check": (f"SELECT 1 FROM ONLY {target} x WHERE {check} FOR KEY SHARE OF x", referenced),
        "cascade": (f"DELETE FROM ONLY {constraint.table.name} WHERE {cascade}", list(constraint.column_keys)),
    }


@pytest.mark.spec("PLN-006")
@pytest.mark.parametrize("kind", ["check", "cascade"])
@pytest.mark.parametrize("constraint", FOREIGN_KEYS, ids=lambda constraint: constraint.name)
async def test_foreign_key_reads_an_index_of_its_columns(
    connection: asyncpg.Connection, indexes: dict[str, list[str]], constraint: ForeignKeyConstraint, kind: str
) -> None:
    query, columns = queries_of(constraint)[kind]

    nodes = await explain_query(connection, query, [None] * len(columns), run=False)

    assert [node for node in nodes if node["Node Type"] == "Seq Scan"] == []
    [index] = [node["Index Name"] for node in nodes if "Index Name" in node]
    # A key of fewer columns finds the row too.
    is_found = indexes[index][: len(columns)] == columns or {*indexes[index]} <= {*columns}
    assert is_found or (constraint.name, kind) in ONCE


@pytest.mark.timeout(240)
@pytest.mark.spec("PLN-006")
async def test_lookup_by_id_skips_no_column_of_an_index(
    connection: asyncpg.Connection, indexes: dict[str, list[str]]
) -> None:
    # All pages of a list have the same lookups, so one page of each filter is explained.
    statements = {name.partition(" PageShape")[0]: statement for name, statement in all_statements()}

    skipping = {
        (name, node["Index Name"], node["Index Cond"])
        for name, statement in statements.items()
        if not name.endswith("DELETE_TAGS")  # an undo that deletes tags reads the links of the user once a tag
        for node in await explain(connection, statement, run=False)
        if node.get("Index Name") in indexes and skips_columns(node, indexes[node["Index Name"]])
    }

    assert len(statements) > 100
    assert skipping == set()


@pytest.mark.spec("PLN-006")
@pytest.mark.parametrize("analyzed", [False, True], ids=["not analyzed", "analyzed"])
async def test_import_after_few_rows_reads_the_primary_key(make_database: MakeDatabase, analyzed: bool) -> None:
    connection = await connect(await make_database())
    await connection.execute(INSERT_USER)
    await add_tasks(connection, 40)
    if analyzed:
        await connection.execute("ANALYZE")
    # The connection keeps the plan of this check.
    await add_tasks(connection, 1)

    for _ in range(2):
        await add_tasks(connection, IMPORTED)

    scans = {index: number for index, number in await connection.fetch(SELECT_SCANS, "tasks")}  # noqa: C416
    assert scans == {"pk_tasks": 2 * IMPORTED + 41}
    assert await connection.fetchval(SELECT_SEQUENTIAL, "tasks") == 0
    await connection.close()


async def add_tasks(connection: asyncpg.Connection, number: int) -> None:
    """Add tasks with their search rows, as a bulk request does, and publish the counters of the tables."""
    rows = await connection.fetch(INSERT_TASKS.format(number) + " RETURNING user_id, id")
    values = {"user_id": [row["user_id"] for row in rows], "id": [row["id"] for row in rows]}
    texts = dict.fromkeys(INSERT_SEARCHES.parameters - values.keys(), ["x"] * number)
    await connection.execute(INSERT_SEARCHES.sql, *INSERT_SEARCHES.arguments(values | texts))
    await connection.execute("SELECT pg_stat_force_next_flush()")
