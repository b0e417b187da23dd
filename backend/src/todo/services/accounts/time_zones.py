"""The time zone and the week of an account."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from todo.core.database.session import Session
from todo.core.database.statement import Statement
from todo.domain.account import WeekStart
from todo.services.accounts.statements import IS_OWN_ACCOUNT, USERS
from todo.services.authentication import InvalidTokenError

SELECT_CALENDAR = Statement(select(USERS.c.time_zone, USERS.c.week_start).where(IS_OWN_ACCOUNT))
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


async def get_calendar(session: Session, user_id: UUID) -> tuple[ZoneInfo, WeekStart]:
    """Return the time zone of a user and the first day of the week.

    Raises:
        InvalidTokenError: the user was deleted.
    """
    row = await session.fetch_one(SELECT_CALENDAR, user_id=user_id)
    if row is None:
        raise InvalidTokenError
    return ZoneInfo(row["time_zone"]), row["week_start"]
