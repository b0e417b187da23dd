"""The plan of each statement, for a user with 10,000 tasks among 400 users."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from tests.services.plans import SORTS, TABLES, UNINDEXED_SORTS, all_statements, connect, connect_to_seeded, explain
from tests.support import Json, MakeDatabase
from todo.domain.filters.parser import parse_filter
from todo.services.shared.lists import NEWEST_FIRST, PageShape
from todo.services.tags.statements import update_tag
from todo.services.tasks.bulk_statements import SELECT_TARGETS, UPDATE_TASKS
from todo.services.tasks.list_statements import TaskFilter, select_filtered_page, select_page
from todo.services.tasks.listing.term_values import term_values

LARGE = 10_000
TAGGED = 500
PAGE_SIZE = 20
DUE_RANGE: Json = {
    "due_from": "2026-11-26",
    "due_until": "2026-11-27",
    "due_from_day": "2026-11-26",
    "due_until_day": "2026-11-26",
    "first_due_key": "2026-11-26",
    "last_due_key": "2026-11-27",
}
SEED = """
INSERT INTO users (email, email_key, password_hash)
SELECT 'user' || i || '@example.com', 'user' || i || '@example.com', 'x' FROM generate_series(1, 400) AS i;
INSERT INTO tasks (user_id, title, title_key, description, completed, priority, due_date, due_day, created_at)
SELECT users.id, 'Task ' || md5(i::text), 'task ' || md5(i::text),
       CASE WHEN i % 50 = 0 THEN 'In the garden' END, i % 5 < 2,
       (ARRAY['low', 'medium', 'high'])[1 + i % 3],
       CASE WHEN i % 4 = 0 THEN timestamptz '2026-11-20Z' + i * interval '1 hour' END,
       CASE WHEN i % 4 = 2 THEN date '2026-11-20' + i / 24 END, now() - i * interval '1 minute'
FROM users, generate_series(1, CASE email WHEN 'user1@example.com' THEN 10000 ELSE 100 END) AS i;
INSERT INTO task_search (user_id, task_id, title, description)
SELECT user_id, id, title_key, lower(coalesce(description, '')) FROM tasks;
INSERT INTO task_occurrences (user_id, task_id, number, due_day, completed_at, status, place, position)
SELECT user_id, id, i, '2026-12-01', now(), 'completed', '2026-12-01', i FROM tasks, generate_series(1, 4) AS i
WHERE id % 10 = 0;
INSERT INTO tags (user_id, name, name_key) SELECT id, 'tag' || i, 'tag' || i FROM users, generate_series(1, 10) AS i;
INSERT INTO task_tag_link (user_id, task_id, tag_id)
SELECT user_id, tasks.id, tags.id FROM tasks JOIN tags USING (user_id) WHERE name = 'tag' || tasks.id % 20;
INSERT INTO sessions (user_id, id, token_hash, expires_at)
SELECT id, gen_random_uuid(), 'x', now() + i * interval '1 hour' FROM users, generate_series(1, 10) AS i;
INSERT INTO access_tokens (user_id, name, token_hash, scopes)
SELECT id, 'token' || i, sha256((id::text || i)::bytea), '{account}' FROM users, generate_series(1, 10) AS i;
INSERT INTO idempotency_keys (user_id, key, fingerprint, created_at)
SELECT id, 'key' || i, 'x', now() - i * interval '1 minute' FROM users, generate_series(1, 10) AS i;
INSERT INTO totp_factors (user_id, sealed_secret, last_step) SELECT id, sha256(id::text::bytea), 0 FROM users;
INSERT INTO recovery_codes (user_id, code_hash)
SELECT id, sha256((id::text || i)::bytea) FROM users, generate_series(1, 10) AS i;
INSERT INTO change_clocks (user_id, seq) SELECT id, 100 FROM users;
INSERT INTO changes (user_id, seq, batch, action, type, id, at)
SELECT id, i, i, CASE WHEN i % 10 = 0 THEN 'delete' ELSE 'update' END, 'task', i, now() - i * interval '1 day'
FROM users, generate_series(1, 100) AS i
"""
COUNT_UNVACUUMED = "SELECT count(*) FROM pg_class WHERE relname = ANY ($1) AND relallvisible < relpages"


@pytest.fixture(scope="module")
async def connection(make_database: MakeDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database with 400 users, with the settings of the service."""
    async with connect_to_seeded(await make_database(), SEED) as connection:
        async with asyncio.timeout(30):
            # A concurrent autovacuum makes VACUUM skip pages.
            while await connection.fetchval(COUNT_UNVACUUMED, list(TABLES)):
                await connection.execute("VACUUM ANALYZE")
        yield connection


async def find_user(connection: asyncpg.Connection, *, large: bool) -> UUID:
    """Return the id of the user with many tasks, or of a user with few."""
    number = 1 if large else 2
    user_id: UUID = await connection.fetchval("SELECT id FROM users WHERE email = $1", f"user{number}@example.com")
    return user_id


async def explain_list(
    connection: asyncpg.Connection, filters: TaskFilter, page: PageShape, *, large: bool = True, **values: object
) -> list[Json]:
    user_id = await find_user(connection, large=large)
    defaults = {"limit": PAGE_SIZE, "offset": 0, "priority_rank": 1, "tag_name": "tag7", "tag_id": 0}
    parameters = defaults | {"text": "garden", "user_id": user_id} | values
    return await explain(connection, select_page(filters, page), run=True, **parameters)


def count_sorted_rows(nodes: list[Json]) -> int:
    """Return the number of rows that the largest sort of a plan reads."""
    sorts = [node for node in nodes if node["Node Type"] in ("Sort", "Incremental Sort")]
    return int(max((child["Actual Rows"] for node in sorts for child in node["Plans"][:1]), default=0))


def find_scans(nodes: list[Json], kind: str) -> list[Json]:
    return [node for node in nodes if node["Node Type"] == kind and node["Actual Loops"] > 0]


@pytest.mark.spec("PLN-001")
@pytest.mark.parametrize(
    "filters", [{}, {"status": "pending"}, {"has_priority": True}], ids=["all", "status", "priority"]
)
@pytest.mark.parametrize("sort", SORTS)
async def test_page_is_read_in_the_order_of_an_index(
    planning_connection: asyncpg.Connection, sort: str, filters: Json
) -> None:
    nodes = await explain_list(planning_connection, TaskFilter(**filters), PageShape(sort))

    assert count_sorted_rows(nodes) <= PAGE_SIZE, nodes
    [page] = [node for node in find_scans(nodes, "Index Scan") if node["Alias"].startswith("tasks")]
    assert page["Actual Rows"] + page.get("Rows Removed by Filter", 0) <= 10 * PAGE_SIZE
    [count] = [node for node in find_scans(nodes, "Index Only Scan") if node["Actual Rows"] > PAGE_SIZE]
    assert count["Heap Fetches"] == 0


@pytest.mark.spec("PLN-001")
@pytest.mark.parametrize("sort", SORTS)
async def test_page_after_a_cursor_reads_no_earlier_rows(planning_connection: asyncpg.Connection, sort: str) -> None:
    page = PageShape(sort, counts=False, continues=True)
    user_id = await find_user(planning_connection, large=True)
    field = sort.removeprefix("-")
    key = "title_key" if field == "title" else field
    rows = f"SELECT id, {key} AS {field} FROM tasks WHERE user_id = $1 AND due_day IS NULL ORDER BY {key} OFFSET 2000"
    [middle_task] = await planning_connection.fetch(f"{rows} LIMIT 1", user_id)

    nodes = await explain_list(
        planning_connection, TaskFilter(), page, after=middle_task[field], after_id=middle_task["id"]
    )

    assert count_sorted_rows(nodes) <= PAGE_SIZE
    assert max(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in nodes) <= 2 * PAGE_SIZE


@pytest.mark.spec("PLN-001")
@pytest.mark.parametrize("sort", SORTS)
async def test_offset_skips_index_entries(planning_connection: asyncpg.Connection, sort: str) -> None:
    nodes = await explain_list(planning_connection, TaskFilter(), PageShape(sort, skips=True), offset=LARGE - PAGE_SIZE)

    assert count_sorted_rows(nodes) <= PAGE_SIZE
    assert all(node["Actual Rows"] <= PAGE_SIZE for node in find_scans(nodes, "Index Scan"))


@pytest.mark.spec("DAT-033")
@pytest.mark.parametrize("sort", [*SORTS, *UNINDEXED_SORTS])
async def test_due_filter_reads_the_due_tasks_alone(planning_connection: asyncpg.Connection, sort: str) -> None:
    nodes = await explain_list(planning_connection, TaskFilter(has_due_range=True), PageShape(sort), **DUE_RANGE)

    [scan] = [node for node in nodes if node.get("Index Name") == "idx_tasks_user_due_date"]
    assert 0 < scan["Actual Rows"] <= 2 * PAGE_SIZE
    indexes = {node.get("Index Name") for node in nodes if node.get("Relation Name") == "tasks"}
    assert indexes <= {"idx_tasks_user_due_date", "pk_tasks", None}


async def explain_filter(connection: asyncpg.Connection, text: str) -> list[Json]:
    """Return the nodes of the plan of a list with a filter that read tasks, and of their subplans."""
    found = parse_filter(text)
    values = term_values(found.terms, ZoneInfo("UTC"), datetime(2026, 11, 26, tzinfo=UTC))
    values |= {"user_id": await find_user(connection, large=True), "limit": PAGE_SIZE}
    statement = select_filtered_page(TaskFilter(), found.expression, PageShape(NEWEST_FIRST))
    return await explain(connection, statement, run=True, **values)


@pytest.mark.spec("FIL-007")
@pytest.mark.parametrize(
    ("text", "index", "rows"),
    [("today", "idx_tasks_user_due_date", 2 * PAGE_SIZE), ("!p3 & @tag7 & (today | overdue)", "pk_tasks", TAGGED)],
)
async def test_filter_reads_the_tasks_of_a_required_term(
    planning_connection: asyncpg.Connection, text: str, index: str, rows: int
) -> None:
    nodes = await explain_filter(planning_connection, text)

    scans = [node for node in nodes if node.get("Relation Name") == "tasks" and node["Actual Loops"] == 1]
    assert index in {node.get("Index Name") for node in nodes}
    assert all(scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0) <= rows for scan in scans)


@pytest.mark.spec("FIL-007")
async def test_filter_with_alternatives_reads_the_tasks_of_the_user_once(
    planning_connection: asyncpg.Connection,
) -> None:
    nodes = await explain_filter(planning_connection, "!@tag7 | search:garden & !@tag3 | no tags")

    [scan] = [node for node in nodes if "SubPlan" in node.get("Filter", "")]
    assert (scan["Relation Name"], scan["Actual Loops"]) == ("tasks", 1)
    assert scan["Actual Rows"] + scan["Rows Removed by Filter"] == LARGE
    read = [node for node in nodes if node.get("Relation Name") in ("task_search", "task_tag_link")]
    assert all(node["Actual Loops"] <= PAGE_SIZE for node in read)


@pytest.mark.spec("DAT-033")
@pytest.mark.parametrize("sort", UNINDEXED_SORTS)
async def test_order_without_an_index_reads_the_tasks_of_the_user_once(
    planning_connection: asyncpg.Connection, sort: str
) -> None:
    nodes = await explain_list(planning_connection, TaskFilter(), PageShape(sort))

    scans = [node for node in nodes if node.get("Relation Name") == "tasks" and node["Actual Rows"] > PAGE_SIZE]
    assert [scan["Actual Rows"] for scan in scans] == [LARGE]
    assert scans[0]["Node Type"] in ("Index Scan", "Index Only Scan", "Bitmap Heap Scan")


@pytest.mark.spec("PLN-005")
@pytest.mark.parametrize(
    ("filters", "skips"),
    [
        ({}, False),
        ({"status": "pending"}, False),
        ({"status": "pending", "has_priority": True}, False),
        ({"searches": True}, False),
        ({}, True),
    ],
    ids=["all", "status", "status and priority", "search", "last page"],
)
@pytest.mark.parametrize("sort", SORTS)
async def test_filter_by_tag_reads_the_tasks_of_the_tag(
    connection: asyncpg.Connection, sort: str, filters: Json, skips: bool
) -> None:
    await connection.execute("SET plan_cache_mode = force_generic_plan")

    nodes = await explain_list(connection, TaskFilter(has_tag=True, **filters), PageShape(sort, skips=skips))

    # In every other index the id is the last column, so a lookup by id reads all entries of the user.
    indexes_by_id = {"pk_tasks", "idx_tasks_user_priority"} if "has_priority" in filters else {"pk_tasks"}
    [scan] = [node for node in find_scans(nodes, "Index Scan") if "ANY" in node["Index Cond"]]
    assert scan["Index Name"] in indexes_by_id
    assert scan["Actual Loops"] == 1
    assert scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0) <= TAGGED


@pytest.mark.spec("PLN-002", "TXT-006")
@pytest.mark.parametrize("large", [True, False], ids=["many tasks", "few tasks"])
@pytest.mark.parametrize("text", ["garden", "zzzz", "a", "ga"], ids=["common", "unknown", "letter", "two letters"])
async def test_search_reads_the_search_rows_of_the_user_alone(
    planning_connection: asyncpg.Connection, large: bool, text: str
) -> None:
    nodes = await explain_list(
        planning_connection, TaskFilter(searches=True), PageShape(NEWEST_FIRST), large=large, text=text
    )

    [scan] = [node for node in nodes if node.get("Relation Name") == "task_search"]
    own_tasks = LARGE if large else 100
    assert scan["Node Type"] in ("Index Scan", "Bitmap Heap Scan")
    assert scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0) == own_tasks


@pytest.mark.spec("PLN-002", "TXT-009")
async def test_rename_of_a_tag_reads_no_task(planning_connection: asyncpg.Connection) -> None:
    user_id = await find_user(planning_connection, large=True)
    tag_id = await planning_connection.fetchval("SELECT id FROM tags WHERE user_id = $1 AND name = 'tag7'", user_id)
    values = {"user_id": user_id, "tag_id": tag_id, "name": "renamed", "name_key": "renamed"}

    nodes = await explain(planning_connection, update_tag(conditional=False), run=True, **values)

    written = {node["Relation Name"] for node in nodes if node["Node Type"] == "ModifyTable"}
    assert written == {"tags", "change_clocks", "changes"}
    read = [node for node in nodes if "Relation Name" in node and node["Node Type"] != "ModifyTable"]
    assert {node["Relation Name"] for node in read} == {"tags", "change_clocks"}
    assert {node["Actual Rows"] for node in read} == {1}


@pytest.fixture
async def unanalyzed_connection(make_database: MakeDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database with 3,000 new tasks and without statistics."""
    connection = await connect(await make_database())
    await connection.execute("INSERT INTO users (email, email_key, password_hash) VALUES ('new@example.com', '', 'x')")
    await connection.execute(
        "INSERT INTO tasks (user_id, title, title_key, external_id) "
        "SELECT id, 'x', 'x', i FROM users, generate_series(1, 3000) AS i"
    )
    yield connection
    await connection.close()


@pytest.mark.spec("PLN-003")
async def test_bulk_update_reads_each_item_once(
    connection: asyncpg.Connection, unanalyzed_connection: asyncpg.Connection
) -> None:
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    analyzed_plan, unanalyzed_plan = [
        await explain(database, UPDATE_TASKS, run=False) for database in (connection, unanalyzed_connection)
    ]

    # A join filter compares every item with every task.
    filters = [node["Join Filter"] for node in [*analyzed_plan, *unanalyzed_plan] if "Join Filter" in node]
    assert {*filters} == {"(change_clocks_1.seq = snapshot.seq)"}
    lookups = [node["Index Cond"] for node in analyzed_plan if node.get("Index Name") == "pk_tasks"]
    assert lookups == [
        "((user_id = item.owner_id) AND (id = item.id))",
        "((user_id = plan_2.user_id) AND (id = plan_2.id))",
    ]


@pytest.mark.spec("PLN-003")
async def test_external_ids_are_looked_up_by_index_without_statistics(
    unanalyzed_connection: asyncpg.Connection,
) -> None:
    nodes = await explain(unanalyzed_connection, SELECT_TARGETS, run=False)

    [lookup] = [node for node in nodes if node.get("Alias") == "tasks_1"]
    assert lookup["Index Name"] == "uq_tasks_user_id_external_id"
    assert "external_id" in lookup["Index Cond"]


@pytest.mark.timeout(240)
@pytest.mark.spec("PLN-003")
async def test_statements_read_no_table_sequentially(connection: asyncpg.Connection) -> None:
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    # These may read a small table without an index.
    small = (".SWEEP", ".SELECT_DISABLED")
    statements = {name: statement for name, statement in all_statements() if not name.endswith(small)}

    sequential_scans = [
        name
        for name, statement in statements.items()
        for node in await explain(connection, statement, run=False)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in TABLES
    ]

    assert len(statements) > 400
    assert sequential_scans == []
