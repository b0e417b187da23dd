"""Applies and undoes the Alembic migrations in `todo.migrations`, and compares a database with them.

Alembic is imported only to apply or undo migrations. The import takes 10 MB and a quarter of a second, and a service
that starts on an up-to-date database does not need Alembic.
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
    """A migration failed or does not exist. The message is from Alembic or from the database."""


@dataclass(frozen=True)
class SchemaStatus:
    """The revision of a database, compared with the installed migrations.

    Attributes:
        current: the last applied revision; None in an empty database. A later version may have applied an unknown one.
        pending: the revisions that are not applied, oldest first.
    """

    current: str | None
    pending: tuple[str, ...]


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


def _run(command_name: str, url: str, *arguments: str) -> None:
    from alembic import command  # noqa: PLC0415 -- see the module's docstring
    from alembic.util import CommandError  # noqa: PLC0415 -- see the module's docstring
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 -- see the module's docstring

    try:
        getattr(command, command_name)(_config(url), *arguments)
    except CommandError as error:
        raise MigrationError(str(error)) from error
    except DBAPIError as error:
        raise MigrationError(f"the database rejected the migration and is unchanged: {error.orig}") from error


def _config(url: str) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 -- see the module's docstring

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["url"] = url
    return config
