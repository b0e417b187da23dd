"""Brings a database's schema up and down and tells where it stands; the steps are Alembic's, in `todo.migrations`.

Alembic is loaded when a step is taken and not before: it takes 10 MB and a quarter of a second, and a service that
starts on an up-to-date database needs none of it.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from todo.core.database.driver_errors import translated_errors
from todo.core.database.url import connect_arguments
from todo.migrations import REVISIONS

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = "todo:migrations"


class MigrationError(Exception):
    """A step cannot be taken, or there is none of that name; the message is Alembic's or the database's."""


@dataclass(frozen=True)
class SchemaStatus:
    """Where a database stands.

    Attributes:
        current: the revision that it has, None on an empty one; it may be one of a later version.
        pending: the revisions that it lacks, oldest first.
    """

    current: str | None
    pending: tuple[str, ...]


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema up to a revision; two that do it at once wait for each other.

    Raises:
        MigrationError: there is no such revision.
    """
    _run("upgrade", url, revision)


def downgrade(url: str, revision: str) -> None:
    """Take the schema down to a revision: `-1` for one step, `base` for an empty database (DB-007).

    Raises:
        MigrationError: there is no such revision.
    """
    _run("downgrade", url, revision)


def check(url: str) -> None:
    """Compare the schema that the migrations made with the one that the models describe.

    Raises:
        MigrationError: they differ; a migration is missing.
    """
    _run("check", url)


def read_status(url: str) -> SchemaStatus:
    """Compare the database with the migrations that are installed.

    Raises:
        ServiceUnavailableError: there is no such database, or it is away.
    """
    current = asyncio.run(_read_revision(url))
    if current is None:
        return SchemaStatus(None, REVISIONS)
    return SchemaStatus(current, REVISIONS[REVISIONS.index(current) + 1 :] if current in REVISIONS else ())


async def _read_revision(url: str) -> str | None:
    with translated_errors():
        connection = await asyncpg.connect(**connect_arguments(url), timeout=10)
    try:
        revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    else:
        return revision
    finally:
        await connection.close()


def _run(step: str, url: str, *arguments: str) -> None:
    from alembic import command  # noqa: PLC0415 -- see above
    from alembic.util import CommandError  # noqa: PLC0415 -- see above
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 -- see above

    try:
        getattr(command, step)(_config(url), *arguments)
    except CommandError as error:
        raise MigrationError(str(error)) from error
    except DBAPIError as error:
        raise MigrationError(f"the database refused, and nothing was changed: {error.orig}") from error


def _config(url: str) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 -- see above

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["url"] = url
    return config
