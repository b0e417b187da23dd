"""The role of the service in the embedded PostgreSQL: it owns the database and is no superuser (ADR 0009)."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import asyncpg

from todo.core.database.url import connect_arguments
from todo.core.postgres.process import EmbeddedPostgresError

OWNER = "todo"
CONNECT_SECONDS = 60
SELECT_ROLE = "SELECT rolcanlogin AND NOT rolsuper FROM pg_roles WHERE rolname = $1"
SELECT_DATABASE_OWNER = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1"
SELECT_FOREIGN_TABLES = """
SELECT class.oid::regclass::text FROM pg_class AS class JOIN pg_namespace AS schema ON schema.oid = relnamespace
WHERE relkind IN ('r', 'p', 'v', 'm') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
AND pg_get_userbyid(relowner) <> $1
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = class.oid AND classid = 'pg_class'::regclass AND deptype = 'e')
"""
SELECT_FOREIGN_SCHEMAS = """
SELECT quote_ident(nspname) FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
AND pg_get_userbyid(nspowner) NOT IN ($1, 'pg_database_owner')
"""


def ensure_owner(server_url: str, database_url: str, database: str) -> None:
    """Create the role and the database if they are missing, and make the role the owner of the database's tables.

    Data folders of earlier versions, and databases that a superuser restored, are thereby adopted.

    Args:
        server_url: the URL of the maintenance database, as a superuser.
        database_url: the URL of the database, as a superuser.
        database: the name of the database.

    Raises:
        EmbeddedPostgresError: the server rejects a statement.
    """
    # The calling thread may have a running event loop.
    with ThreadPoolExecutor(max_workers=1) as executor:
        try:
            executor.submit(asyncio.run, _ensure_owner(server_url, database_url, database)).result()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise EmbeddedPostgresError(f"The role {OWNER} could not be made the owner of the data: {error}") from error


async def _ensure_owner(server_url: str, database_url: str, database: str) -> None:
    server = await _connect(server_url)
    try:
        is_usable = await server.fetchval(SELECT_ROLE, OWNER)
        if is_usable is None:
            await server.execute(f"CREATE ROLE {OWNER} LOGIN")
        elif not is_usable:
            await server.execute(f"ALTER ROLE {OWNER} LOGIN NOSUPERUSER")
        owner = await server.fetchval(SELECT_DATABASE_OWNER, database)
        if owner is None:
            await server.execute(f"CREATE DATABASE {database} OWNER {OWNER}")
        elif owner != OWNER:
            await server.execute(f"ALTER DATABASE {database} OWNER TO {OWNER}")
    finally:
        await server.close()
    connection = await _connect(database_url)
    try:
        for row in await connection.fetch(SELECT_FOREIGN_SCHEMAS, OWNER):
            await connection.execute(f"ALTER SCHEMA {row[0]} OWNER TO {OWNER}")
        for row in await connection.fetch(SELECT_FOREIGN_TABLES, OWNER):
            await connection.execute(f"ALTER TABLE {row[0]} OWNER TO {OWNER}")
    finally:
        await connection.close()


async def _connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(**connect_arguments(url), timeout=CONNECT_SECONDS)
