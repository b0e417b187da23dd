"""The tree of errors that reach a client: the kind owns the HTTP status, the error its code and message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple


class DomainError(Exception):
    """An answer other than success. The first line of a subclass's docstring is what the client reads.

    Attributes:
        status: the HTTP status of this kind of error.
        code: the contract's stable code, in capitals.
        headers: further response headers.
        field: the field of the request that is at fault, if it is one.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    headers: Mapping[str, str] = {}
    field: ClassVar[str | None] = None

    @classmethod
    def detail(cls) -> str:
        """Return the sentence for a person."""
        return (cls.__doc__ or cls.code).strip().partition("\n")[0]

    def __str__(self) -> str:
        return self.detail()


class InvalidValueError(DomainError, ValueError):
    """A value of the right type breaks a rule. As a ValueError it may be raised inside a validator."""

    status = 400


class OriginRefusedError(DomainError):
    """This origin, method or header is not allowed to call the service from a browser"""

    status = 400
    code = "ORIGIN_REFUSED"


class AuthenticationError(DomainError):
    """The caller is not known (RFC 6750)."""

    status = 401
    headers: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}


class ForbiddenError(DomainError):
    """The caller is known and may not do this (RFC 6750, section 3.1)."""

    status = 403
    headers: Mapping[str, str] = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}


class NotFoundError(DomainError):
    """There is no such resource, or it belongs to somebody else."""

    status = 404


class UnknownPathError(NotFoundError):
    """There is nothing at this path"""

    code = "NOT_FOUND"


class MethodNotAllowedError(DomainError):
    """This path does not support that method"""

    status = 405
    code = "METHOD_NOT_ALLOWED"


class RequestTimeoutError(DomainError):
    """The request did not arrive in time"""

    status = 408
    code = "REQUEST_TIMEOUT"
    headers: Mapping[str, str] = {"Connection": "close"}


class ConflictError(DomainError):
    """It cannot be done at the same time as something else."""

    status = 409


class PreconditionFailedError(DomainError):
    """It was changed since you read it"""

    status = 412
    code = "PRECONDITION_FAILED"

    def __init__(self, current: Mapping[str, Any]) -> None:
        """Take the public schema of the resource as it is now; it has a `version` (RFC 9110, section 13.1.1)."""
        super().__init__()
        self.current = current


class PayloadTooLargeError(DomainError):
    """The request body is too large"""

    status = 413
    code = "PAYLOAD_TOO_LARGE"


class UnsupportedMediaTypeError(DomainError):
    """The Content-Type of the body is not one that this path takes"""

    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"


class MalformedRequestError(DomainError):
    """The body could not be read"""

    status = 422
    code = "VALIDATION_ERROR"
    field = "body"


@dataclass(frozen=True)
class Allowance:
    """How many attempts a window has, how many are left, and in how many seconds (at least 1) the next one begins."""

    limit: int
    remaining: int
    reset: int


class RateLimitExceededError(DomainError):
    """Too many authentication attempts. Please try again later"""

    status = 429
    code = "RATE_LIMIT_EXCEEDED"
    headers: Mapping[str, str] = {"Retry-After": "60"}

    def __init__(self, allowance: Allowance) -> None:
        """Take what is left of the window that is used up."""
        super().__init__()
        self.allowance = allowance
        self.headers = {"Retry-After": str(allowance.reset)}


class Refusal(NamedTuple):
    """Why one item of a request was not done: the status and error that it would have been answered by itself.

    Attributes:
        field: what is at fault, within the item; empty if it is the item as such.
    """

    status: int
    field: str
    detail: str
    code: str

    @classmethod
    def of(cls, kind: type[DomainError], field: str = "") -> "Refusal":
        """Return the refusal for an error."""
        return cls(kind.status, field, kind.detail(), kind.code)


class ItemsRefusedError(DomainError):
    """Nothing was done, because some items cannot be

    It is answered as the first of them would have been by itself, with a line for each.
    """

    status = 400
    code = "ITEMS_REFUSED"

    def __init__(self, refusals: Sequence[Refusal], current: Mapping[str, Any] | None = None) -> None:
        """Take why, with fields that name their item (`items.3.title`), at least one; on a 412 what is there now."""
        super().__init__()
        self.refusals = refusals
        self.current = current


class InternalError(DomainError):
    """Something went wrong on our side"""

    status = 500
    code = "INTERNAL_ERROR"


class ServiceUnavailableError(DomainError):
    """The service is temporarily unavailable. Please try again shortly"""

    status = 503
    code = "SERVICE_UNAVAILABLE"
    headers: Mapping[str, str] = {"Retry-After": "5"}
