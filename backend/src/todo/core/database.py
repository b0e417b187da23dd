"""The one door to PostgreSQL: statements compiled once, a pool of asyncpg connections, errors in our own terms.

A `Statement` is a SQLAlchemy expression over the SQLModel tables. It is compiled when it is first run and reaches the
driver as text with numbered parameters, where each connection keeps it prepared. What it returns are the driver's own
rows. ADR 0005 has the measurements that led here.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import cached_property
from typing import Any, Self

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import ClauseElement, make_url
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql.compiler import SQLCompiler

from todo.core.config import Settings
from todo.core.errors import DomainError, ServiceUnavailableError
from todo.core.metrics import CONNECTIONS, CONNECTIONS_AWAITED, CONNECTIONS_BUSY, CONNECTIONS_REFUSED

logger = logging.getLogger(__name__)

FROZEN_SECONDS = 1.0
"""How much longer than PostgreSQL itself we wait before a statement counts as lost: the server may be frozen."""
CLOSE_SECONDS = 5.0
SHORT_STATEMENTS = {"max_parallel_workers_per_gather": "0", "jit": "off"}
"""Settings of our connections: starting workers or a compiler takes longer than any statement here (ADR 0034)."""
Row = asyncpg.Record
Connection = asyncpg.Connection | PoolConnectionProxy

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""What the driver raises when a connection leads nowhere any more, or to what is a standby since a failover."""
AWAY = (
    *LOST,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InsufficientResourcesError,
    asyncpg.QueryCanceledError,
    asyncpg.TransactionRollbackError,
)
"""What it raises when there is no server, it is stopping or starting, full, or gave up on a statement."""


class SchemaError(ServiceUnavailableError):
    """The service is temporarily unavailable. Please try again shortly

    The database lacks a table or a column: its migrations are to be done.
    """


class LockTimeoutError(ServiceUnavailableError):
    """The service is temporarily unavailable. Please try again shortly

    What the statement needs was locked by another for longer than it may wait.
    """


class Statement:
    """One SQL statement with named parameters, declared once and compiled once.

    Args:
        expression: a SQLAlchemy expression whose parameters are `bindparam`s.
        violations: by a constraint's name, the error to raise when the statement breaks it.
    """

    def __init__(self, expression: ClauseElement, violations: Mapping[str, type[DomainError]] | None = None) -> None:
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

    def __init__(self, connections: "Connections", connection: Connection | None = None) -> None:
        """Take where connections come from, and the one to stay on, if any."""
        self._connections = connections
        self._connection = connection

    async def fetch_all(self, statement: Statement, **values: object) -> list[Row]:
        """Run the statement and return all its rows."""
        with translated_errors(statement):
            arguments = statement.arguments(values)
            if self._connection is not None:
                return await self._connection.fetch(statement.sql, *arguments)
            async with self._connections.lend() as connection:
                return await connection.fetch(statement.sql, *arguments)

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
            async with self._connections.lend() as connection, connection.transaction():
                yield Session(self._connections, connection)


class Connections:
    """The pool's connections, lent in the order in which they were asked for.

    The pool alone would let whoever comes at the right moment overtake those who wait, some of them for seconds.
    """

    def __init__(self, pool: asyncpg.Pool, size: int, patience: float) -> None:
        """Take the pool, its size, and how many seconds one may wait for a turn, and again for a connection."""
        self._pool = pool
        self._turns = asyncio.Semaphore(size)
        self._patience = patience

    @contextlib.asynccontextmanager
    async def lend(self) -> AsyncIterator[Connection]:
        """Lend a connection for the length of a block.

        Raises:
            ServiceUnavailableError: all of them were busy for too long.
        """
        await self._take_turn()
        CONNECTIONS_BUSY.inc()
        try:
            async with self._pool.acquire(timeout=self._patience) as connection:
                try:
                    yield connection
                except (*LOST, ServiceUnavailableError) as error:
                    if isinstance(error, LOST) or isinstance(error.__cause__, LOST):
                        # Where one leads nowhere the others do neither; new ones find the server, or the new primary.
                        await self._pool.expire_connections()
                    raise
        finally:
            CONNECTIONS_BUSY.dec()
            self._turns.release()

    async def _take_turn(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        CONNECTIONS_AWAITED.inc()
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError as error:
            CONNECTIONS_REFUSED.inc()
            logger.warning("No connection to the database was free within %s seconds", self._patience)
            raise ServiceUnavailableError from error
        finally:
            CONNECTIONS_AWAITED.dec()


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
            "lock_timeout": _milliseconds(settings.db_lock_timeout),
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
        CONNECTIONS.set(settings.db_pool_max)
        self._recycling = asyncio.create_task(self._recycle(settings.db_pool_recycle))
        self.session = Session(Connections(self._pool, settings.db_pool_max, settings.db_pool_timeout))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let running statements end, then disconnect; those that do not end are cut."""
        self._recycling.cancel()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._pool.close()
        except TimeoutError:
            logger.warning("Connections to the database were cut: their statements did not end")
            self._pool.terminate()

    async def _recycle(self, seconds: float) -> None:
        """Have no connection live longer, so that a moved or reconfigured server is found in the end."""
        while True:
            await asyncio.sleep(seconds)
            await self._pool.expire_connections()


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


@contextlib.contextmanager
def translated_errors(statement: Statement | None = None) -> Iterator[None]:
    """Turn the driver's errors into ours; what nobody foresaw stays what it is (a 500 with its traceback)."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        violations = statement.violations if statement else {}
        violated = violations.get(error.constraint_name or "")
        if violated is None:
            raise
        raise violated from error
    except asyncpg.DataError:
        raise
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        logger.error("The database lacks migrations, run: todo migrate up (%s)", error)  # noqa: TRY400 -- no bug of ours
        raise SchemaError from error
    except asyncpg.LockNotAvailableError as error:
        raise LockTimeoutError from error
    except AWAY as error:
        logger.warning("The database is away: %s: %s", type(error).__name__, error)
        raise ServiceUnavailableError from error
