"""New connections to PostgreSQL, with the settings of the service and without one connection's state on another."""

import logging
from typing import Any

import asyncpg

from todo.core.config import Settings
from todo.core.database.driver_errors import translated_errors
from todo.core.database.hosts import Hosts
from todo.core.database.url import connect_arguments

FROZEN_SERVER_SECONDS = 1.0
"""How much longer than PostgreSQL's own statement timeout the driver waits; a frozen server enforces none."""
SHORT_STATEMENTS = {
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}
"""Server settings of each connection. Parallel workers, the JIT compiler and a plan for each value cost more than any
statement of the service takes (ADR 0008). A connection keeps its plans while tables grow, so a plan for a small table
must read an index too (ADR 0053)."""
STARTUP_PARAMETERS = ("statement_timeout", "lock_timeout", *SHORT_STATEMENTS)
SELECT_SERVER = """
SELECT pg_backend_pid() AS pid, EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') AS has_citus
"""
REJECTED_PARAMETER = "startup parameter"
"""Part of PgBouncer's error for a parameter that its option `ignore_startup_parameters` does not list."""

logger = logging.getLogger(__name__)


class Connector:
    """Opens connections to one database. The first call of `connect` examines the server on a separate connection.

    A pooler such as PgBouncer can run each transaction on another server connection. Prepared statements of one client
    are then those of another, and a query returns the rows of another query. The process id that the server announced
    is therefore compared with the one that a query returns. If they differ, a pooler is in between, and no statement is
    kept prepared. The option `statement_cache_size` in the URL skips the comparison.

    Citus plans a statement with the values of its parameters, so a generic plan is not forced there (ADR 0061).
    """

    def __init__(self, settings: Settings, url: str) -> None:
        self._arguments = _arguments(settings, url)
        self._hosts = Hosts(self._arguments)
        self._is_examined = False

    async def connect(self) -> asyncpg.Connection:
        """Open a connection.

        Raises:
            OSError, asyncpg.PostgresError: the server cannot be reached, or rejects the connection.
        """
        if not self._is_examined:
            await self._examine_server()
            self._is_examined = True
        return await _open(self._hosts, self._arguments)

    async def _examine_server(self) -> None:
        connection = await _open(self._hosts, self._arguments | {"statement_cache_size": 0})
        try:
            server, announced_pid = await connection.fetchrow(SELECT_SERVER), connection.get_server_pid()
            assert server is not None
            await connection.close()
        except BaseException:
            connection.terminate()
            raise
        if server["has_citus"]:
            self._arguments["server_settings"] = self._arguments["server_settings"] | {"plan_cache_mode": "auto"}
        if "statement_cache_size" not in self._arguments:
            has_pooler = server["pid"] != announced_pid
            if has_pooler:
                logger.warning(
                    "A connection pooler such as PgBouncer is in front of PostgreSQL, so no statement is kept prepared."
                    " Add statement_cache_size=0 to the options of DATABASE_URL, or statement_cache_size=100 for a "
                    "pooler that supports prepared statements."
                )
            self._arguments["statement_cache_size"] = 0 if has_pooler else 100


async def check_connection(settings: Settings, url: str) -> None:
    """Open a connection with the settings of the service, and close it.

    Raises:
        ServiceUnavailableError: the server cannot be reached, or rejects the connection.
    """
    with translated_errors():
        arguments = _arguments(settings, url)
        connection = await _open(Hosts(arguments), arguments)
        await connection.close()


async def open_connection(settings: Settings, url: str) -> asyncpg.Connection:
    """Open a connection that keeps no statement prepared.

    Raises:
        OSError, asyncpg.PostgresError: the server cannot be reached, or rejects the connection.
    """
    arguments = _arguments(settings, url) | {"statement_cache_size": 0}
    return await _open(Hosts(arguments), arguments)


def _arguments(settings: Settings, url: str) -> dict[str, Any]:
    arguments = {
        "timeout": settings.db_connection_timeout,
        "command_timeout": settings.db_statement_timeout + FROZEN_SERVER_SECONDS,
        # Without this the driver keeps no statement of more than 15 KiB prepared.
        "max_cacheable_statement_size": 0,
        **connect_arguments(url),
    }
    if hosts := arguments.get("host"):
        # A request waits for DB_POOL_TIMEOUT at most. All hosts share this time, so that none keeps it from the others.
        arguments["timeout"] = min(arguments["timeout"], settings.db_pool_timeout / len(hosts))
    arguments["server_settings"] |= SHORT_STATEMENTS | {
        "statement_timeout": _milliseconds(settings.db_statement_timeout),
        # The shorter one, so that a statement that waits for a lock ends with the error for locks.
        "lock_timeout": _milliseconds(min(settings.db_lock_timeout, settings.db_statement_timeout * 0.9)),
    }
    return arguments


async def _open(hosts: Hosts, arguments: dict[str, Any]) -> asyncpg.Connection:
    try:
        return await hosts.connect(arguments)
    except asyncpg.ProtocolViolationError as error:
        if REJECTED_PARAMETER in str(error):
            logger.error(  # noqa: TRY400 -- the message is the remedy
                "PgBouncer rejects the connection (%s). Set its option ignore_startup_parameters to: %s",
                error,
                ", ".join(STARTUP_PARAMETERS),
            )
        raise


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
