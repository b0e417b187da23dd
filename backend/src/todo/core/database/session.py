"""Database sessions: they run statements, one by one or in a transaction."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from todo.core.database.driver_errors import TRANSLATED, StatementTimeoutError, translate, translated_errors
from todo.core.database.pool import Pool
from todo.core.database.statement import Statement

Row = asyncpg.Record


class Session:
    """Runs statements. Each is committed by itself; inside `transaction` all are committed together.

    Every method raises:
        DomainError: the error that the statement names for the violated constraint.
        ServiceUnavailableError: the database is unavailable or too slow, or no connection became free in time.
    """

    def __init__(self, pool: Pool, connection: asyncpg.Connection | None = None) -> None:
        """Run statements on connections of the pool, or all on `connection`, which has an open transaction."""
        self._pool = pool
        self._connection = connection

    async def fetch_all(self, statement: Statement, **values: object) -> list[Row]:
        """Run the statement and return all its rows."""
        arguments = statement.arguments(values)
        try:
            if self._connection is not None:
                return await self._connection.fetch(statement.sql, *arguments)
            connection = await self._pool.acquire()
            try:
                rows = await connection.fetch(statement.sql, *arguments, timeout=statement.timeout)
            except BaseException as error:
                if isinstance(error, TimeoutError) and statement.timeout is not None:
                    await self._pool.release(connection, StatementTimeoutError())
                    raise StatementTimeoutError from error
                await self._pool.release(connection, error)
                raise
            await self._pool.release(connection)
        except TRANSLATED as error:
            if (translation := translate(error, statement.violations)) is None:
                raise
            raise translation from error
        return rows

    async def fetch_one(self, statement: Statement, **values: object) -> Row | None:
        """Run the statement and return its first row, or None if there is none."""
        rows = await self.fetch_all(statement, **values)
        return rows[0] if rows else None

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator["Session"]:
        """Yield a session whose statements are committed together at the end of the block, or rolled back.

        Inside a transaction the same session is yielded, so there is one commit.
        """
        if self._connection is not None:
            yield self
            return
        async with self._open() as session:
            yield session

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Session"]:
        """Yield a session whose statements read one state of the database: the state at the first statement."""
        async with self._open(isolation="repeatable_read", readonly=True) as session:
            yield session

    @contextlib.asynccontextmanager
    async def _open(self, **options: Any) -> AsyncIterator["Session"]:
        with translated_errors():
            connection = await self._pool.acquire()
            try:
                async with connection.transaction(**options):
                    yield Session(self._pool, connection)
            except BaseException as error:
                await self._pool.release(connection, error)
                raise
            await self._pool.release(connection)
