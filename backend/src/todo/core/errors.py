"""Errors that reach a client: a base class owns the HTTP status, the class its code and message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple


class DomainError(Exception):
    """An error response. The first line of a subclass's docstring is the message that the client reads.

    Attributes:
        status: the HTTP status.
        code: the contract's stable code, in capitals.
        headers: additional response headers.
        field: the field of the request that is at fault, or None.
        position: the position of the fault in the text of the field, from 1, or None.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    headers: Mapping[str, str] = {}
    field: ClassVar[str | None] = None
    position: int | None = None

    @classmethod
    def detail(cls) -> str:
        """Return the sentence for a person."""
        return (cls.__doc__ or cls.code).strip().partition("\n")[0]

    def __str__(self) -> str:
        return self.detail()


class InvalidValueError(DomainError, ValueError):
    """A value of the right type breaks a rule. It is a ValueError, so that pydantic's validators can raise it."""

    status = 400


class OriginRefusedError(DomainError):
    """This origin, method or header is not allowed to call the service from a browser"""

    status = 400
    code = "ORIGIN_REFUSED"


class ForeignOriginError(OriginRefusedError):
    """This origin is not allowed to log in or out from a browser"""

    status = 403


class AuthenticationError(DomainError):
    """The request is not authenticated (RFC 6750)."""

    status = 401
    headers: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}


class ForbiddenError(DomainError):
    """The principal lacks a permission (RFC 6750, section 3.1)."""

    status = 403
    headers: Mapping[str, str] = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}


class NotFoundError(DomainError):
    """The resource does not exist, or belongs to another user."""

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
    """The request conflicts with another one that is in progress."""

    status = 409


class PreconditionFailedError(DomainError):
    """It was changed since you read it"""

    status = 412
    code = "PRECONDITION_FAILED"

    def __init__(self, current: Mapping[str, Any]) -> None:
        """Keep the current public state of the resource, with its `version` (RFC 9110, section 13.1.1)."""
        super().__init__()
        self.current = current


class FieldConflictError(ConflictError):
    """Fields were changed since the change that this write is based on"""

    code = "FIELD_CONFLICT"
    field = "title"

    def __init__(self, fields: Sequence[str], current: Mapping[str, Any]) -> None:
        """Keep the fields, at least one, and the current public state of the resource."""
        super().__init__()
        self.fields = fields
        self.current = current


class PayloadTooLargeError(DomainError):
    """The request body is too large"""

    status = 413
    code = "PAYLOAD_TOO_LARGE"


class UnsupportedMediaTypeError(DomainError):
    """The Content-Type of the body is not one that this path takes"""

    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"

    def __init__(self, header: str, accepted: Sequence[str]) -> None:
        """Keep the accepted content types, and the response header that lists them."""
        super().__init__()
        self.headers = {header: ", ".join(accepted)}
        self.accepted = accepted

    def __str__(self) -> str:
        return f"The Content-Type of the body must be {' or '.join(self.accepted)}"


class UnsupportedEncodingError(DomainError):
    """The body must not have a Content-Encoding"""

    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"
    headers: Mapping[str, str] = {"Accept-Encoding": "identity"}


class MalformedRequestError(DomainError):
    """The body could not be read"""

    status = 422
    code = "VALIDATION_ERROR"
    field = "body"


class UnknownFieldError(MalformedRequestError):
    """The service does not know this field or parameter"""

    code = "UNKNOWN_FIELD"
    field = "titel"


@dataclass(frozen=True)
class RateLimitState:
    """A rate limit after an attempt.

    Attributes:
        limit: attempts in a window.
        remaining: attempts left in the current window.
        reset: seconds until the next window begins, at least 1.
    """

    limit: int
    remaining: int
    reset: int


class RateLimitExceededError(DomainError):
    """Too many authentication attempts. Please try again later"""

    status = 429
    code = "RATE_LIMIT_EXCEEDED"
    headers: Mapping[str, str] = {"Retry-After": "60"}

    def __init__(self, state: RateLimitState) -> None:
        """Keep the state of the exhausted limit."""
        super().__init__()
        self.state = state
        self.headers = {"Retry-After": str(state.reset)}


class Problem(NamedTuple):
    """A problem of a request, or of an item in it.

    Attributes:
        status: the HTTP status of a request that has this problem alone.
        field: the field at fault, as a path (`items.3.title`); empty if the item itself is at fault.
        detail: the sentence for a person.
        code: the contract's code.
        position: the position of the fault in the text of the field, from 1, or None.
    """

    status: int
    field: str
    detail: str
    code: str
    position: int | None = None

    @classmethod
    def of(cls, error: DomainError | type[DomainError], field: str = "") -> "Problem":
        """Return the problem that an error describes."""
        detail = str(error) if isinstance(error, DomainError) else error.detail()
        return cls(error.status, field, detail, error.code, error.position)

    def describe(self) -> dict[str, Any]:
        """Return the item of the problem in the `errors` of a response."""
        described = {"field": self.field, "detail": self.detail, "code": self.code}
        return described if self.position is None else {**described, "position": self.position}


class InvalidItemsError(DomainError):
    """Some items are invalid, so nothing was written

    The response is that of the first problem, and lists all problems.
    """

    status = 400
    code = "ITEMS_REFUSED"

    def __init__(self, problems: Sequence[Problem], current: Mapping[str, Any] | None = None) -> None:
        """Keep at least one problem and, if the first is a 412, the current state of its resource."""
        super().__init__()
        self.problems = problems
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
