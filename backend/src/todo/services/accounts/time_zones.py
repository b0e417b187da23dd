"""The time zone of an account."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from todo.core.database.session import Session
from todo.core.database.statement import Statement
from todo.services.accounts.statements import IS_OWN_ACCOUNT, USERS
from todo.services.authentication import InvalidTokenError

SELECT_TIME_ZONE = Statement(select(USERS.c.time_zone).where(IS_OWN_ACCOUNT))


async def get_time_zone(session: Session, user_id: UUID) -> ZoneInfo:
    """Return the time zone in which the lists of a user read days.

    Raises:
        InvalidTokenError: the user was deleted.
    """
    row = await session.fetch_one(SELECT_TIME_ZONE, user_id=user_id)
    if row is None:
        raise InvalidTokenError
    return ZoneInfo(row["time_zone"])
