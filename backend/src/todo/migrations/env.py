"""Alembic's environment: applies the migrations in one transaction."""

import asyncio
from collections.abc import Iterator

from alembic import context
from sqlalchemy import Connection

from todo.core.config import load_settings
from todo.core.database.maintenance import prepare_maintenance
from todo.core.database.migrator import find_progress, make_engine
from todo.migrations import REVISIONS
from todo.models import Base


def find_url() -> str:
    """Return the URL that `todo migrate` passes, or DATABASE_URL for the command `alembic`."""
    url: str | None = context.config.attributes.get("url") or load_settings().database_url
    if url is None:
        raise SystemExit("Set DATABASE_URL to the database to migrate.")
    return url


def run(connection: Connection) -> None:
    """Run Alembic's command on a connection, in its open transaction or in a new one."""
    announcements = announce_upgrades() if "progress" in context.config.attributes else iter(())

    def announce_next(*_: object, **__: object) -> None:
        next(announcements, None)

    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        on_version_apply=announce_next,
    )
    with context.begin_transaction():
        prepare_maintenance(connection)
        announce_next()
        context.run_migrations()


def announce_upgrades() -> Iterator[None]:
    """Announce the next migration at each step of the iteration."""
    current = context.get_context().get_current_revision()
    target = context.script.get_revision(str(context.get_revision_argument()))
    first = REVISIONS.index(current) + 1 if current else 0
    revisions = REVISIONS[first : REVISIONS.index(target.revision) + 1]
    for number, revision in enumerate(revisions, start=1):
        description = " ".join(context.script.get_revision(revision).doc.split())
        find_progress(context.config).begin(f"migration {number} of {len(revisions)}: {description}")
        yield


async def connect_and_run(url: str) -> None:
    """Connect to the database and run Alembic's command."""
    engine = make_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


shared_connection: Connection | None = context.config.attributes.get("connection")
if shared_connection is None:
    asyncio.run(connect_and_run(find_url()))
else:
    run(shared_connection)
