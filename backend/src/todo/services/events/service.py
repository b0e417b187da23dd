"""Live events: follows the changes of a user for the length of a stream."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from math import inf
from typing import Any
from uuid import UUID

from todo.core.clock import utc_now
from todo.core.database.session import Row, Session
from todo.core.errors import ServiceUnavailableError
from todo.core.metrics import EVENT_LAG, EVENTS_SENT
from todo.core.security.tokens import TokenSigner
from todo.schemas.changes.events import TicketPublic
from todo.services.authentication import InvalidTokenError, Principal
from todo.services.events import statements
from todo.services.events.access import check_access
from todo.services.events.position import Event, Position
from todo.services.events.streams import End, EventStream, EventStreams
from todo.services.events.tickets import TICKET_LIFETIME, write_ticket
from todo.services.resources.access import readable_resources
from todo.services.sync.statements import SELECT_CLOCK

RECONNECT_MILLISECONDS = 3000
COMMENT = Event()
COMMENT_SECONDS = 15.0
"""How long a stream is silent before a comment. Proxies close silent connections."""
PAUSE_SECONDS = 0.1
"""How long a stream waits after events, so that many changes in a short time are read together."""
RETRY_SECONDS = 1.0
"""How long a stream waits after an error of the database."""
PAGE_SIZE = 500


async def create_ticket(session: Session, signer: TokenSigner, principal: Principal) -> TicketPublic:
    """Return a ticket that opens a stream of the principal.

    Raises:
        InsufficientScopeError: the principal can read no type.
        LoginSessionEndedError: the login session has ended.
    """
    readable_resources(principal)
    now = utc_now()
    await check_access(session, principal, now)
    return TicketPublic(ticket=write_ticket(signer, principal, now), expires_in=int(TICKET_LIFETIME.total_seconds()))


async def follow_changes(
    session: Session,
    signer: TokenSigner,
    streams: EventStreams,
    principal: Principal,
    last_event_id: str | None,
    wait_for_disconnect: Callable[[], Coroutine[Any, Any, None]],
) -> AsyncGenerator[list[Event]]:
    """Yield the events of a stream until it ends. The stream opens with the first iteration.

    Between two iterations no connection to the database is held.

    Args:
        session: reads the change log.
        signer: signs the ids of events.
        streams: the open streams of the process.
        principal: the user.
        last_event_id: the id of the event after which the stream continues; None continues now.
        wait_for_disconnect: returns when the client has disconnected.

    Raises:
        InsufficientScopeError: the principal can read no type.
        LoginSessionEndedError: the login session has ended.
        InvalidTokenError: the personal access token or the user was deleted.
        TooManyStreamsOfUserError: the user has too many streams.
        TooManyStreamsError: the process has too many streams.
        ServiceUnavailableError: the database is unavailable. An open stream waits for the database.
    """
    types = [resource.type for resource in readable_resources(principal)]
    stream = streams.open(principal)
    try:
        await check_access(session, principal, utc_now())
        position = await _find_position(session, signer, principal)
        is_resumed = last_event_id is None or position.resume(last_event_id)
        stream.watch(wait_for_disconnect)
        yield [Event(id=position.token, retry=RECONNECT_MILLISECONDS)]
        if not is_resumed:
            yield [Event("resync", {}, position.token)]
        follower = Follower(session, streams, stream, position, types)
        while events := await follower.next_events():
            stream.is_sending = True
            yield events
            # Sent events would take memory as long as the stream waits.
            del events
            stream.is_sending = False
        if stream.end is End.EXPIRED:
            yield [Event("expired", {})]
    finally:
        streams.remove(stream)


async def _find_position(session: Session, signer: TokenSigner, principal: Principal) -> Position:
    """Return the position after the user's last change."""
    clock = await session.fetch_one(SELECT_CLOCK, user_id=principal.id)
    if clock is None:
        raise InvalidTokenError
    return Position(signer, principal, clock)


async def read_clocks(session: Session, user_ids: list[UUID]) -> dict[UUID, int]:
    """Return the number of the last change of each user; a user without changes is missing."""
    rows = await session.fetch_all(statements.SELECT_CLOCKS, user_ids=user_ids)
    return {row["user_id"]: row["seq"] for row in rows}


class Follower:
    """Reads the changes after a position, when they are announced."""

    __slots__ = (
        *("_is_behind", "_opened_at", "_pause", "_position", "_sent_at"),
        *("_session", "_stream", "_streams", "_types"),
    )

    def __init__(
        self, session: Session, streams: EventStreams, stream: EventStream, position: Position, types: list[str]
    ) -> None:
        self._session = session
        self._streams = streams
        self._stream = stream
        self._position = position
        self._types = types
        self._opened_at = utc_now()
        self._sent_at = time.monotonic()
        self._is_behind = True
        self._pause = 0.0

    async def next_events(self) -> list[Event]:
        """Return the next events, or a comment after COMMENT_SECONDS; nothing at the end of the stream."""
        while not self._has_ended():
            if self._is_behind and (events := await self._read()):
                return events
            silence = self._sent_at + COMMENT_SECONDS - time.monotonic()
            if silence <= 0:
                self._sent_at = time.monotonic()
                return [COMMENT]
            if not self._is_behind:
                self._is_behind = await self._stream.listener.wait(min(silence, self._seconds_left()))
        return []

    def _has_ended(self) -> bool:
        if self._streams.is_stopping:
            self._stream.close(End.STOPPED)
        elif self._seconds_left() <= 0:
            self._stream.close(End.EXPIRED)
        return self._stream.end is not None

    def _seconds_left(self) -> float:
        expires_at = self._stream.principal.expires_at
        return inf if expires_at is None else (expires_at - utc_now()).total_seconds()

    async def _read(self) -> list[Event]:
        """Return up to PAGE_SIZE events after the position."""
        await asyncio.sleep(self._pause)
        self._pause = 0.0
        try:
            async with self._streams.reading:
                rows = await self._session.fetch_all(
                    statements.SELECT_EVENTS,
                    user_id=self._stream.principal.id,
                    seq=self._position.seq,
                    types=self._types,
                    limit=PAGE_SIZE + 1,
                )
        except ServiceUnavailableError:
            self._pause = RETRY_SECONDS
            return []
        self._is_behind = len(rows) > PAGE_SIZE
        events = self._position.advance(rows, PAGE_SIZE)
        if events:
            self._pause = 0.0 if self._is_behind else PAUSE_SECONDS
            self._sent_at = time.monotonic()
            self._measure(rows[:PAGE_SIZE])
        return events

    def _measure(self, rows: Sequence[Row]) -> None:
        """Count the events. Changes from before the stream have no lag."""
        EVENTS_SENT.inc(len(rows))
        now = utc_now()
        for row in rows:
            if row["at"] > self._opened_at:
                EVENT_LAG.observe(max(0.0, (now - row["at"]).total_seconds()))
