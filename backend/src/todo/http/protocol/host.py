"""The rule on `Host` (RFC 9112, section 3.2)."""

import re
from functools import lru_cache

import httptools

from todo.http.protocol.errors import InvalidHostError

HOST = re.compile(rb"(?:[\w.~!$&'()*+;=%-]*|\[[\w.~%:-]+\])(?::\d*)?", re.ASCII)
OLD_VERSIONS = {"0.9", "1.0"}
"""The versions of HTTP without a required `Host`."""


def check_host(headers: list[tuple[bytes, bytes]], parser: httptools.HttpRequestParser) -> None:
    """Check that a head has exactly one valid `Host`; before HTTP/1.1, at most one.

    Raises:
        InvalidHostError: the head breaks the rule.
    """
    host = None
    for name, value in headers:
        if name == b"host":
            if host is not None:
                raise InvalidHostError
            host = value
    if not _is_valid(host) and (host is not None or parser.get_http_version() not in OLD_VERSIONS):
        raise InvalidHostError


@lru_cache(maxsize=100)
def _is_valid(host: bytes | None) -> bool:
    return host is not None and HOST.fullmatch(host) is not None
