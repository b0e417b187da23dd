"""Applies and undoes the Alembic migrations in `todo.migrations`, and compares a database with them.

Alembic and SQLAlchemy's engine are imported only to apply or undo migrations. The import takes 10 MB and a quarter of a
second, and a service that starts on an up-to-date database does not need them.
"""

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
from sqlalchemy import Connection, NullPool

from todo.core.database.driver_errors import translated_errors
from todo.core.database.hosts import open_connection
from todo.core.database.maintenance import IN_USE
from todo.core.database.schema_status import SchemaStatus, fetch_with, read_schema_status
from todo.core.database.url import connect_arguments
from todo.core.progress import NoProgress, Progress

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.ext.asyncio import AsyncEngine

SCRIPTS = "todo:migrations"
CONNECT_SECONDS = 10


class MigrationError(Exception):
    """A migration failed or does not exist. The message is from Alembic or from the database."""


def upgrade(url: str, revision: str = "head", progress: Progress | None = None) -> None:
    """Apply the pending migrations up to a revision. Concurrent upgrades of a database run one after the other.

    Raises:
        MigrationError: a migration failed, or the revision does not exist.
    """
    _run("upgrade", {"url": url, "progress": progress or NoProgress()}, revision)


def upgrade_within(connection: Connection, revision: str, progress: Progress | None = None) -> None:
    """Apply the pending migrations up to a revision, in the open transaction of a connection.

    Raises:
        MigrationError: a migration failed.
    """
    _run("upgrade", {"connection": connection, "progress": progress or NoProgress()}, revision)


def downgrade_within(connection: Connection, revision: str) -> None:
    """Undo the migrations after a revision, in the open transaction of a connection.

    Raises:
        MigrationError: a migration failed.
    """
    _run("downgrade", {"connection": connection}, revision)


def downgrade(url: str, revision: str) -> None:
    """Undo the migrations after a revision; `-1` undoes the last one, `base` all of them (DB-007).

    Raises:
        MigrationError: a migration failed, or the revision does not exist.
    """
    _run("downgrade", {"url": url}, revision)


def check(url: str) -> None:
    """Compare the schema of a migrated database with the models.

    Raises:
        MigrationError: the schema and the models differ, so a migration is missing.
    """
    _run("check", {"url": url})


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
        connection = await open_connection(**arguments)
        try:
            return await read_schema_status(fetch_with(connection))
        finally:
            await connection.close()


def make_engine(url: str) -> "AsyncEngine":
    """Return an engine without a pool, which also works through PgBouncer."""
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 -- see the module's docstring

    # A pooler can run a transaction on another server connection, which may have prepared statements of usual names.
    options = {
        "statement_cache_size": 0,
        "prepared_statement_name_func": lambda: f"todo_{uuid4()}",
        "async_creator_fn": open_connection,
    }
    arguments = {"timeout": CONNECT_SECONDS} | connect_arguments(url) | options
    return create_async_engine("postgresql+asyncpg://", connect_args=arguments, poolclass=NullPool)


def find_progress(config: "Config") -> Progress:
    """Return the receiver of the progress of the migrations that run."""
    progress: Progress = config.attributes.get("progress") or NoProgress()
    return progress


def _run(command_name: str, attributes: dict[str, object], *arguments: str) -> None:
    from alembic import command  # noqa: PLC0415 -- see the module's docstring
    from alembic.util import CommandError  # noqa: PLC0415 -- see the module's docstring
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 -- see the module's docstring

    try:
        getattr(command, command_name)(_config(attributes), *arguments)
    except CommandError as error:
        raise MigrationError(str(error)) from error
    except DBAPIError as error:
        if error.orig is not None and isinstance(error.orig.__cause__, asyncpg.LockNotAvailableError):
            raise MigrationError(IN_USE) from error
        raise MigrationError(f"the database rejected the migration and is unchanged: {error.orig}") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(f"the database cannot be used: {error}") from error


def _config(attributes: dict[str, object]) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 -- see the module's docstring

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes.update(attributes)
    return config
