"""The client of an event stream: its principal, the last event that it received, and its disconnect."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Depends, Header, Request

from todo.core.clock import utc_now
from todo.http.dependencies.principal import Authentication
from todo.http.dependencies.resources import resources_of
from todo.http.request_state import request_state
from todo.services.authentication import Principal
from todo.services.events.errors import InvalidTicketError
from todo.services.events.tickets import read_ticket

LAST_EVENT_ID = "Last-Event-ID"


class StreamAuthentication(Authentication):
    """Authenticates a request with the header `Authorization`, or without this header by the parameter `ticket`."""

    errors = (*Authentication.errors, InvalidTicketError)

    async def __call__(self, request: Request) -> Principal:
        """Return the principal; a ticket costs no query. `follow_changes` checks that its credential is valid."""
        state = request_state(request.scope)
        ticket = dict(parse_qsl(request.scope["query_string"].decode("latin-1"))).get("ticket")
        if ticket is None or b"authorization" in state.headers:
            return await super().__call__(request)
        signer = resources_of(request).security.signer
        state.principal = read_ticket(signer, ticket, utc_now())
        return state.principal


StreamUser = Annotated[Principal, Depends(StreamAuthentication())]
"""The principal of a token or a ticket."""


async def get_last_event_id(
    _request: Request,
    last_event_id: Annotated[
        str | None,
        Header(
            description="The `id` of the last event that you received. The stream continues after that event. If it "
            "cannot, the first event is `resync`: sync again, without it.",
            alias=LAST_EVENT_ID,
        ),
    ] = None,
) -> str | None:
    """Return the id of the last event that the client received; an empty header counts as absent."""
    return last_event_id or None


LastEventId = Annotated[str | None, Depends(get_last_event_id)]


async def get_disconnect(request: Request) -> Callable[[], Coroutine[Any, Any, None]]:
    """Return a function that returns when the client has disconnected."""
    # The request itself is not needed any longer.
    receive = request.receive

    async def wait_for_disconnect() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return wait_for_disconnect


Disconnect = Annotated[Callable[[], Coroutine[Any, Any, None]], Depends(get_disconnect)]
