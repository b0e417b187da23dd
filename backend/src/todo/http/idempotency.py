"""Idempotent writes: a request with an `Idempotency-Key` is done once (draft-ietf-httpapi-idempotency-key-header)."""

from uuid import UUID

from fastapi import Request, Response

from todo.core.database.session import Session
from todo.http.declared_route import Handler, read_body
from todo.http.dependencies.principal import get_current_user
from todo.http.dependencies.resources import get_resources
from todo.http.request_state import request_state
from todo.models.idempotency_key import KEY_MAX
from todo.services.idempotency import service as idempotency_service
from todo.services.idempotency.errors import (
    IdempotencyKeyInUseError,
    IdempotencyKeyReusedError,
    InvalidIdempotencyKeyError,
)
from todo.services.idempotency.service import StoredResponse

KEY_HEADER = "Idempotency-Key"
KEY_FIELD = KEY_HEADER.lower().encode()
KEY_ERRORS = (InvalidIdempotencyKeyError, IdempotencyKeyInUseError, IdempotencyKeyReusedError)
REPLAYED_HEADERS = {
    "Idempotency-Replayed": {
        "description": "`true` if the response is that of an earlier request.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "The new version of the resource.", "schema": {"type": "string"}},
}
KEY_PARAMETER = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": "^[ -~]+$"},
    "description": "A key that you choose (1-255 printable ASCII characters, such as a UUID). The same request with "
    "the same key within 24 hours is done once. Its response is repeated with `Idempotency-Replayed: true`.",
}


def idempotent(handler: Handler) -> Handler:
    """Wrap the handler of a write: with a key, the write and its response are stored in one transaction.

    A repeated request gets the stored response.
    """

    async def handle(request: Request) -> Response:
        if KEY_FIELD not in request_state(request.scope).headers:
            return await handler(request)
        # Two headers are no key: the line break between them is not printable.
        return await _write_once(request, "\n".join(request.headers.getlist(KEY_HEADER)), handler)

    return handle


async def _write_once(request: Request, key: str, handler: Handler) -> Response:
    resources = await get_resources(request)
    principal = await get_current_user(request)
    idempotency_service.check_key(key)
    request_line = f"{request.method} {request.url.path}?{request.url.query}\n{request.headers.getlist('If-Match')}\n"
    fingerprints = resources.security.signer.digests(request_line.encode() + await read_body(request))
    # One keyed write of a user at a time: the transaction holds a connection while it waits for a concurrent request
    # with the same key, or for a password.
    async with resources.keyed_writes.hold(principal.id), resources.database.session.transaction() as transaction:
        stored = await idempotency_service.claim_key(transaction, principal.id, key, fingerprints)
        if stored is not None:
            return _replay(stored)
        request_state(request.scope).transaction = transaction
        response = await handler(request)
        await _store(transaction, principal.id, key, response)
    return response


async def _store(session: Session, user_id: UUID, key: str, response: Response) -> None:
    stored = StoredResponse(
        status=response.status_code,
        content_type=response.headers.get("Content-Type"),
        etag=response.headers.get("ETag"),
        body=bytes(response.body),
    )
    await idempotency_service.store_response(session, user_id, key, stored)


def _replay(stored: StoredResponse) -> Response:
    headers = {"Idempotency-Replayed": "true"}
    if stored.etag is not None:
        headers["ETag"] = stored.etag
    return Response(stored.body, stored.status, headers, media_type=stored.content_type)
