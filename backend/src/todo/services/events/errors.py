"""Errors of live events."""

from collections.abc import Mapping

from todo.core.errors import AuthenticationError, DomainError


class InvalidTicketError(AuthenticationError):
    """This ticket is invalid or has expired. Request a new one with POST /api/v1/events/tickets"""

    code = "INVALID_TICKET"


class TooManyStreamsOfUserError(DomainError):
    """You have too many open event streams. Close one and try again"""

    status = 429
    code = "TOO_MANY_STREAMS"
    headers: Mapping[str, str] = {"Retry-After": "60"}


class TooManyStreamsError(DomainError):
    """The service has too many open event streams. Please try again shortly"""

    status = 503
    code = "TOO_MANY_STREAMS"
    headers: Mapping[str, str] = {"Retry-After": "30"}
