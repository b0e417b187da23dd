"""The plans of the statements of the services."""

import importlib
import itertools
import json
import pkgutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

import todo.services
from tests.support import Json
from todo.core.database.connection import SHORT_STATEMENTS
from todo.core.database.statement import Statement
from todo.core.database.url import connect_arguments
from todo.domain.filters.terms import Branch, Leaf
from todo.services.accounts.statements import update_user
from todo.services.shared.lists import PageShape
from todo.services.tasks.list_statements import TASK_LISTING, TaskFilter, select_filtered_page, select_page
from todo.services.tasks.listing.expressions import CONDITIONS
from todo.services.tasks.write_statements import update_task

SORTS = [
    direction + field for field, order in TASK_LISTING.orders.items() if order.is_indexed for direction in ("", "-")
]
UNINDEXED_SORTS = [field for field, order in TASK_LISTING.orders.items() if not order.is_indexed]
TABLES = {
    *("tasks", "task_search", "task_tag_link", "tags", "users", "sessions", "access_tokens", "idempotency_keys"),
    *("totp_factors", "recovery_codes", "change_clocks", "changes", "task_occurrences"),
}


async def connect(url: str) -> asyncpg.Connection:
    """Open a connection with the settings of the service."""
    arguments = connect_arguments(url)
    arguments["server_settings"] |= SHORT_STATEMENTS
    return await asyncpg.connect(**arguments)


@asynccontextmanager
async def connect_to_seeded(url: str, seed: str) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection to a database after statements that insert rows, separated by `;`."""
    connection = await connect(url)
    for statement in seed.split(";"):
        await connection.execute(statement)
    await connection.execute("VACUUM ANALYZE")
    yield connection
    await connection.close()


async def explain(connection: asyncpg.Connection, statement: Statement, *, run: bool, **values: object) -> list[Json]:
    """Return the nodes of a statement's plan. With `run`, execute the statement, measure the nodes, and roll back."""
    arguments = statement.arguments({name: values.get(name) for name in statement.parameters})
    return await explain_query(connection, statement.sql, arguments, run=run)


async def explain_query(
    connection: asyncpg.Connection, query: str, arguments: Sequence[object], *, run: bool
) -> list[Json]:
    """Return the nodes of a query's plan, as `explain` does."""
    options = "ANALYZE, BUFFERS, FORMAT JSON" if run else "FORMAT JSON"
    transaction = connection.transaction()
    await transaction.start()
    # plan_cache_mode applies to statements prepared by SQL.
    await connection.execute(f"PREPARE explained AS {query}")
    execute = f"EXECUTE explained ({', '.join(map(_literal, arguments))})" if arguments else "EXECUTE explained"
    [explanation] = json.loads(await connection.fetchval(f"EXPLAIN ({options}) {execute}"))
    await connection.execute("DEALLOCATE explained")
    await transaction.rollback()
    return list(_walk(explanation["Plan"]))


def _literal(value: object) -> str:
    if value is None or isinstance(value, int):
        return str(value).lower() if value is not None else "NULL"
    return f"'{value}'"


def _walk(node: Json) -> Iterator[Json]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


def all_statements() -> Iterator[tuple[str, Statement]]:
    """Yield the constant statements of the services, and variants of the built ones, with their names."""
    for module in pkgutil.walk_packages(todo.services.__path__, "todo.services."):
        attributes = vars(importlib.import_module(module.name))
        yield from (
            (f"{module.name}.{name}", value) for name, value in attributes.items() if isinstance(value, Statement)
        )
    either = [False, True]
    parts = [(False, False), (True, False), (False, True)]
    for searches, status, *others in itertools.product(either, ["all", "pending"], either, either, either):
        filters = TaskFilter(searches, status, *others)
        for sort, counts, (skips, continues) in itertools.product(SORTS[1:3], either, parts):
            shape = PageShape(sort, counts, skips, continues)
            yield f"list {filters} {shape}", select_page(filters, shape)
    date_filters: list[Json] = [
        {name: True} for name in TaskFilter._fields[TaskFilter._fields.index("has_due_range") :]
    ]
    for date_filter in date_filters:
        for sort, counts, (skips, continues) in itertools.product([*SORTS, *UNINDEXED_SORTS], either, parts):
            filters, shape = TaskFilter(**date_filter), PageShape(sort, counts, skips, continues)
            yield f"list {filters} {shape}", select_page(filters, shape)
    yield from _filtered_lists()
    for fields in (["title"], ["completed"], ["title", "due_date", "due_day", "due_time_zone", "priority"]):
        for conditional in (False, True):
            yield f"update {fields}", update_task(frozenset(fields), conditional=conditional)
    for fields in (["name"], ["email", "email_key", "pending_email"]):
        yield f"update user {fields}", update_user(frozenset(fields))


def _filtered_lists() -> Iterator[tuple[str, Statement]]:
    """Yield lists with a filter: each kind of term where it is required, and all kinds where they are not."""
    leaves = [Leaf(kind, place) for place, kind in enumerate(CONDITIONS)]
    for expression in (*leaves, Branch("not", (Branch("or", tuple(leaves)),))):
        for sort in ("-created_at", "due_date"):
            yield f"filter {expression} {sort}", select_filtered_page(TaskFilter(), expression, PageShape(sort))
