"""The users that were disabled a short time ago, whose access tokens have not expired yet."""

from datetime import datetime, timedelta
from uuid import UUID

from todo.core.database.session import Session
from todo.core.security.tokens import ACCESS_LIFETIME
from todo.services.accounts import statements

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How much the clocks of two machines may differ."""


class DisabledUsers:
    """The ids of these users in the memory of a process, so that authentication needs no query (USR-007).

    A user stays here for the lifetime of an access token, also if the user is enabled again. Requests of such a user
    check the login session, because login sessions from before the end are ended, and later ones are live.
    """

    def __init__(self) -> None:
        self._disabled_at: dict[UUID, datetime] = {}

    def __contains__(self, user_id: UUID) -> bool:
        return user_id in self._disabled_at

    async def read(self, session: Session, now: datetime) -> None:
        """Add the users that were disabled recently, and remove those whose access tokens have expired."""
        since = now - ACCESS_LIFETIME - CLOCK_TOLERANCE
        rows = await session.fetch_all(statements.SELECT_DISABLED, since=since)
        known = self._disabled_at | {row["id"]: row["disabled_at"] for row in rows}
        self._disabled_at = {user_id: disabled_at for user_id, disabled_at in known.items() if disabled_at > since}
