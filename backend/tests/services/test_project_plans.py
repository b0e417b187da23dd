"""The plans of lists by project and of moves, for a user with 10,000 tasks of which 200 are in one project."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from tests.services.plans import SORTS, UNINDEXED_SORTS, connect_to_seeded, explain
from tests.support import Json, MakeDatabase
from todo.core.database.statement import Statement
from todo.services.placement.statements import select_task_neighbours
from todo.services.shared.lists import PageShape
from todo.services.tasks.list_statements import TaskFilter, select_page
from todo.services.tasks.write_statements import insert_task

IN_PROJECT = 200
SEED = """
INSERT INTO users (email, email_key, password_hash)
SELECT 'user' || i || '@example.com', 'user' || i || '@example.com', 'x' FROM generate_series(1, 20) AS i;
INSERT INTO projects (user_id, name) SELECT id, 'Garden' || i FROM users, generate_series(1, 50) AS i;
INSERT INTO sections (user_id, project_id, name) SELECT user_id, id, 'Next' FROM projects;
INSERT INTO tasks (user_id, title, title_key, project_id, section_id)
SELECT users.id, 'x', 'x', projects.id, CASE WHEN i % 2 = 0 THEN sections.id END
FROM users, generate_series(1, CASE email WHEN 'user1@example.com' THEN 10000 ELSE 100 END) AS i
LEFT JOIN projects ON projects.name = 'Garden' || (i % 50 + 1)
LEFT JOIN sections ON sections.project_id = projects.id
WHERE projects.user_id = users.id
"""


@pytest.fixture(scope="module")
async def connection(make_database: MakeDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database with 20 users, with the settings of the service."""
    async with connect_to_seeded(await make_database(), SEED) as connection:
        yield connection


async def explain_for_the_user(
    connection: asyncpg.Connection, statement: Statement, *, run: bool = True, **values: object
) -> list[Json]:
    """Return the nodes of a plan for the user with many tasks and for one of the projects."""
    user_id: UUID = await connection.fetchval("SELECT id FROM users WHERE email = 'user1@example.com'")
    [row] = await connection.fetch(
        "SELECT id, project_id FROM sections WHERE user_id = $1 ORDER BY id LIMIT 1", user_id
    )
    ids = {"user_id": user_id, "project_id": row["project_id"], "section_id": row["id"]}
    parameters: Json = {"limit": 20, "offset": 0, "project_name": "Garden1", "section_name": ""} | ids | values
    return await explain(connection, statement, run=run, **parameters)


def rows_of_tasks(nodes: list[Json]) -> int:
    """Return the number of tasks that the largest scan of a plan reads."""
    scans = [node for node in nodes if node.get("Relation Name") == "tasks"]
    return max(int(node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) for node in scans)


@pytest.mark.spec("PRJ-029")
@pytest.mark.parametrize("filters", [{"has_project": True}, {"has_section": True}], ids=str)
@pytest.mark.parametrize("sort", [*SORTS, *UNINDEXED_SORTS])
async def test_filter_by_project_reads_the_tasks_of_the_project_alone(
    planning_connection: asyncpg.Connection, sort: str, filters: Json
) -> None:
    statement = select_page(TaskFilter(**filters), PageShape(sort))

    nodes = await explain_for_the_user(planning_connection, statement)

    assert "idx_tasks_user_project" in {node.get("Index Name") for node in nodes}
    assert rows_of_tasks(nodes) <= IN_PROJECT


@pytest.mark.spec("PRJ-029")
@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("in_section", [True, False])
async def test_move_reads_the_tasks_of_the_project_alone(
    planning_connection: asyncpg.Connection, in_section: bool, after: bool
) -> None:
    statement = select_task_neighbours(in_project=True, in_section=in_section, after=after)

    nodes = await explain_for_the_user(planning_connection, statement, key="" if after else "~", key_id=0, id=0)

    assert rows_of_tasks(nodes) <= IN_PROJECT


@pytest.mark.spec("PRJ-029")
async def test_create_in_a_section_reads_its_project_by_key(planning_connection: asyncpg.Connection) -> None:
    statement = insert_task(frozenset({"title", "title_key", "completed", "priority", "section_id"}), once=False)

    nodes = await explain_for_the_user(planning_connection, statement, run=False)

    scans = {
        node["Relation Name"]: node.get("Index Name")
        for node in nodes
        if "Scan" in node["Node Type"] and "Relation Name" in node
    }
    # The unique index of sections has the project too, and a user has few sections.
    assert scans["sections"] in ("pk_sections", "uq_sections_user_id_project_id_id")
    assert scans["projects"] == "pk_projects"
