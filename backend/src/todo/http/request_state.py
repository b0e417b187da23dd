"""The state of one request, kept by the machinery in the ASGI scope."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.types import Scope

from todo.core.database.session import Session
from todo.services.authentication import Principal
from todo.services.events.position import Event
from todo.services.shared.log.writer import Writer

SCOPE_KEY = "todo.request_state"
READ_METHODS = frozenset({"GET", "HEAD"})
"""Methods that only read. A GET route serves HEAD too (RFC 9110, section 9.3.2)."""


@dataclass(slots=True)
class RequestState:
    """The state of one request; `RequestContextMiddleware` creates it.

    Attributes:
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
