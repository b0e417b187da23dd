"""Brings a database's schema up and down and tells where it stands; the steps are Alembic's, in `todo.migrations`."""

import asyncio
from dataclasses import dataclass

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from todo.core.database import connect_arguments, translated_errors

SCRIPTS = "todo:migrations"


@dataclass(frozen=True)
class SchemaStatus:
    """Where a database stands.

    Attributes:
        current: the revision that it has, None on an empty one.
        pending: the revisions that it lacks, oldest first.
    """

    current: str | None
    pending: list[str]


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema up to a revision; two that do it at once wait for each other."""
    command.upgrade(_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the schema down to a revision: `-1` for one step, `base` for an empty database (DB-007)."""
    command.downgrade(_config(url), revision)


def check(url: str) -> None:
    """Compare the schema that the migrations made with the one that the models describe.

    Raises:
        CommandError: they differ; a migration is missing.
    """
    command.check(_config(url))


def read_status(url: str) -> SchemaStatus:
    """Compare the database with the migrations that are installed.

    Raises:
        ServiceUnavailableError: there is no such database, or it is away.
    """
    current = asyncio.run(_read_revision(url))
    scripts = ScriptDirectory.from_config(_config(url))
    newest_first = list(scripts.iterate_revisions("head", current or "base"))
    return SchemaStatus(current, [script.revision for script in reversed(newest_first)])


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


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["url"] = url
    return config
