"""Alembic's environment: connects to the database and applies the migrations in one transaction."""

import asyncio
from uuid import uuid4

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from todo.core.config import load_settings
from todo.core.database.url import connect_arguments
from todo.models import Base

MIGRATION_LOCK_ID = 5_406_121
"""The advisory lock that prevents concurrent migrations of a database."""

LOCK_TIMEOUT = "10s"
REMOVE_TIMEOUTS = """
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
"""


def find_url() -> str:
    """Return the URL that `todo migrate` passes, or DATABASE_URL for the command `alembic`."""
    url: str | None = context.config.attributes.get("url") or load_settings().database_url
    if url is None:
        raise SystemExit("Set DATABASE_URL to the database to migrate.")
    return url


def run(connection: Connection) -> None:
    """Run Alembic's command on a connection."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        # A role can have timeouts that fit the statements of the service and are too short for a migration.
        connection.execute(text(REMOVE_TIMEOUTS))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK_ID})"))
        # A migration that waits for a busy table would make all later statements on it wait too.
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
        context.run_migrations()


async def connect_and_run(url: str) -> None:
    """Connect to the database with the arguments of the service's pool, and run Alembic's command."""
    # A pooler can run a transaction on another server connection, which may have prepared statements of usual names.
    options = {"statement_cache_size": 0, "prepared_statement_name_func": lambda: f"todo_{uuid4()}"}
    engine = create_async_engine(
        "postgresql+asyncpg://", connect_args=connect_arguments(url) | options, poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


asyncio.run(connect_and_run(find_url()))
