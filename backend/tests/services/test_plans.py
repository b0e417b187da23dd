"""How PostgreSQL goes about each statement, on a person with many tasks among many people."""

import asyncio
import importlib
import itertools
import json
import pkgutil
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import asyncpg
import pytest

import todo.services
from tests.support import Json, MakeDatabase
from todo.core.database.database import SHORT_STATEMENTS
from todo.core.database.statement import Statement
from todo.core.database.url import connect_arguments
from todo.services.accounts.statements import update_user
from todo.services.shared.lists import PageShape
from todo.services.tasks.bulk_statements import LOCK_TASKS, UPDATE_TASKS
from todo.services.tasks.list_statements import NEWEST_FIRST, TASK_LISTING, TaskFilter, select_page
from todo.services.tasks.statements import update_task

LARGE = 10_000
TAGGED = 500
SHOWN = 20
SORTS = [direction + field for field in TASK_LISTING.orders for direction in ("", "-")]
TABLES = {"tasks", "task_tag_link", "tags", "users", "sessions", "access_tokens", "idempotency_keys"}
SEED = """
INSERT INTO users (email, password_hash) SELECT 'user' || i || '@example.com', 'x' FROM generate_series(1, 400) AS i;
INSERT INTO tasks (user_id, title, description, completed, priority, due_date, created_at)
SELECT users.id, 'Task ' || md5(i::text), CASE WHEN i % 50 = 0 THEN 'In the garden' END, i % 5 < 2,
       (ARRAY['low', 'medium', 'high'])[1 + i % 3],
       CASE WHEN i % 2 = 0 THEN now() + i * interval '1 hour' END, now() - i * interval '1 minute'
FROM users, generate_series(1, CASE email WHEN 'user1@example.com' THEN 10000 ELSE 100 END) AS i;
INSERT INTO tags (user_id, name) SELECT id, 'tag' || i FROM users, generate_series(1, 10) AS i;
INSERT INTO task_tag_link (user_id, task_id, tag_id)
SELECT user_id, tasks.id, tags.id FROM tasks JOIN tags USING (user_id) WHERE name = 'tag' || tasks.id % 20;
INSERT INTO sessions (user_id, id, token_hash, expires_at)
SELECT id, gen_random_uuid(), 'x', now() + i * interval '1 hour' FROM users, generate_series(1, 10) AS i;
INSERT INTO access_tokens (user_id, name, token_hash, scopes)
SELECT id, 'token' || i, sha256((id::text || i)::bytea), '{account}' FROM users, generate_series(1, 10) AS i;
INSERT INTO idempotency_keys (user_id, key, fingerprint, created_at)
SELECT id, 'key' || i, 'x', now() - i * interval '1 minute' FROM users, generate_series(1, 10) AS i
"""
NOT_YET_VISIBLE = "SELECT count(*) FROM pg_class WHERE relname = ANY ($1) AND relallvisible < relpages"


@pytest.fixture(scope="module")
async def connection(make_database: MakeDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection like the service's, to a database with many people."""
    arguments = connect_arguments(await make_database())
    arguments["server_settings"] |= SHORT_STATEMENTS
    connection = await asyncpg.connect(**arguments)
    for statement in SEED.split(";"):
        await connection.execute(statement)
    await connection.execute("VACUUM ANALYZE")
    async with asyncio.timeout(30):
        # The server's own vacuum may have been in the way.
        while await connection.fetchval(NOT_YET_VISIBLE, list(TABLES)):
            await connection.execute("VACUUM ANALYZE")
    yield connection
    await connection.close()


@pytest.fixture(params=["force_custom_plan", "force_generic_plan"])
async def planned(connection: asyncpg.Connection, request: pytest.FixtureRequest) -> asyncpg.Connection:
    """The same, planning for the values of each statement or, as after some runs, for any."""
    await connection.execute(f"SET plan_cache_mode = {request.param}")
    return connection


async def find_owner(connection: asyncpg.Connection, *, large: bool) -> UUID:
    """Return who has many tasks, or somebody who has few."""
    number = 1 if large else 2
    owner: UUID = await connection.fetchval("SELECT id FROM users WHERE email = $1", f"user{number}@example.com")
    return owner


async def explain(connection: asyncpg.Connection, statement: Statement, *, run: bool, **values: object) -> list[Json]:
    """Return the nodes of a statement's plan and, if it is run, what they did; nothing that it writes stays."""
    options = "ANALYZE, BUFFERS, FORMAT JSON" if run else "FORMAT JSON"
    arguments = statement.arguments({name: values.get(name) for name in statement.parameters})
    async with connection.transaction():
        # Only what SQL itself prepares is planned as its setting says.
        await connection.execute(f"PREPARE explained AS {statement.sql}")
        execute = f"EXECUTE explained ({', '.join(map(_literal, arguments))})" if arguments else "EXECUTE explained"
        [found] = json.loads(await connection.fetchval(f"EXPLAIN ({options}) {execute}"))
        await connection.execute("DEALLOCATE explained")
    return list(_walk(found["Plan"]))


def _literal(value: object) -> str:
    if value is None or isinstance(value, int):
        return str(value).lower() if value is not None else "NULL"
    return f"'{value}'"


def _walk(node: Json) -> Iterator[Json]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


async def explain_list(
    connection: asyncpg.Connection, filters: TaskFilter, page: PageShape, *, large: bool = True, **values: object
) -> list[Json]:
    owner = await find_owner(connection, large=large)
    defaults = {"limit": SHOWN, "offset": 0, "priority_rank": 1, "tag_name": "tag7", "tag_id": 0}
    parameters = defaults | {"contains": "%garden%", "user_id": owner} | values
    return await explain(connection, select_page(filters, page), run=True, **parameters)


def sorted_rows(nodes: list[Json]) -> int:
    """Return how many rows the largest sort of a plan took in."""
    sorts = [node for node in nodes if node["Node Type"] in ("Sort", "Incremental Sort")]
    return int(max(child["Actual Rows"] for node in sorts for child in node["Plans"][:1]))


def scans_of(nodes: list[Json], kind: str) -> list[Json]:
    return [node for node in nodes if node["Node Type"] == kind and node["Actual Loops"] > 0]


@pytest.mark.spec("PLN-001")
@pytest.mark.parametrize(
    "filters", [{}, {"status": "pending"}, {"has_priority": True}], ids=["all", "status", "priority"]
)
@pytest.mark.parametrize("sort", SORTS)
async def test_reads_a_page_from_an_index_in_its_order(planned: asyncpg.Connection, sort: str, filters: Json) -> None:
    nodes = await explain_list(planned, TaskFilter(**filters), PageShape(sort))

    assert sorted_rows(nodes) <= SHOWN, nodes
    [page] = [node for node in scans_of(nodes, "Index Scan") if node["Alias"].startswith("tasks")]
    assert page["Actual Rows"] + page.get("Rows Removed by Filter", 0) <= 10 * SHOWN
    [count] = [node for node in scans_of(nodes, "Index Only Scan") if node["Actual Rows"] > SHOWN]
    assert count["Heap Fetches"] == 0


@pytest.mark.spec("PLN-001")
@pytest.mark.parametrize("sort", SORTS)
async def test_goes_on_from_a_cursor_without_what_was_before(planned: asyncpg.Connection, sort: str) -> None:
    page = PageShape(sort, counts=False, continues=True)
    owner = await find_owner(planned, large=True)
    field = sort.removeprefix("-")
    [half_way] = await planned.fetch(
        f"SELECT id, {field} FROM tasks WHERE user_id = $1 ORDER BY {field} OFFSET 4000 LIMIT 1", owner
    )

    nodes = await explain_list(planned, TaskFilter(), page, after=half_way[field], after_id=half_way["id"])

    assert sorted_rows(nodes) <= SHOWN
    assert max(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in nodes) <= 2 * SHOWN


@pytest.mark.spec("PLN-001")
@pytest.mark.parametrize("sort", SORTS)
async def test_skips_pages_in_the_index_alone(planned: asyncpg.Connection, sort: str) -> None:
    nodes = await explain_list(planned, TaskFilter(), PageShape(sort, skips=True), offset=LARGE - SHOWN)

    assert sorted_rows(nodes) <= SHOWN
    assert all(node["Actual Rows"] <= SHOWN for node in scans_of(nodes, "Index Scan"))


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
async def test_reads_the_tasks_of_a_tag_and_no_others(
    connection: asyncpg.Connection, sort: str, filters: Json, skips: bool
) -> None:
    await connection.execute("SET plan_cache_mode = force_generic_plan")

    nodes = await explain_list(connection, TaskFilter(has_tag=True, **filters), PageShape(sort, skips=skips))

    # In others, which an id is at the end of, it would have to go through all of them.
    by_key = {"pk_tasks", "idx_tasks_user_priority"} if "has_priority" in filters else {"pk_tasks"}
    [read] = [node for node in scans_of(nodes, "Index Scan") if "ANY" in node["Index Cond"]]
    assert read["Index Name"] in by_key
    assert read["Actual Loops"] == 1
    assert read["Actual Rows"] + read.get("Rows Removed by Filter", 0) <= TAGGED


@pytest.mark.spec("PLN-002")
@pytest.mark.parametrize("large", [True, False], ids=["many tasks", "few tasks"])
async def test_looks_for_a_word_where_it_is_cheaper(planned: asyncpg.Connection, large: bool) -> None:
    nodes = await explain_list(planned, TaskFilter(searches=True), PageShape(NEWEST_FIRST), large=large)

    used = [node for node in scans_of(nodes, "Bitmap Index Scan") if node["Index Name"] == "idx_tasks_search"]
    assert len(used) == (1 if large else 0)


@pytest.fixture
async def new(make_database: MakeDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database with somebody's first tasks, of which there are no statistics yet."""
    arguments = connect_arguments(await make_database())
    arguments["server_settings"] |= SHORT_STATEMENTS
    connection = await asyncpg.connect(**arguments)
    await connection.execute("INSERT INTO users (email, password_hash) VALUES ('new@example.com', 'x')")
    await connection.execute(
        "INSERT INTO tasks (user_id, title, external_id) SELECT id, 'x', i FROM users, generate_series(1, 3000) AS i"
    )
    yield connection
    await connection.close()


@pytest.mark.spec("PLN-003")
async def test_goes_through_the_items_of_a_bulk_update_once(
    connection: asyncpg.Connection, new: asyncpg.Connection
) -> None:
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    among_many, among_first = [await explain(database, UPDATE_TASKS, run=False) for database in (connection, new)]

    # A filter of a join compares each with each.
    assert [node for node in [*among_many, *among_first] if "Join Filter" in node] == []
    [lookup] = [node for node in among_many if node.get("Index Name") == "pk_tasks"]
    assert lookup["Index Cond"] == "((user_id = item.user_id) AND (id = item.id))"


@pytest.mark.spec("PLN-003")
async def test_looks_up_external_ids_by_their_index_before_there_are_statistics(new: asyncpg.Connection) -> None:
    nodes = await explain(new, LOCK_TASKS, run=False)

    [lookup] = [node for node in nodes if node.get("Alias") == "tasks_1"]
    assert lookup["Index Name"] == "uq_tasks_user_id_external_id"
    assert "external_id" in lookup["Index Cond"]


def every_statement() -> Iterator[tuple[str, Statement]]:
    """Give every statement of the services by its name: those that modules hold, and shapes of the others."""
    for module in pkgutil.walk_packages(todo.services.__path__, "todo.services."):
        attributes = vars(importlib.import_module(module.name))
        yield from (
            (f"{module.name}.{name}", value) for name, value in attributes.items() if isinstance(value, Statement)
        )
    either = [False, True]
    parts = [(False, False), (True, False), (False, True)]
    for searches, status, *others in itertools.product(either, ["all", "pending"], either, either, either):
        filters = TaskFilter(searches, False, status, *others)
        for sort, counts, (skips, continues) in itertools.product(SORTS[1:3], either, parts):
            shape = PageShape(sort, counts, skips, continues)
            yield f"list {filters} {shape}", select_page(filters, shape)
    for fields in (["title"], ["completed"], ["title", "due_date", "priority"]):
        for conditional in (False, True):
            yield f"update {fields}", update_task(frozenset(fields), conditional=conditional)
    for fields in (["name"], ["email", "password_hash"]):
        yield f"update user {fields}", update_user(frozenset(fields))


@pytest.mark.spec("PLN-003")
async def test_reads_no_table_from_beginning_to_end(connection: asyncpg.Connection) -> None:
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    # Housekeeping takes the oldest thousand of all, by an index or, from so small a table, without.
    statements = {name: statement for name, statement in every_statement() if not name.endswith(".SWEEP")}

    read_whole = [
        name
        for name, statement in statements.items()
        for node in await explain(connection, statement, run=False)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in TABLES
    ]

    assert len(statements) > 400
    assert read_whole == []
