"""Idempotency keys (draft-ietf-httpapi-idempotency-key-header).

A transaction claims the key, does the write and stores the response. A concurrent request with the same key waits
for that transaction at the key's row. After a crash the database has both the write and its response, or neither.
"""

from dataclasses import dataclass
from uuid import UUID

from todo.core.database.driver_errors import LockTimeoutError
from todo.core.database.session import Session
from todo.models.idempotency_key import KEY_MAX
from todo.services.idempotency import statements
from todo.services.idempotency.errors import (
    IdempotencyKeyInUseError,
    IdempotencyKeyReusedError,
    InvalidIdempotencyKeyError,
)


@dataclass(frozen=True)
class StoredResponse:
    """The response to the first request with a key.

    Attributes:
        status: the status.
        content_type: the header `Content-Type`, if there is a body.
        etag: the header `ETag`, if there is one.
        body: the body.
        change_seq: the header `Change-Seq`, if the request changed something.
    """

    status: int
    content_type: str | None
    etag: str | None
    body: bytes
    change_seq: int | None


def check_key(key: str) -> None:
    """Check the syntax of a key.

    Raises:
        InvalidIdempotencyKeyError: the key is empty, too long, or has characters other than printable ASCII.
    """
    if not 1 <= len(key) <= KEY_MAX or not key.isascii() or not key.isprintable():
        raise InvalidIdempotencyKeyError


async def claim_key(session: Session, user_id: UUID, key: str, fingerprints: list[bytes]) -> StoredResponse | None:
    """Claim a key inside the transaction of its write.

    Args:
        session: the transaction.
        user_id: the user who sent the key.
        key: the key of the request.
        fingerprints: digests of the request, keyed with the secret and with the previous secret. The first is stored.
            A plain digest would let a reader of the table test passwords that a request contains.

    Returns:
        The response to replay, if the same request was answered in the last 24 hours. None if the key is claimed.

    Raises:
        IdempotencyKeyReusedError: the key belongs to a different request.
        IdempotencyKeyInUseError: the first request with this key did not end within the lock timeout.
        InvalidTokenError: the user was deleted.
    """
    try:
        if await session.fetch_one(statements.CLAIM_KEY, user_id=user_id, key=key, fingerprint=fingerprints[0]):
            return None
    except LockTimeoutError as error:
        raise IdempotencyKeyInUseError from error
    stored = await find_response(session, user_id, key, fingerprints)
    if stored is None:
        raise IdempotencyKeyInUseError
    return stored


async def find_response(session: Session, user_id: UUID, key: str, fingerprints: list[bytes]) -> StoredResponse | None:
    """Return the response to replay, or None if the key was not used in the last 24 hours.

    Raises:
        IdempotencyKeyReusedError: the key belongs to a different request.
    """
    row = await session.fetch_one(statements.SELECT_RESPONSE, user_id=user_id, key=key)
    if row is None:
        return None
    if row["fingerprint"] not in fingerprints:
        raise IdempotencyKeyReusedError
    return StoredResponse(row["status"], row["content_type"], row["etag"], row["body"], row["change_seq"])


async def store_response(session: Session, user_id: UUID, key: str, response: StoredResponse) -> None:
    """Store the response with its key, in the transaction of the write."""
    await session.fetch_all(statements.STORE_RESPONSE, user_id=user_id, key=key, **vars(response))


async def sweep_keys(session: Session, *, has_shards: bool = False) -> int:
    """Delete a batch of keys that are older than 24 hours.

    Args:
        session: the database session.
        has_shards: whether the table is distributed.

    Returns:
        How many were deleted; 0 when none is left.
    """
    return len(await session.fetch_all(statements.SWEEP_SHARDS if has_shards else statements.SWEEP))
