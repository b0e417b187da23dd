"""The writer of one request: runs logged writes, all in one batch (ADR 0052)."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from todo.core.database.session import Row, Session
from todo.services.authentication import Principal
from todo.services.shared.log.writes import CHANGE_BATCH, CHANGE_SEQ, IS_CHANGED, LOCK_CLOCK, Write


class Writer:
    """Runs the writes of one request, for the user that the request acts for.

    Attributes:
        session: the database session of the request, for statements that log nothing.
        principal: the user, with the scopes of the request.
        user_id: the id of the user.
        batch: the number of the request's first change; None until something was changed.
        last_seq: the number of the request's last change; None until something was changed.
    """

    def __init__(self, session: Session, principal: Principal, request_id: str | None = None) -> None:
        self.session = session
        self.principal = principal
        self.user_id: UUID = principal.id
        self.last_seq: int | None = None
        self._origin: Mapping[str, object] = {
            "login_session_id": principal.login_session_id,
            "access_token_id": principal.access_token_id,
            "request_id": request_id,
        }
        self.batch: int | None = None

    async def write_all(self, write: Write, **values: object) -> list[Row]:
        """Run a write and return its rows. If another write of the user came first, the clock is locked first."""
        return await self._write(write, values)

    async def write_one(self, write: Write, **values: object) -> Row | None:
        """Run a write and return its first row, or None if the plan is empty."""
        rows = await self._write(write, values)
        return rows[0] if rows else None

    async def _write(self, write: Write, values: Mapping[str, object]) -> list[Row]:
        rows = await self._run(self.session, write, values)
        changed = next((row for row in rows if row[IS_CHANGED]), None)
        if write.always_changes if changed is None else changed[CHANGE_SEQ] is None:
            async with self.session.transaction() as transaction:
                await transaction.fetch_one(LOCK_CLOCK, user_id=self.user_id)
                rows = await self._run(transaction, write, values)
            changed = next((row for row in rows if row[IS_CHANGED]), None)
        if changed is not None:
            self.batch, self.last_seq = changed[CHANGE_BATCH], changed[CHANGE_SEQ]
        return rows

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Lock the clock, and commit all statements of the block together; other writes of the user wait.

        Rows that the block reads in `session` do not change until the end of the block.
        """
        outer = self.session
        async with outer.transaction() as transaction:
            await transaction.fetch_one(LOCK_CLOCK, user_id=self.user_id)
            self.session = transaction
            try:
                yield
            finally:
                self.session = outer

    async def _run(self, session: Session, write: Write, values: Mapping[str, object]) -> list[Row]:
        return await session.fetch_all(write, user_id=self.user_id, batch=self.batch, **self._origin, **values)
