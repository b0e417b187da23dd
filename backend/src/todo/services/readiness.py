"""Readiness: whether the database responds and has the tables that this version needs."""

import asyncio

from sqlalchemy import column, select, table

from todo.core.database.driver_errors import SchemaError
from todo.core.database.session import Session
from todo.core.database.statement import Statement
from todo.core.errors import ServiceUnavailableError
from todo.migrations import REVISIONS

TIMEOUT_SECONDS = 2.0
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
        async with asyncio.timeout(TIMEOUT_SECONDS):
            row = await session.fetch_one(SELECT_REVISION)
    except SchemaError as error:
        raise MigrationsPendingError from error
    except (ServiceUnavailableError, TimeoutError) as error:
        raise DatabaseUnreachableError from error
    if row is None or row["version_num"] in REVISIONS[:-1]:
        raise MigrationsPendingError
