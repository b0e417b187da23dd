"""Readiness: whether the database responds and has the tables that this version needs."""

import asyncio

from sqlalchemy import column, select, table

from todo.core.database.driver_errors import SchemaError
from todo.core.database.session import Row, Session
from todo.core.database.statement import Statement
from todo.core.errors import ServiceUnavailableError
from todo.migrations import REVISIONS

TIMEOUT_SECONDS = 2.0
_queries: set[asyncio.Task[Row | None]] = set()
"""Running queries. The event loop keeps no reference to a task."""
SELECT_REVISION = Statement(select(column("version_num")).select_from(table("alembic_version")))


class DatabaseUnreachableError(ServiceUnavailableError):
    """The database cannot be reached"""

    code = "DATABASE_UNREACHABLE"


class MigrationsPendingError(ServiceUnavailableError):
    """The database lacks migrations that this version needs"""

    code = "MIGRATIONS_PENDING"


async def check_readiness(session: Session) -> None:
    """Check that the database responds and has every migration of this version; newer ones are accepted.

    Raises:
        DatabaseUnreachableError: the database does not respond within two seconds.
        MigrationsPendingError: the database lacks migrations.
    """
    try:
        row = await _fetch_revision(session)
    except SchemaError as error:
        raise MigrationsPendingError from error
    except (ServiceUnavailableError, TimeoutError) as error:
        raise DatabaseUnreachableError from error
    if row is None or row["version_num"] in REVISIONS[:-1]:
        raise MigrationsPendingError


async def _fetch_revision(session: Session) -> Row | None:
    """Return the revision of the database (AUT-011).

    A timeout around the statement would end later: the pool says goodbye to a frozen server before it gives up.

    Raises:
        TimeoutError: the database did not respond in time.
    """
    query = asyncio.create_task(session.fetch_one(SELECT_REVISION))
    _queries.add(query)
    query.add_done_callback(_forget)
    try:
        await asyncio.wait({query}, timeout=TIMEOUT_SECONDS)
        if not query.done():
            raise TimeoutError
        return query.result()
    finally:
        query.cancel()


def _forget(query: asyncio.Task[Row | None]) -> None:
    _queries.discard(query)
    if not query.cancelled():
        query.exception()
