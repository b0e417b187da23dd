"""What Alembic runs for every command: connect as the service does, then take the steps in one transaction."""

import asyncio

import asyncpg
from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from todo.core.config import load_settings
from todo.core.database.url import connect_arguments
from todo.models import Base

ONE_AT_A_TIME = 5_406_121
"""The advisory lock that keeps two migrations of one database apart."""


def find_url() -> str:
    """Return the address that `todo migrate` passes, or DATABASE_URL when `alembic` is run by hand."""
    url: str | None = context.config.attributes.get("url") or load_settings().database_url
    if url is None:
        raise SystemExit("Set DATABASE_URL to the database that Alembic should work on.")
    return url


def run(connection: Connection) -> None:
    """Take the steps."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))
        context.run_migrations()


async def connect_and_run(url: str) -> None:
    """Open one connection for it, through the same address handling as the service's pool."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(**connect_arguments(url)),
        poolclass=NullPool,
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


asyncio.run(connect_and_run(find_url()))
