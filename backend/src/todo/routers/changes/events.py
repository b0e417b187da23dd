"""Live events: what changes, at the moment it changes."""

from typing import Annotated

from fastapi import Query, status

from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies.principal import CurrentUser
from todo.http.dependencies.resources import Resources, Session
from todo.http.dependencies.stream_client import Disconnect, LastEventId, StreamUser
from todo.http.event_stream import EVENT_STREAM, EventStreamResponse
from todo.http.openapi import Responses, errors
from todo.http.resource_route import make_router
from todo.schemas.changes.events import EventsQuery, TicketPublic
from todo.services.events import service as event_service
from todo.services.events.errors import TooManyStreamsError, TooManyStreamsOfUserError
from todo.services.login_sessions.errors import LoginSessionEndedError

STREAM: Responses = {
    200: {
        "description": "Server-sent events.",
        "content": {
            EVENT_STREAM: {
                "schema": {"type": "string"},
                "example": 'event: change\ndata: {"type":"task","id":42,"action":"update"}\nid: 3q2-7wAA\n\n',
            }
        },
    }
}

router = make_router("/events", "events", route_class=DeclaredRoute)


@router.get(
    "",
    status_code=status.HTTP_200_OK,
    response_class=EventStreamResponse,
    responses=STREAM | errors(TooManyStreamsOfUserError, TooManyStreamsError),
)
async def stream_events(
    _query: Annotated[EventsQuery, Query()],
    last_event_id: LastEventId,
    session: Session,
    resources: Resources,
    user: StreamUser,
    disconnect: Disconnect,
) -> EventStreamResponse:
    """Return a stream of your changes as server-sent events, for as long as the access token is valid.

    Each change is an event `change`. The last change of a request has an `id`, which is a sync token. `resync` means
    that changes may be missing: sync again. `expired` is the last event when the token expires or when a stream with a
    ticket is 15 minutes old. Changes of types that a personal access token cannot read are left out.
    """
    return EventStreamResponse(
        event_service.follow_changes(
            session,
            resources.security.signer,
            resources.event_streams,
            user,
            last_event_id,
            disconnect,
        )
    )


@router.post("/tickets", responses=errors(LoginSessionEndedError))
async def create_ticket(session: Session, resources: Resources, user: CurrentUser) -> TicketPublic:
    """Create a ticket, which opens one stream within 30 seconds. The `EventSource` of browsers cannot send headers."""
    return await event_service.create_ticket(session, resources.security.signer, user)
