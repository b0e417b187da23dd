"""A write that is asked for twice with one key happens once (draft-ietf-httpapi-idempotency-key-header).

The key is claimed, the write done and its answer kept in one transaction. A twin in flight waits for that transaction
at the key's row; after a crash there is either the write with its answer, or neither.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    SmallInteger,
    Text,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy import String as SqlString
from sqlalchemy.dialects.postgresql import insert

from todo.core.database.driver_errors import LockTimeoutError
from todo.core.database.session import Session, Statement
from todo.core.errors import ConflictError, InvalidValueError, MalformedRequestError
from todo.models import IdempotencyKey
from todo.models.base import table_of
from todo.models.idempotency_key import KEY_MAX, OWNER_EXISTS
from todo.services.authentication import InvalidTokenError

KEPT_FOR: ColumnElement[timedelta] = literal_column("interval '24 hours'")
SWEPT_AT_ONCE = 1000


class InvalidIdempotencyKeyError(InvalidValueError):
    """Idempotency-Key must be 1-255 printable ASCII characters"""

    code = "INVALID_IDEMPOTENCY_KEY"
    field = "Idempotency-Key"


class IdempotencyKeyReusedError(MalformedRequestError):
    """This idempotency key was used for another request"""

    code = "IDEMPOTENCY_KEY_REUSED"
    field = "Idempotency-Key"


class IdempotencyKeyInUseError(ConflictError):
    """A request with this idempotency key, or one before it, is in progress. Please try again shortly"""

    code = "IDEMPOTENCY_KEY_IN_USE"


@dataclass(frozen=True)
class StoredAnswer:
    """An answer as it was first given."""

    status: int
    content_type: str | None
    etag: str | None
    body: bytes


KEYS = table_of(IdempotencyKey)
USER_ID = bindparam("user_id", type_=KEYS.c.user_id.type)
KEY = bindparam("key", type_=SqlString)
FINGERPRINT = bindparam("fingerprint", type_=LargeBinary)
EXPIRED = KEYS.c.created_at < func.now() - KEPT_FOR
MINE = (KEYS.c.user_id == USER_ID, KEYS.c.key == KEY)

CLAIM_KEY = Statement(
    insert(KEYS)
    .values(user_id=USER_ID, key=KEY, fingerprint=FINGERPRINT)
    .on_conflict_do_update(
        index_elements=["user_id", "key"],
        set_={"fingerprint": FINGERPRINT, "created_at": func.now(), "status": None, "body": None},
        where=EXPIRED,
    )
    .returning(KEYS.c.key),
    violations={OWNER_EXISTS: InvalidTokenError},
)
SELECT_ANSWER = Statement(
    select(KEYS.c.fingerprint, KEYS.c.status, KEYS.c.content_type, KEYS.c.etag, KEYS.c.body).where(*MINE)
)
STORE_ANSWER = Statement(
    update(KEYS)
    .where(*MINE)
    .values(
        status=bindparam("status", type_=SmallInteger),
        content_type=bindparam("content_type", type_=Text),
        etag=bindparam("etag", type_=Text),
        body=bindparam("body", type_=LargeBinary),
    )
)
_oldest = select(KEYS.c.user_id, KEYS.c.key).where(EXPIRED).order_by(KEYS.c.created_at).limit(SWEPT_AT_ONCE)
SWEEP = Statement(
    delete(KEYS)
    .where(tuple_(KEYS.c.user_id, KEYS.c.key).in_(_oldest.with_for_update(skip_locked=True)))
    .returning(KEYS.c.key)
)


def check_key(key: str) -> None:
    """Refuse what cannot be a key.

    Raises:
        InvalidIdempotencyKeyError: it is empty, too long, or has characters that do not print.
    """
    if not 1 <= len(key) <= KEY_MAX or not key.isascii() or not key.isprintable():
        raise InvalidIdempotencyKeyError


async def claim_key(session: Session, user_id: UUID, key: str, fingerprints: list[bytes]) -> StoredAnswer | None:
    """Claim a key inside the transaction of the write; None: it is ours, do the write.

    Args:
        session: the transaction.
        user_id: whose key it is.
        key: what the client calls the request.
        fingerprints: keyed digests of the request, by our secret and by the previous one. The first is kept: requests
            may hold passwords, and nobody who reads the table shall be able to try them out.

    Returns:
        The answer to repeat, if the same request was answered in the last 24 hours.

    Raises:
        IdempotencyKeyReusedError: the key belongs to another request.
        IdempotencyKeyInUseError: its twin is still in progress, and has been for a while.
        InvalidTokenError: the user is gone.
    """
    try:
        if await session.fetch_one(CLAIM_KEY, user_id=user_id, key=key, fingerprint=fingerprints[0]):
            return None
    except LockTimeoutError as error:
        raise IdempotencyKeyInUseError from error
    kept = await session.fetch_one(SELECT_ANSWER, user_id=user_id, key=key)
    if kept is None:
        raise IdempotencyKeyInUseError
    if kept["fingerprint"] not in fingerprints:
        raise IdempotencyKeyReusedError
    return StoredAnswer(kept["status"], kept["content_type"], kept["etag"], kept["body"])


async def store_answer(session: Session, user_id: UUID, key: str, answer: StoredAnswer) -> None:
    """Keep the answer beside the key, in the same transaction."""
    await session.fetch_all(STORE_ANSWER, user_id=user_id, key=key, **vars(answer))


async def sweep_keys(session: Session) -> int:
    """Delete some of the keys that are older than 24 hours; return how many, 0 when none are left."""
    return len(await session.fetch_all(SWEEP))
