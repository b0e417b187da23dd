"""Readiness: whether the database responds and has the tables that this version needs."""

import asyncio
import logging

from todo.core.database import schema_status
from todo.core.database.session import Session
from todo.core.errors import ServiceUnavailableError

TIMEOUT_SECONDS = 2.0

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
        async with asyncio.timeout(TIMEOUT_SECONDS):
            status = await schema_status.read_schema_status(session.fetch_all)
    except (ServiceUnavailableError, TimeoutError) as error:
        raise DatabaseUnreachableError from error
    if status.problem is not None:
        logger.error("The database cannot be used: %s", status.problem)
        raise DatabaseUnsupportedError
    if status.pending:
        raise MigrationsPendingError
