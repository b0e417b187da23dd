"""The plans of subtasks, for a user with 30,000 tasks of which 10,000 are below one parent and 200 below another."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from tests.services.plans import SORTS, UNINDEXED_SORTS, connect_to_seeded, explain
from tests.support import Json, MakeDatabase
from todo.core.database.statement import Statement
from todo.services.occurrences.statements import SELECT_REPEATING_TASK
from todo.services.placement.statements import select_task_neighbours
from todo.services.shared.lists import PageShape
from todo.services.subtasks.statements import (
    SELECT_ANCESTORS,
    SELECT_BELOW,
    SELECT_CHILDREN,
    SELECT_LAST_KEYS,
    SELECT_SUBTREES,
)
from todo.services.tasks.list_statements import TaskFilter, select_page
from todo.services.tasks.statements import SELECT_STORED, SELECT_TASK_WITH_COUNTS
from todo.services.tasks.write_statements import delete_task
from todo.services.trash.statements import COUNT_SUBTASKS, SELECT_SUBTASKS

WIDE, NARROW = 10_000, 200
PAGE = 20
SEED = """
INSERT INTO users (email, email_key, password_hash)
SELECT 'user' || i || '@example.com', 'user' || i || '@example.com', 'x' FROM generate_series(1, 20) AS i;
INSERT INTO change_clocks (user_id, seq) SELECT id, 0 FROM users;
INSERT INTO tasks (user_id, title, title_key)
SELECT id, CASE i WHEN 1 THEN 'wide' WHEN 2 THEN 'narrow' ELSE 'x' END, 'x'
FROM users, generate_series(1, CASE email WHEN 'user1@example.com' THEN 20000 ELSE 100 END) AS i;
INSERT INTO tasks (user_id, parent_id, title, title_key, completed)
SELECT user_id, id, 'x', 'x', i % 3 = 0
FROM tasks, generate_series(1, CASE title WHEN 'wide' THEN 10000 ELSE 200 END) AS i
WHERE title <> 'x' AND user_id = (SELECT id FROM users WHERE email = 'user1@example.com');
INSERT INTO changes (user_id, seq, batch, action, type, id, before)
SELECT user_id, row_number() OVER (ORDER BY parent_id DESC NULLS LAST), 1, 'delete', 'task', id,
    jsonb_strip_nulls(jsonb_build_object('title', title, 'parent_id', parent_id))
FROM tasks WHERE user_id = (SELECT id FROM users WHERE email = 'user1@example.com')
"""


@pytest.fixture(scope="module")
async def connection(make_database: MakeDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database with 20 users, with the settings of the service."""
    async with connect_to_seeded(await make_database(), SEED) as connection:
        yield connection


async def explain_for_the_user(
    connection: asyncpg.Connection, statement: Statement, parent: str = "narrow", **values: object
) -> list[Json]:
    """Return the nodes of a plan for the user with many tasks and for one of the parents."""
    user_id: UUID = await connection.fetchval("SELECT id FROM users WHERE email = 'user1@example.com'")
    parent_id = await connection.fetchval("SELECT id FROM tasks WHERE user_id = $1 AND title = $2", user_id, parent)
    # A literal of an array is text in the tests of plans.
    ids = {"user_id": user_id, "parent_id": parent_id, "task_id": parent_id, "ids": f"{{{parent_id}}}"}
    parameters: Json = {"limit": PAGE, "offset": 0} | ids | values
    return await explain(connection, statement, run=True, **parameters)


def rows_read(nodes: list[Json], table: str = "tasks") -> int:
    """Return the number of rows that all scans of a table read."""
    scans = [node for node in nodes if node.get("Relation Name") == table]
    return sum(
        int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]) for node in scans
    )


@pytest.mark.spec("SUB-034")
@pytest.mark.parametrize("sort", [*SORTS, *UNINDEXED_SORTS])
async def test_list_by_parent_reads_its_subtasks_alone(planning_connection: asyncpg.Connection, sort: str) -> None:
    statement = select_page(TaskFilter(has_parent=True), PageShape(sort))

    nodes = await explain_for_the_user(planning_connection, statement)

    assert "idx_tasks_user_parent" in {node.get("Index Name") for node in nodes}
    assert rows_read(nodes) <= NARROW + PAGE


@pytest.mark.spec("SUB-034", "SUB-067")
@pytest.mark.parametrize(
    "statement",
    [
        SELECT_ANCESTORS,
        SELECT_BELOW,
        SELECT_CHILDREN,
        SELECT_LAST_KEYS,
        SELECT_SUBTREES,
        SELECT_TASK_WITH_COUNTS,
        *(select_task_neighbours(in_project=False, in_section=False, is_subtask=True, after=after) for after in (0, 1)),
    ],
    ids=lambda statement: next((name for name, value in globals().items() if value is statement), "neighbours"),
)
@pytest.mark.parametrize(("parent", "number"), [("wide", WIDE), ("narrow", NARROW)])
async def test_statement_reads_the_subtasks_of_one_task_at_most(
    planning_connection: asyncpg.Connection, statement: Statement, parent: str, number: int
) -> None:
    values: Json = {"key": "", "key_id": 0, "id": 0, "completed": True}

    nodes = await explain_for_the_user(planning_connection, statement, parent, **values)

    assert rows_read(nodes) <= number + 2
    assert all(node["Node Type"] != "Seq Scan" for node in nodes)


@pytest.mark.spec("SUB-034")
async def test_ancestors_are_read_by_key(planning_connection: asyncpg.Connection) -> None:
    nodes = await explain_for_the_user(planning_connection, SELECT_ANCESTORS, "wide")

    assert rows_read(nodes) == 1


@pytest.mark.spec("SUB-034")
@pytest.mark.parametrize(
    "statement",
    [SELECT_STORED, SELECT_REPEATING_TASK, delete_task(conditional=False)],
    ids=["stored", "repeating", "delete"],
)
async def test_one_subtask_is_enough_to_know_a_parent(
    planning_connection: asyncpg.Connection, statement: Statement
) -> None:
    nodes = await explain_for_the_user(planning_connection, statement, "wide")

    assert rows_read(nodes) <= 3


@pytest.mark.spec("SUB-011", "SUB-034")
async def test_counts_of_a_list_read_the_subtasks_of_its_page(planning_connection: asyncpg.Connection) -> None:
    plain = select_page(TaskFilter(), PageShape("title", counts=False))
    counted = select_page(TaskFilter(shows_counts=True), PageShape("title", counts=False))

    nodes = await explain_for_the_user(planning_connection, counted)

    assert "child" not in plain.sql
    assert rows_read(nodes) <= PAGE + WIDE + NARROW
    counts = [node for node in nodes if node.get("Index Name") == "idx_tasks_user_parent"]
    assert [node["Actual Loops"] for node in counts] == [PAGE]


@pytest.mark.spec("SUB-034")
@pytest.mark.parametrize("statement", [SELECT_SUBTASKS, COUNT_SUBTASKS], ids=["select", "count"])
async def test_contents_of_an_entry_are_found_by_their_parent(
    planning_connection: asyncpg.Connection, statement: Statement
) -> None:
    [entry] = await planning_connection.fetch("SELECT seq, batch, id FROM changes WHERE before ->> 'title' = 'narrow'")
    roots = {name: f"{{{entry[name]}}}" for name in ("seq", "batch", "id")}

    nodes = await explain_for_the_user(planning_connection, statement, **roots)

    assert "idx_changes_user_parent" in {node.get("Index Name") for node in nodes}
    assert rows_read(nodes, "changes") <= 2 * NARROW
