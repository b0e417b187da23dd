"""The state of one request, kept by the machinery in the ASGI scope, and the resources of its application."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.types import Scope

from todo.core.config import Settings
from todo.core.database.database import Database
from todo.core.database.session import Session
from todo.core.limits.keyed_lock import KeyedLock
from todo.core.limits.rate_limits import RateLimits
from todo.services.accounts.disabled_users import DisabledUsers
from todo.services.accounts.service import Security
from todo.services.authentication import Principal
from todo.services.events.position import Event
from todo.services.events.streams import EventStreams
from todo.services.shared.log.change_feed import ChangeFeed
from todo.services.shared.log.writer import Writer

SCOPE_KEY = "todo.request_state"
READ_METHODS = frozenset({"GET", "HEAD"})
"""Methods that only read. A GET route serves HEAD too (RFC 9110, section 9.3.2)."""


@dataclass(frozen=True)
class AppResources:
    """The resources that all requests of an application share; `create_app` makes them.

    Attributes:
        settings: the operator's settings.
        database: the connection pool.
        security: the tools that check credentials.
        disabled_users: the users that were disabled recently.
        user_writes: a lock for each user. Writes of one user run one after the other.
        change_feed: tells listeners that a user's data was changed.
        event_streams: the open event streams.
    """

    settings: Settings
    database: Database
    security: Security
    disabled_users: DisabledUsers
    user_writes: KeyedLock
    change_feed: ChangeFeed
    event_streams: EventStreams

    @property
    def rate_limits(self) -> RateLimits:
        """The counters of attempts."""
        return self.security.rate_limits


@dataclass(slots=True)
class RequestState:
    """The state of one request; `RequestContextMiddleware` creates it.

    Attributes:
        resources: the resources of the application.
        id: the request id.
        headers: the request's headers by name; of a repeated header, the last.
        response_headers: headers that the response gets in addition to its own.
        status: the status of the response, or 0 until it starts.
        body: the request's body, once it was read.
        principal: the user that the request acts for, once it was authenticated.
        transaction: the transaction that the whole request runs in, if there is one.
        writer: the writer of the request, if it can change something.
        stream: the further events of a response that lasts as long as the client wants.
    """

    resources: AppResources
    id: str
    headers: dict[bytes, bytes]
    response_headers: list[tuple[bytes, bytes]]
    status: int = 0
    body: bytes | None = None
    principal: Principal | None = None
    transaction: Session | None = None
    writer: Writer | None = None
    stream: AsyncGenerator[list[Event]] | None = None


def request_state(scope: Scope) -> RequestState:
    """Return the state of the request with this scope."""
    state: RequestState = scope[SCOPE_KEY]
    return state
