"""The database that a command works on: that of DATABASE_URL, or the embedded PostgreSQL."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg

from todo.core.config import Settings
from todo.core.database import migrator
from todo.core.database.database import Database
from todo.core.database.schema_status import SchemaStatus
from todo.core.database.session import Session
from todo.core.database.url import shown_url
from todo.core.errors import ServiceUnavailableError
from todo.core.postgres.data_folder import DataFolderInUseError
from todo.core.postgres.server import EmbeddedPostgres, find_running
from todo.core.postgres.supervisor import PostgresSupervisor
from todo.migrations import REVISIONS

STATEMENT_SECONDS = 600.0
"""The timeout of a statement. A command may delete an account with very many tasks."""

CLUSTER = "postgres"
"""The folder of the embedded database in the data folder."""

Result = TypeVar("Result")
Work = Callable[[Session], Awaitable[Result]]


class UsageError(Exception):
    """The command cannot run. The message has the reason and the remedy."""


@contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """Yield DATABASE_URL or, without it, the URL of an embedded PostgreSQL that runs for the length of the block."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.data_dir, report=print_status) as postgres, PostgresSupervisor(postgres):
        yield postgres.url()


@contextmanager
def open_existing_database(settings: Settings) -> Iterator[str]:
    """Yield the URL of the database, as `open_database_for_migration` does, but create no database.

    Raises:
        UsageError: the data folder has no database.
    """
    if settings.database_url is None and not (settings.data_dir / CLUSTER).is_dir():
        raise UsageError(
            f"The data folder {settings.data_dir} has no database. "
            "Set DATA_DIR or DATABASE_URL as for the service, or create a database with: todo serve"
        )
    with open_database_for_migration(settings) as url:
        yield url


@contextmanager
def open_database_for_migration(settings: Settings) -> Iterator[str]:
    """Yield the URL of the database. If a service runs the embedded PostgreSQL, connect to that server."""
    try:
        with open_database(settings) as url:
            yield url
    except DataFolderInUseError:
        running_url = find_running(settings.data_dir)
        if running_url is None:
            raise
        yield running_url


def reject_newer(url: str) -> None:
    """Check that no newer version of this service has migrated the database.

    Raises:
        UsageError: the database is at a revision that this version does not know, or cannot be used.
    """
    current = read_status(url).current
    if current is not None and current not in REVISIONS:
        raise UsageError(
            f"The database is at revision {current}, which a newer version of this service applied. Use that version."
        )


def reject_pending(url: str) -> None:
    """Check that the database has all migrations of this version.

    Raises:
        UsageError: migrations are pending, or the database cannot be used.
    """
    if pending := read_status(url).pending:
        raise UsageError(f"The database has {len(pending)} pending migration(s). Run: todo migrate up")


def run_in_session(settings: Settings, url: str, work: Work[Result]) -> Result:
    """Return the result of a coroutine function that calls services with a database session.

    Raises:
        UsageError: the database cannot be used.
    """

    async def run() -> Result:
        async with Database(settings.model_copy(update=options), url) as database:
            return await work(database.session)

    options = {"db_pool_min": 0, "db_statement_timeout": STATEMENT_SECONDS}
    with usable(url):
        return asyncio.run(run())


def read_status(url: str) -> SchemaStatus:
    """Return the state of the schema.

    Raises:
        UsageError: the database cannot be reached, or is not one for this service.
    """
    with usable(url):
        status = migrator.read_status(url)
    if status.problem is not None:
        raise UsageError(f"The database {shown_url(url)} cannot be used: {status.problem}.")
    return status


@contextmanager
def usable(url: str, setting: str = "DATABASE_URL") -> Iterator[None]:
    """Raise a UsageError if the database cannot be used."""
    try:
        yield
    except (ServiceUnavailableError, asyncpg.PostgresError) as error:
        raise UsageError(
            f"The database {shown_url(url)} cannot be used: {error.__cause__ or error}. "
            f"Check {setting}, and that the server runs."
        ) from error


def print_status(message: str) -> None:
    """Print a message for a person to standard error."""
    print(message, file=sys.stderr, flush=True)
