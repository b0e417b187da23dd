"""Applies and undoes the Alembic migrations in `todo.migrations`, and compares a database with them.

Alembic is imported only to apply or undo migrations. The import takes 10 MB and a quarter of a second, and a service
that starts on an up-to-date database does not need Alembic.
"""

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg

from todo.core.database.driver_errors import translated_errors
from todo.core.database.schema_status import SchemaStatus, read_schema_status
from todo.core.database.statement import Statement
from todo.core.database.url import connect_arguments

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = "todo:migrations"
CONNECT_SECONDS = 10
IN_USE = (
    "the database is in use: a table stayed locked for ten seconds, and the database is unchanged. "
    "Stop the services and the other programs that use the database, then retry"
)


class MigrationError(Exception):
    """A migration failed or does not exist. The message is from Alembic or from the database."""


def upgrade(url: str, revision: str = "head") -> None:
    """Apply the pending migrations up to a revision. Concurrent upgrades of a database run one after the other.

    Raises:
        MigrationError: a migration failed, or the revision does not exist.
    """
    _run("upgrade", url, revision)


def downgrade(url: str, revision: str) -> None:
    """Undo the migrations after a revision; `-1` undoes the last one, `base` all of them (DB-007).

    Raises:
        MigrationError: a migration failed, or the revision does not exist.
    """
    _run("downgrade", url, revision)


def check(url: str) -> None:
    """Compare the schema of a migrated database with the models.

    Raises:
        MigrationError: the schema and the models differ, so a migration is missing.
    """
    _run("check", url)


def read_status(url: str) -> SchemaStatus:
    """Compare a database with the installed migrations.

    Raises:
        ServiceUnavailableError: the database does not exist, or cannot be reached.
    """
    return asyncio.run(_read_status(url))


async def _read_status(url: str) -> SchemaStatus:
    # The connection is used once, so prepared statements would have no use, and a pooler may not support them.
    arguments = {"timeout": CONNECT_SECONDS} | connect_arguments(url) | {"statement_cache_size": 0}
    with translated_errors():
        connection = await asyncpg.connect(**arguments)
        try:

            async def fetch_all(statement: Statement, **values: object) -> list[Any]:
                rows: list[Any] = await connection.fetch(statement.sql, *statement.arguments(values))
                return rows

            return await read_schema_status(fetch_all)
        finally:
            await connection.close()


def _run(command_name: str, url: str, *arguments: str) -> None:
    from alembic import command  # noqa: PLC0415 -- see the module's docstring
    from alembic.util import CommandError  # noqa: PLC0415 -- see the module's docstring
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 -- see the module's docstring

    try:
        getattr(command, command_name)(_config(url), *arguments)
    except CommandError as error:
        raise MigrationError(str(error)) from error
    except DBAPIError as error:
        if error.orig is not None and isinstance(error.orig.__cause__, asyncpg.LockNotAvailableError):
            raise MigrationError(IN_USE) from error
        raise MigrationError(f"the database rejected the migration and is unchanged: {error.orig}") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(f"the database cannot be used: {error}") from error


def _config(url: str) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 -- see the module's docstring

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["url"] = url
    return config
