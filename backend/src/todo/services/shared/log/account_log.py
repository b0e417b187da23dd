"""The account in the change log: a change of what its user sees has a number, and no fields (SYN-008)."""

import contextlib
from collections.abc import AsyncIterator

from sqlalchemy import BigInteger, Uuid, bindparam, cast, null, select, true

from todo.core.database.session import Session
from todo.core.database.statement import Statement
from todo.models import User
from todo.schemas.user import UserPublic
from todo.services.shared.log.writer import Writer
from todo.services.shared.log.writes import Logged, Write, advance_clock, log_changes, written
from todo.services.shared.tables import columns_of, table_of

ACCOUNT = "account"
"""The type of the account in the change log."""
USERS = table_of(User)
SELECT_STATE = Statement(select(*columns_of(USERS, UserPublic)).where(USERS.c.id == bindparam("user_id", type_=Uuid)))


def _log_account() -> Write:
    plan = select(true().label("is_changed"), cast(null(), BigInteger).label("id")).cte("plan")
    clock = advance_clock(plan)
    return Write(written(plan, clock).add_cte(log_changes(clock, plan, Logged(ACCOUNT, "update"))))


LOG_ACCOUNT = _log_account()


@contextlib.asynccontextmanager
async def logged_account(writer: Writer) -> AsyncIterator[Session]:
    """Run the block in a transaction that locks the clock first, and log the account if the block changed it.

    A pending address that has expired and is removed counts as a change, because clients may still have it.

    Raises:
        InvalidTokenError: the user was deleted.
    """
    async with writer.transaction():
        before = await writer.session.fetch_one(SELECT_STATE, user_id=writer.user_id)
        yield writer.session
        after = await writer.session.fetch_one(SELECT_STATE, user_id=writer.user_id)
        if after != before:
            await writer.write_one(LOG_ACCOUNT)
