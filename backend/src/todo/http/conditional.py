"""Conditional reads: entity tags and `304 Not Modified` (RFC 9110, sections 8.8.3 and 13.1.2)."""

from hashlib import sha256

from fastapi import Request, Response, status

from todo.http.declared_route import Handler
from todo.http.openapi import Responses
from todo.http.request_state import request_state

IF_NONE_MATCH = "If-None-Match"
IF_NONE_MATCH_FIELD = IF_NONE_MATCH.lower().encode()
TAG_LENGTH = 24
"""The length of a tag that is a digest of the content."""
ETAG_HEADER = {"ETag": {"description": "The entity tag of the resource.", "schema": {"type": "string"}}}
NOT_MODIFIED: Responses = {304: {"description": "The client has the current version.", "headers": ETAG_HEADER}}
IF_NONE_MATCH_PARAMETER = {
    "name": IF_NONE_MATCH,
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "An `ETag` that you have. If it is current, the response is 304 without a body.",
}


def conditional(handler: Handler) -> Handler:
    """Wrap the handler of a read: its response gets an `ETag`, and becomes 304 if the client has that version.

    A response without a tag, such as a list, gets a weak tag of its content.
    """

    async def handle(request: Request) -> Response:
        response = await handler(request)
        etag = dict(response.raw_headers).get(b"etag")
        if etag is None:
            etag = b'W/"%b"' % sha256(response.body).hexdigest()[:TAG_LENGTH].encode()
            response.raw_headers.append((b"etag", etag))
        if IF_NONE_MATCH_FIELD not in request_state(request.scope).headers:
            return response
        return _not_modified(request, etag.decode()) or response

    return handle


def _not_modified(request: Request, etag: str) -> Response | None:
    """Return the 304 if a tag of `If-None-Match` equals the current one by weak comparison, else None."""
    known = ",".join(request.headers.getlist(IF_NONE_MATCH))
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    if known.strip() != "*" and etag.removeprefix("W/") not in tags:
        return None
    return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag})
