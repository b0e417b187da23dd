"""Errors of idempotency keys."""

from collections.abc import Mapping

from todo.core.errors import ConflictError, InvalidValueError, MalformedRequestError


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
    headers: Mapping[str, str] = {"Retry-After": "1"}
