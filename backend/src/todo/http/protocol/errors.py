"""Errors of a connection whose request never reaches the application."""

import json
from itertools import chain

import httptools

from todo.core.errors import DomainError, ServiceUnavailableError
from todo.http.errors import error_body

HEADERS = {
    "content-type": "application/json",
    "connection": "close",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
REASONS = {400: "Bad Request", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}


class BadRequestError(DomainError):
    """The request is not valid HTTP"""

    status = 400
    code = "BAD_REQUEST"


class InvalidTargetError(BadRequestError):
    """The request target has a character that a URL cannot contain. Percent-encode it in UTF-8, such as %C3%BC for ü"""


class InvalidHostError(BadRequestError):
    """HTTP/1.1 needs exactly one Host header with a host name and an optional port"""


class ConnectError(BadRequestError):
    """The service is not a proxy and does not support CONNECT"""


class Http2Error(BadRequestError):
    """The service speaks HTTP/1.1, not HTTP/2"""


class HeadersTooLargeError(DomainError):
    """The request headers are too large"""

    status = 431
    code = "HEADERS_TOO_LARGE"


class TooManyConnectionsError(ServiceUnavailableError):
    """The service has too many connections. Please try again shortly"""


def find_error(error: httptools.HttpParserError) -> DomainError:
    """Return the error that describes an error of the parser."""
    if isinstance(error.__context__, DomainError):
        # A callback of the protocol raised it.
        return error.__context__
    reason = str(error)
    # Behind a space in the target the parser expects the version.
    has_invalid_target = isinstance(error, httptools.HttpParserInvalidURLError) or reason.startswith("Expected HTTP/")
    if has_invalid_target or isinstance(error.__context__, httptools.HttpParserInvalidURLError):
        return InvalidTargetError()
    return Http2Error() if reason.startswith("Pause on PRI") else BadRequestError()


def render_bytes(error: DomainError, request_id: str) -> bytes:
    """Return the bytes of the response for an error, which close the connection."""
    body = json.dumps(error_body(type(error))).encode()
    own = {name.lower(): value for name, value in error.headers.items()}
    headers = chain(HEADERS.items(), own.items(), [("content-length", str(len(body))), ("x-request-id", request_id)])
    lines = [f"HTTP/1.1 {error.status} {REASONS[error.status]}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode() + body
