"""The number of the last change that a request made: the response header `Change-Seq`, and its announcement."""

from fastapi import Request, Response

from todo.http.declared_route import Handler
from todo.http.dependencies.resources import resources_of
from todo.http.request_state import request_state

CHANGE_SEQ = "Change-Seq"
CHANGE_SEQ_HEADER = {
    CHANGE_SEQ: {
        "description": "The number of the last change that the request made. A sync that was begun with a token of "
        "this number or a later one has the change. Absent if nothing was changed.",
        "schema": {"type": "integer"},
    }
}


def announced(handler: Handler) -> Handler:
    """Wrap the handler of a write: its response has the number of the last change (CHG-003), and listeners are told.

    The handler has committed the changes (ADR 0054).
    """

    async def handle(request: Request) -> Response:
        response = await handler(request)
        writer = request_state(request.scope).writer
        if writer is not None and writer.last_seq is not None:
            response.raw_headers.append((b"change-seq", b"%d" % writer.last_seq))
            resources_of(request).change_feed.announce(writer.user_id, writer.last_seq)
        return response

    return handle
