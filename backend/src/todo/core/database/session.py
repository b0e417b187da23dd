"""The one door to PostgreSQL: statements compiled once, a pool of asyncpg connections, errors in our own terms.

A `Statement` is a SQLAlchemy expression over the SQLModel tables. It is compiled when it is first run and reaches the
driver as text with numbered parameters, where each connection keeps it prepared. What it returns are the driver's own
rows. ADR 0005 has the measurements that led here.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from functools import cached_property
from typing import Any, Self

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import ClauseElement, make_url
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql.compiler import SQLCompiler

from todo.core.config import Settings
from todo.core.database.driver_errors import FORESEEN, Violations, meaning_of, translated_errors
from todo.core.database.pool import Connections

logger = logging.getLogger(__name__)

FROZEN_SECONDS = 1.0
"""How much longer than PostgreSQL itself we wait before a statement counts as lost: the server may be frozen."""
CLOSE_SECONDS = 5.0
SHORT_STATEMENTS = {"max_parallel_workers_per_gather": "0", "jit": "off", "plan_cache_mode": "force_generic_plan"}
"""Settings of our connections: starting workers or a compiler, or planning anew for each value, takes longer than any
statement here (ADR 0034)."""
Row = asyncpg.Record
Connection = asyncpg.Connection | PoolConnectionProxy


class Statement:
    """One SQL statement with named parameters, declared once and compiled once.

    Args:
        expression: a SQLAlchemy expression whose parameters are `bindparam`s.
        violations: by a constraint's name, the error to raise when the statement breaks it.
    """

    def __init__(self, expression: ClauseElement, violations: Violations | None = None) -> None:
        self._expression = expression
        self.violations = violations or {}

    @cached_property
    def sql(self) -> str:
        """The text for the driver, with `$1` for the first parameter."""
        return str(self._compiled)

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """Return the values in the order of the numbered parameters; literals of the expression keep theirs."""
        return [values[name] if required else literal for name, required, literal in self._parameters]

    @cached_property
    def _compiled(self) -> SQLCompiler:
        compiled = self._expression.compile(dialect=dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's gap
        assert isinstance(compiled, SQLCompiler)
        return compiled

    @cached_property
    def _parameters(self) -> list[tuple[str, bool, object]]:
        binds = (self._compiled.binds[name] for name in self._compiled.positiontup or ())
        return [(bind.key, bind.required, bind.value) for bind in binds]


class Session:
    """Runs statements, each one committed by itself; inside `transaction`, all of them together.

    Every method raises:
        DomainError: the statement's own, for a constraint that it names.
        ServiceUnavailableError: the database is away or too slow, or no connection was free in time.
    """

    def __init__(self, connections: Connections, connection: Connection | None = None) -> None:
        """Take where connections come from, and the one to stay on, if any."""
        self._connections = connections
        self._connection = connection

    async def fetch_all(self, statement: Statement, **values: object) -> list[Row]:
        """Run the statement and return all its rows."""
        arguments = statement.arguments(values)
        try:
            if self._connection is not None:
                return await self._connection.fetch(statement.sql, *arguments)
            connection = await self._connections.take()
            try:
                rows = await connection.fetch(statement.sql, *arguments)
            except BaseException as error:
                await self._connections.take_back(connection, error)
                raise
            await self._connections.take_back(connection)
        except FORESEEN as error:
            if (meaning := meaning_of(error, statement.violations)) is None:
                raise
            raise meaning from error
        return rows

    async def fetch_one(self, statement: Statement, **values: object) -> Row | None:
        """Run the statement and return its first row, or None when it has none."""
        rows = await self.fetch_all(statement, **values)
        return rows[0] if rows else None

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator["Session"]:
        """Lend a session whose statements are committed together at the end, or not at all.

        Inside a transaction it is that one: all of it is committed, or nothing.
        """
        if self._connection is not None:
            yield self
            return
        with translated_errors():
            connection = await self._connections.take()
            try:
                async with connection.transaction():
                    yield Session(self._connections, connection)
            except BaseException as error:
                await self._connections.take_back(connection, error)
                raise
            await self._connections.take_back(connection)


class Database:
    """The pool of one process. `open` it before `session` is used, inside the event loop that uses it."""

    session: Session

    def __init__(self, settings: Settings, url: str) -> None:
        """Take the address; it may name another pool's needs (`?statement_cache_size=0` for PgBouncer)."""
        self._settings = settings
        self._url = url

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            ServiceUnavailableError: there is no such server, or it refuses us.
        """
        settings = self._settings
        arguments = connect_arguments(self._url)
        arguments["server_settings"] |= SHORT_STATEMENTS | {
            "statement_timeout": _milliseconds(settings.db_statement_timeout),
            # What ends a statement that waits is to be this one, which has an error of its own.
            "lock_timeout": _milliseconds(min(settings.db_lock_timeout, settings.db_statement_timeout * 0.9)),
        }
        with translated_errors():
            self._pool = await asyncpg.create_pool(
                **arguments,
                min_size=settings.db_pool_min,
                max_size=settings.db_pool_max,
                max_inactive_connection_lifetime=0,
                reset=_keep_as_it_is,
                timeout=settings.db_connection_timeout,
                command_timeout=settings.db_statement_timeout + FROZEN_SECONDS,
            )
        self._connections = Connections(self._pool, settings.db_pool_max, settings.db_pool_timeout)
        self._tasks = [
            asyncio.create_task(_renew_every(settings.db_pool_recycle, self._connections)),
            asyncio.create_task(_show_figures(self._connections)),
        ]
        self.session = Session(self._connections)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let running statements end, then disconnect; those that do not end are cut."""
        for task in self._tasks:
            task.cancel()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._connections.renew()
                await self._pool.close()
        except TimeoutError:
            logger.warning("Connections to the database were cut: their statements did not end")
            self._pool.terminate()


async def _renew_every(seconds: float, connections: Connections) -> None:
    """Have no connection live longer, so that a moved or reconfigured server is found in the end."""
    while True:
        await asyncio.sleep(seconds)
        await connections.renew()


async def _show_figures(connections: Connections) -> None:
    """Show them once a second, which is cheaper than at each request and more often than anybody looks."""
    while True:
        connections.show_figures()
        await asyncio.sleep(1)


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def connect_arguments(url: str) -> dict[str, Any]:
    """Return what `asyncpg.connect` needs for a SQLAlchemy-style or libpq-style URL."""
    parsed = make_url(url)
    query = dict(parsed.query)
    arguments: dict[str, Any] = {"server_settings": {"application_name": "todo"}}
    # SQLAlchemy names the cache of prepared statements after itself; both spellings reach the driver's one cache.
    for name in ("statement_cache_size", "prepared_statement_cache_size"):
        if name in query:
            arguments["statement_cache_size"] = int(str(query.pop(name)))
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    dsn = parsed.set(drivername="postgresql", query=query).render_as_string(hide_password=False)
    return {"dsn": dsn, **arguments}


async def _keep_as_it_is(_connection: Connection) -> None:
    """Skip the driver's reset query, a round trip a request: no statement here changes a connection's state."""
