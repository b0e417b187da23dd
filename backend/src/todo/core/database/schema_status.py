"""The schema of a database, compared with the installed migrations."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import text

from todo.core.database.statement import Statement
from todo.migrations import REVISIONS, TABLES

ENCODING = "UTF8"
SELECT_DATABASE = Statement(
    text("""
        SELECT current_setting('server_encoding') AS encoding,
            to_regclass('alembic_version') IS NOT NULL AS has_revision,
            ARRAY(SELECT name FROM unnest(CAST(:tables AS text[])) AS name WHERE to_regclass(name) IS NULL) AS missing
    """)
)
SELECT_REVISIONS = Statement(text("SELECT version_num FROM alembic_version"))

Fetch = Callable[..., Awaitable[Sequence[Any]]]


@dataclass(frozen=True)
class SchemaStatus:
    """The revision of a database, compared with the installed migrations.

    Attributes:
        current: the last applied revision; None in an empty database. A later version may have applied an unknown one.
        pending: the revisions that are not applied, oldest first.
        problem: why the service cannot use the database, and the remedy; None if it can.
    """

    current: str | None
    pending: tuple[str, ...]
    problem: str | None = None


async def read_schema_status(fetch_all: Fetch) -> SchemaStatus:
    """Read the state of a database. Its tables are looked up first, so PostgreSQL logs no error for a missing one.

    Args:
        fetch_all: runs a statement with its values and returns the rows.
    """
    (database,) = await fetch_all(SELECT_DATABASE, tables=list(TABLES))
    rows = await fetch_all(SELECT_REVISIONS) if database["has_revision"] else ()
    revisions = [row["version_num"] for row in rows]
    current = revisions[-1] if revisions else None
    applied = REVISIONS.index(current) + 1 if current in REVISIONS else len(REVISIONS)
    pending = REVISIONS[applied:] if current else REVISIONS
    return SchemaStatus(current, pending, _find_problem(database["encoding"], revisions, database["missing"]))


def fetch_with(connection: asyncpg.Connection) -> Fetch:
    """Return a function that runs statements on a connection."""

    async def fetch_all(statement: Statement, **values: object) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await connection.fetch(statement.sql, *statement.arguments(values))
        return rows

    return fetch_all


def _find_problem(encoding: str, revisions: Sequence[str], missing: Sequence[str]) -> str | None:
    if encoding != ENCODING:
        return (
            f"its encoding is {encoding}, and the service needs {ENCODING}. Create a database with: "
            f"CREATE DATABASE todo ENCODING '{ENCODING}' TEMPLATE template0"
        )
    present = [name for name in TABLES if name not in missing]
    if not revisions:
        if present:
            return f"it has a table {present[0]} that no migration of this service created. Use an empty database"
        return None
    if len(revisions) > 1 or (missing and revisions[0] not in REVISIONS):
        return (
            f"its table alembic_version has the revision {revisions[0]} of another application. "
            "Use a database of its own for this service"
        )
    if missing:
        return f"it lacks the table {missing[0]}, which the migrations up to {revisions[0]} created. Restore a backup"
    return None
