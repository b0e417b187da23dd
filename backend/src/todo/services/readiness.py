"""Readiness: whether the database responds and has the tables that this version needs."""

import asyncio
import logging

from todo.core.database.schema_status import SchemaStatus, read_schema_status
from todo.core.database.session import Session
from todo.core.errors import ServiceUnavailableError

TIMEOUT_SECONDS = 2.0
_queries: set[asyncio.Task[SchemaStatus]] = set()
"""Running queries. The event loop keeps no reference to a task."""

logger = logging.getLogger(__name__)


class DatabaseUnreachableError(ServiceUnavailableError):
    """The database cannot be reached"""

    code = "DATABASE_UNREACHABLE"


class MigrationsPendingError(ServiceUnavailableError):
    """The database lacks migrations that this version needs"""

    code = "MIGRATIONS_PENDING"


class DatabaseUnsupportedError(ServiceUnavailableError):
    """The database cannot be used by this service"""

    code = "DATABASE_UNSUPPORTED"


async def check_readiness(session: Session) -> None:
    """Check that the database responds and has every migration of this version; newer ones are accepted.

    Raises:
        DatabaseUnreachableError: the database does not respond within two seconds.
        MigrationsPendingError: the database lacks migrations.
        DatabaseUnsupportedError: the encoding is not UTF8, or the tables are those of another application.
    """
    try:
        status = await _read_status(session)
    except (ServiceUnavailableError, TimeoutError) as error:
        raise DatabaseUnreachableError from error
    if status.problem is not None:
        logger.error("The database cannot be used: %s", status.problem)
        raise DatabaseUnsupportedError
    if status.pending:
        raise MigrationsPendingError


async def _read_status(session: Session) -> SchemaStatus:
    """Return the state of the schema (AUT-011).

    A timeout around the statement would end later: the pool says goodbye to a frozen server before it gives up.

    Raises:
        TimeoutError: the database did not respond in time.
    """
    query = asyncio.create_task(_read(session))
    _queries.add(query)
    query.add_done_callback(_forget)
    try:
        await asyncio.wait({query}, timeout=TIMEOUT_SECONDS)
        if not query.done():
            raise TimeoutError
        return query.result()
    finally:
        query.cancel()


async def _read(session: Session) -> SchemaStatus:
    return await read_schema_status(session.fetch_all)


def _forget(query: asyncio.Task[SchemaStatus]) -> None:
    _queries.discard(query)
    if not query.cancelled():
        query.exception()
