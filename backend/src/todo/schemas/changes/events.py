"""Live events in requests and responses."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from todo.domain.text import Text
from todo.schemas.request import RequestModel


class EventsQuery(RequestModel):
    """The credential of a client that cannot send headers."""

    ticket: Annotated[
        Text | None,
        Field(description="A ticket of `POST /api/v1/events/tickets`, in place of the header `Authorization`."),
    ] = None


class ChangeEvent(TypedDict, total=False):
    """The data of an event: the changed resource, without its content."""

    type: Annotated[str, Field(description="The type of the resource.", examples=["task"])]
    id: Annotated[int | None, Field(description="The id of the resource; null for the account.", examples=[42])]
    action: Annotated[str, Field(description="What happened to it.", examples=["update"])]


class TicketPublic(TypedDict):
    """A ticket for one stream."""

    ticket: Annotated[
        str,
        Field(
            description="The value of the parameter `ticket` of `GET /api/v1/events`.", examples=["rT9k4w3q2-7wAAAA"]
        ),
    ]
    expires_in: Annotated[int, Field(description="Seconds in which the stream must be opened.", examples=[30])]
