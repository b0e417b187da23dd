"""Malformed HTTP, limits of headers, and the headers of every response."""

import json
import socket
from uuid import uuid4

import httpx
import pytest

from tests.live.conftest import HTTP, LogIn, Service
from tests.support import PASSWORD

HOST = b"Host: localhost\r\n"


def send(service: Service, content: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes and return the status, headers and body of the response. Status 0 means a closed connection."""
    port = int(service.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        received = b""
        try:
            while chunk := connection.recv(65_536):
                received += chunk
        except ConnectionResetError:
            pass
    if not received:
        return 0, {}, b""
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, body


@pytest.mark.spec("INP-008")
@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, id="TLS"),
        pytest.param(b"\0" * 1000, 400, id="zeros"),
        pytest.param(b"GET /health\r\n\r\n", 200, id="HTTP/0.9"),
        pytest.param(b"NONSENSE /health HTTP/1.1\r\n" + HOST + b"\r\n", 400, id="unknown verb"),
        pytest.param(b"GET /health HTTP/9.9\r\n" + HOST + b"\r\n", 400, id="unknown version"),
        pytest.param(b"GET /he\0alth HTTP/1.1\r\n" + HOST + b"\r\n", 400, id="NUL in the path"),
        pytest.param(b"GET /health HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n", 400, id="NUL in a header"),
        pytest.param(b"GET /health HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", 400, id="negative length"),
        pytest.param(
            b"GET /health HTTP/1.1\r\n" + HOST + b"Content-Length: 9" + b"9" * 40 + b"\r\n\r\n", 400, id="huge length"
        ),
        pytest.param(
            b"POST /health HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            id="two lengths",
        ),
        pytest.param(
            b"GET /health HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 100_000 + b"\r\n\r\n", 431, id="a large header"
        ),
        pytest.param(b"GET /health HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 20_000 + b"\r\n", 431, id="many headers"),
        pytest.param(
            b"GET http://elsewhere/health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 200, id="a proxy's form"
        ),
        pytest.param(b"TRACE /health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 405, id="TRACE"),
        pytest.param(b"OPTIONS * HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 404, id="OPTIONS *"),
        pytest.param(b"GET /%00%ff/..%2f HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 404, id="an odd path"),
    ],
)
def test_malformed_request_gets_a_json_response(service: Service, content: bytes, status: int) -> None:
    response_status, headers, body = send(service, content)

    assert response_status == status, body
    assert headers["content-type"] == "application/json"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-request-id"]
    assert status == 200 or set(json.loads(body)) >= {"detail", "code"}
    assert HTTP.get(f"{service.url}/health").status_code == 200


@pytest.mark.spec("INP-008")
@pytest.mark.parametrize("headers", [b"X: " + b"x" * 100_000 + b"\r\n", b"X: y\r\n" * 100_000], ids=["large", "many"])
def test_request_with_large_headers_is_not_executed(service: Service, log_in: LogIn, headers: bytes) -> None:
    client = log_in(service, f"{uuid4()}@example.com")
    task = client.post("/tasks", json={"title": "Water the plants"}).json()["id"]
    request = f"DELETE /api/v1/tasks/{task} HTTP/1.1\r\nAuthorization: {client.headers['Authorization']}\r\n".encode()

    status, _, _ = send(service, request + HOST + headers + b"\r\n")

    assert status == 431
    assert client.get(f"/tasks/{task}").status_code == 200


@pytest.mark.spec("INP-008")
def test_trailers_count_as_headers(service: Service, log_in: LogIn) -> None:
    client = log_in(service, f"{uuid4()}@example.com")
    request = f"POST /api/v1/tasks HTTP/1.1\r\nAuthorization: {client.headers['Authorization']}\r\n".encode()
    request += HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

    status, _, _ = send(service, request + b'e\r\n{"title": "x"}\r\n0\r\n' + b"X: y\r\n" * 100_000 + b"\r\n")

    assert status == 431
    assert client.get("/tasks").json()["total"] == 0


@pytest.mark.spec("INP-008")
def test_websocket_upgrade_is_ignored(service: Service) -> None:
    upgrade = (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n"
    )

    status, _, _ = send(service, b"GET /health HTTP/1.1\r\n" + HOST + upgrade)

    assert status == 200


@pytest.mark.spec("HDR-001", "HDR-002")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/health", 200),
        ("/docs", 200),
        ("/redoc", 200),
        ("/api/v1/tasks", 401),
        ("/nowhere", 404),
        ("/docs/assets/redoc.standalone.js", 200),
        ("/docs/swagger_references.js", 200),
    ],
)
def test_response_has_security_headers(service: Service, path: str, status: int) -> None:
    response = HTTP.get(service.url + path)

    policy = response.headers["Content-Security-Policy"]
    assert response.status_code == status
    assert "Server" not in response.headers
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2]


@pytest.mark.spec("HDR-004")
@pytest.mark.parametrize(("proxy", "address"), [("127.0.0.1", "203.0.113.9"), ("127.0.0.2", "127.0.0.2")])
def test_forwarded_address_of_an_unknown_proxy_is_ignored(service: Service, proxy: str, address: str) -> None:
    """By default only 127.0.0.1 is a known proxy."""
    base_url = f"{service.url.replace('localhost', '127.0.0.1')}/api/v1"
    email = f"{uuid4()}@example.com"
    with httpx.Client(base_url=base_url, transport=httpx.HTTPTransport(local_address=proxy)) as client:
        client.headers["X-Forwarded-For"] = "198.51.100.1, 203.0.113.9"
        client.post("/auth/register", json={"email": email, "password": PASSWORD})
        login = client.post("/auth/login", data={"username": email, "password": PASSWORD})
        login_sessions = client.get(
            "/auth/sessions", headers={"Authorization": f"Bearer {login.json()['access_token']}"}
        )

    assert [login_session["address"] for login_session in login_sessions.json()] == [address]
