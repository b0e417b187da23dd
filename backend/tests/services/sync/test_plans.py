"""The plans of sync, for a user with 10,000 tasks and 10,000 changes among 400 users."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from tests.services.plans import connect_to_seeded, explain
from tests.support import Json, MakeDatabase
from todo.core.database.statement import Statement
from todo.services.sync.statements import SELECT_CHANGES, SELECT_CLOCK
from todo.services.tags.statements import SELECT_TAGS_AFTER, SELECT_TAGS_BY_IDS
from todo.services.tasks.statements import SELECT_TASKS_AFTER, SELECT_TASKS_BY_IDS

LARGE = 10_000
DELTA = 100
PAGE_SIZE = 500
TABLES = ("tasks", "tags", "task_tag_link", "change_clocks", "changes", "users")
SEED = """
INSERT INTO users (email, email_key, password_hash)
SELECT 'user' || i || '@example.com', 'user' || i || '@example.com', 'x' FROM generate_series(1, 400) AS i;
INSERT INTO tasks (user_id, title, title_key)
SELECT users.id, 'Task ' || i, 'task ' || i
FROM users, generate_series(1, CASE email WHEN 'user1@example.com' THEN 10000 ELSE 20 END) AS i;
INSERT INTO tags (user_id, name, name_key) SELECT id, 'tag' || i, 'tag' || i
FROM users, generate_series(1, CASE email WHEN 'user1@example.com' THEN 1000 ELSE 10 END) AS i;
INSERT INTO task_tag_link (user_id, task_id, tag_id)
SELECT user_id, tasks.id, tags.id FROM tasks JOIN tags USING (user_id) WHERE name = 'tag' || tasks.id % 200;
INSERT INTO change_clocks (user_id, seq) SELECT id, 10000 FROM users;
INSERT INTO changes (user_id, seq, batch, action, type, id)
SELECT users.id, i, i - i % 3, 'update', CASE WHEN i % 10 = 0 THEN 'tag' ELSE 'task' END, i
FROM users, generate_series(1, CASE email WHEN 'user1@example.com' THEN 10000 ELSE 20 END) AS i
"""


@pytest.fixture(scope="module")
async def connection(make_database: MakeDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database with 400 users, with the settings of the service."""
    async with connect_to_seeded(await make_database(), SEED) as connection:
        yield connection


def array(values: list[int]) -> str:
    """Return the text of an array."""
    return f"{{{','.join(map(str, values))}}}"


async def run(connection: asyncpg.Connection, statement: Statement, **values: object) -> list[Json]:
    """Run a statement for the user with many tasks, check that no scan is sequential, and return the plan."""
    user_id: UUID = await connection.fetchval("SELECT id FROM users WHERE email = 'user1@example.com'")
    nodes = await explain(connection, statement, run=True, user_id=user_id, **values)
    scanned = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    assert scanned.isdisjoint(TABLES), nodes
    return nodes


def rows_read(nodes: list[Json], table: str) -> int:
    """Return how many rows of a table a plan reads."""
    scans = [node for node in nodes if node.get("Relation Name") == table]
    assert scans
    return sum(node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) for node in scans)


async def find_ids(connection: asyncpg.Connection, table: str) -> list[int]:
    """Return the ids of DELTA rows of the user with many tasks."""
    rows = await connection.fetch(
        f"SELECT t.id FROM {table} t JOIN users ON users.id = user_id WHERE email = 'user1@example.com' "
        "ORDER BY md5(t.id::text) LIMIT $1",
        DELTA,
    )
    return [row["id"] for row in rows]


@pytest.mark.spec("SYN-014")
async def test_delta_reads_the_changes_since_the_token_alone(planning_connection: asyncpg.Connection) -> None:
    nodes = await run(
        planning_connection, SELECT_CHANGES, seq=LARGE - DELTA, types="{account,tag,task}", limit=PAGE_SIZE
    )

    assert "pk_changes" in {node.get("Index Name") for node in nodes}
    assert rows_read(nodes, "changes") == DELTA


@pytest.mark.spec("SYN-014")
async def test_page_of_an_old_token_reads_its_changes_alone(planning_connection: asyncpg.Connection) -> None:
    nodes = await run(planning_connection, SELECT_CHANGES, seq=0, types="{account,tag,task}", limit=PAGE_SIZE)

    assert rows_read(nodes, "changes") == PAGE_SIZE


@pytest.mark.spec("SYN-014")
async def test_clock_is_read_by_key(planning_connection: asyncpg.Connection) -> None:
    nodes = await run(planning_connection, SELECT_CLOCK)

    assert rows_read(nodes, "change_clocks") == 1


@pytest.mark.spec("SYN-014")
@pytest.mark.parametrize(
    ("table", "statement"), [("tasks", SELECT_TASKS_BY_IDS), ("tags", SELECT_TAGS_BY_IDS)], ids=["tasks", "tags"]
)
async def test_delta_reads_each_changed_row_once(
    planning_connection: asyncpg.Connection, table: str, statement: Statement
) -> None:
    ids = await find_ids(planning_connection, table)

    nodes = await run(planning_connection, statement, ids=array(ids))

    reads = [node for node in nodes if node.get("Relation Name") == table and "ANY" in str(node)]
    assert reads
    assert all(rows_read([node], table) == DELTA for node in reads)


@pytest.mark.spec("SYN-014")
@pytest.mark.parametrize(
    ("table", "statement", "parameter"),
    [("tasks", SELECT_TASKS_AFTER, "task_id"), ("tags", SELECT_TAGS_AFTER, "tag_id")],
    ids=["tasks", "tags"],
)
async def test_page_of_a_full_sync_reads_its_rows_by_key(
    planning_connection: asyncpg.Connection, table: str, statement: Statement, parameter: str
) -> None:
    ids = sorted(await find_ids(planning_connection, table))

    nodes = await run(planning_connection, statement, limit=20, **{parameter: ids[DELTA // 2]})

    pages = [node for node in nodes if node.get("Index Name") == f"pk_{table}" and "id >" in node["Index Cond"]]
    assert pages
    assert pages[0]["Actual Rows"] <= 20
