"""Idempotent writes: a request with an `Idempotency-Key` is done once (draft-ietf-httpapi-idempotency-key-header)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request, Response

from todo.core.database.deferred import deferred_transaction
from todo.core.database.driver_errors import LockTimeoutError
from todo.core.database.session import Session
from todo.core.errors import DomainError
from todo.domain.scope import SHARED_RESOURCES
from todo.http.change_seq import CHANGE_SEQ
from todo.http.declared_route import Handler, read_body
from todo.http.dependencies.change_base import CHANGE_BASE
from todo.http.dependencies.principal import get_active_user, get_current_user, resource_of
from todo.http.dependencies.resources import resources_of
from todo.http.request_state import AppResources, request_state
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
    "ETag": {
        "description": "The new version of the resource. Absent if the body is not the resource alone.",
        "schema": {"type": "string"},
    },
}
KEY_PARAMETER = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": "^[ -~]+$"},
    "description": "A key that you choose (1-255 printable ASCII characters, such as a UUID). The same request with "
    "the same key within 24 hours is done once. Its response is repeated with `Idempotency-Replayed: true`.",
}


@dataclass(frozen=True)
class KeyedWrite:
    """A write with a key, before it is done.

    Attributes:
        request: the request.
        database: runs statements by themselves.
        user_id: the user who sent the key.
        key: a valid key.
        fingerprints: digests of the request, keyed with the secret and with the previous secret.
    """

    request: Request
    database: Session
    user_id: UUID
    key: str
    fingerprints: list[bytes]

    async def find_response(self) -> StoredResponse | None:
        """Return the response to replay, or None if the key is new."""
        return await idempotency_service.find_response(self.database, self.user_id, self.key, self.fingerprints)

    async def claim(self, transaction: Session) -> StoredResponse | None:
        """Claim the key, or return the response to replay."""
        return await idempotency_service.claim_key(transaction, self.user_id, self.key, self.fingerprints)

    async def perform(self, transaction: Session, handler: Handler) -> Response:
        """Do the write and store its response."""
        request_state(self.request.scope).transaction = transaction
        response = await handler(self.request)
        await self.store(transaction, response)
        return response

    async def store(self, transaction: Session, response: Response) -> None:
        """Store the response of a write whose key was claimed in the transaction."""
        writer = request_state(self.request.scope).writer
        stored = StoredResponse(
            status=response.status_code,
            content_type=response.headers.get("Content-Type"),
            etag=response.headers.get("ETag"),
            body=bytes(response.body),
            change_seq=writer.last_seq if writer else None,
        )
        await idempotency_service.store_response(transaction, self.user_id, self.key, stored)


WriteOnce = Callable[[KeyedWrite, Handler], Awaitable[Response]]


def idempotent(handler: Handler, write_once: WriteOnce, *, is_long: bool = False) -> Handler:
    """Wrap the handler of a write: with a key, the write and its response are stored in one transaction.

    A repeated request gets the stored response. Writes of one user wait for each other in memory, because each would
    hold a connection while it waits in the database.

    Args:
        handler: serves a request.
        write_once: does a write with a key.
        is_long: whether the handler takes long without a lock. Then only requests with the same key wait for it.
    """

    async def handle(request: Request) -> Response:
        resources = resources_of(request)
        if KEY_FIELD in request_state(request.scope).headers:
            write = await _keyed_write(request, resources)
            lock = (write.user_id, write.key) if is_long else write.user_id
            async with resources.user_writes.hold(lock, IdempotencyKeyInUseError):
                return await write_once(write, handler)
        if is_long:
            return await handler(request)
        user = await get_current_user(request)
        # A slow client must not hold the lock.
        await read_body(request)
        async with resources.user_writes.hold(user.id, LockTimeoutError):
            return await handler(request)

    return handle


async def write_in_transaction(write: KeyedWrite, handler: Handler) -> Response:
    """Claim the key, then serve the request, in one transaction."""
    async with write.database.transaction() as transaction:
        stored = await write.claim(transaction)
        return _replay(stored) if stored is not None else await write.perform(transaction, handler)


async def write_after_password(write: KeyedWrite, handler: Handler) -> Response:
    """Serve the request, and claim the key in the transaction that its first write begins (AUT-004).

    No connection is held while the password is hashed. If another process serves a request with the same key in this
    time, the claim or the password fails, and the response of that request is repeated (AUT-005).
    """

    async def claim(transaction: Session) -> None:
        if await write.claim(transaction) is not None:
            raise IdempotencyKeyInUseError

    # A repeated response is an account, so its login session must be live, as for the first request.
    await get_active_user(write.request, await get_current_user(write.request))
    stored = await write.find_response()
    if stored is None:
        try:
            async with deferred_transaction(write.database, claim) as transaction:
                return await write.perform(transaction, handler)
        except DomainError:
            stored = await write.find_response()
            if stored is None:
                raise
    return _replay(stored)


async def write_in_steps(write: KeyedWrite, handler: Handler) -> Response:
    """Serve the request in several transactions, and store the response in a further one.

    A request that ended in the middle is served again from the beginning, so the steps must allow that.
    """
    stored = await write.find_response()
    if stored is None:
        response = await handler(write.request)
        async with write.database.transaction() as transaction:
            stored = await write.claim(transaction)
            if stored is None:
                await write.store(transaction, response)
                return response
    return _replay(stored)


async def _keyed_write(request: Request, resources: AppResources) -> KeyedWrite:
    """Return the write that a request with a key asks for."""
    principal = await get_current_user(request)
    # Two headers are no key: the line break between them is not printable.
    key = "\n".join(request.headers.getlist(KEY_HEADER))
    idempotency_service.check_key(key)
    request_line = f"{request.method} {request.url.path}?{request.url.query}\n{request.headers.getlist('If-Match')}\n"
    if bases := request.headers.getlist(CHANGE_BASE):
        request_line += f"{bases}\n"
    if principal.scopes is not None and resource_of(request.url.path) in SHARED_RESOURCES:
        # The stored response has resources of several types, so it is repeated for the same scopes alone.
        request_line += f"{sorted(principal.scopes)}\n"
    fingerprints = resources.security.signer.digests(request_line.encode() + await read_body(request))
    return KeyedWrite(request, resources.database.session, principal.id, key, fingerprints)


def _replay(stored: StoredResponse) -> Response:
    headers = {"Idempotency-Replayed": "true"}
    if stored.etag is not None:
        headers["ETag"] = stored.etag
    if stored.change_seq is not None:
        headers[CHANGE_SEQ] = str(stored.change_seq)
    return Response(stored.body, stored.status, headers, media_type=stored.content_type)
