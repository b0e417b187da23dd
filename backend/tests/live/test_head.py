"""HEAD requests to a running service."""

import socket
from urllib.parse import urlsplit

import pytest

from tests.live.conftest import Service


def exchange(service: Service, request: bytes) -> bytes:
    """Send bytes and return all bytes of the response."""
    address = urlsplit(service.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


@pytest.mark.spec("REQ-001")
@pytest.mark.parametrize("path", [b"/health", b"/docs", b"/openapi.json"])
@pytest.mark.parametrize("headers", [b"", b"Accept-Encoding: gzip\r\n"], ids=["identity", "gzip"])
def test_response_to_head_has_no_body(service: Service, path: bytes, headers: bytes) -> None:
    received = exchange(service, b"HEAD %b HTTP/1.1\r\nHost: todo\r\nConnection: close\r\n%b\r\n" % (path, headers))

    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == b""


@pytest.mark.spec("REQ-001")
def test_connection_serves_requests_after_head(service: Service) -> None:
    head = b"HEAD /openapi.json HTTP/1.1\r\nHost: todo\r\n\r\n"

    received = exchange(service, head + b"GET /health HTTP/1.1\r\nHost: todo\r\nConnection: close\r\n\r\n")

    assert received.count(b"HTTP/1.1 200 ") == 2
    assert received.endswith(b'{"status":"healthy"}')
