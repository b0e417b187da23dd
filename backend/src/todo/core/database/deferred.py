"""Transactions that begin at their first write, so that no connection is held while a password is hashed."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from todo.core.database.session import Row, Session
from todo.core.database.statement import Statement


@contextlib.asynccontextmanager
async def deferred_transaction(
    session: Session, on_begin: Callable[[Session], Awaitable[None]]
) -> AsyncIterator[Session]:
    """Yield a session whose transaction begins at its first write and is committed at the end of the block.

    Reads before the first write run by themselves. The write must check again what the reads returned.

    Args:
        session: runs the reads, and begins the transaction.
        on_begin: called with the transaction before the first write.
    """
    async with contextlib.AsyncExitStack() as stack:
        yield _DeferredSession(session, stack, on_begin)


class _DeferredSession(Session):
    def __init__(
        self, session: Session, stack: contextlib.AsyncExitStack, on_begin: Callable[[Session], Awaitable[None]]
    ) -> None:
        self._session = session
        self._stack = stack
        self._on_begin = on_begin
        self._has_begun = False

    async def fetch_all(self, statement: Statement, **values: object) -> list[Row]:
        """Run the statement and return all its rows; begin the transaction if it writes."""
        session = await self._begin() if statement.is_write else self._session
        return await session.fetch_all(statement, **values)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """Begin the transaction, and yield it."""
        yield await self._begin()

    async def _begin(self) -> Session:
        if not self._has_begun:
            self._session = await self._stack.enter_async_context(self._session.transaction())
            self._has_begun = True
            await self._on_begin(self._session)
        return self._session
