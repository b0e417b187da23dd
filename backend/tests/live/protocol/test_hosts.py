"""The rules on `Host` (RFC 9112, section 3.2)."""

import pytest

from tests.live.conftest import Service
from tests.live.protocol.raw_client import connect, request


@pytest.mark.spec("PRO-004")
@pytest.mark.parametrize(
    "hosts",
    [
        pytest.param([], id="none"),
        pytest.param(["localhost", "elsewhere"], id="two"),
        pytest.param(["localhost", "localhost"], id="the same twice"),
        pytest.param(["localhost, elsewhere"], id="a list"),
        pytest.param(["user@localhost"], id="with a user"),
        pytest.param(["localhost/path"], id="with a path"),
        pytest.param(["localhost:port"], id="a port that is not a number"),
        pytest.param(["local host"], id="with a space"),
    ],
)
def test_rejects_a_request_without_one_valid_host(service: Service, hosts: list[str]) -> None:
    with connect(service) as client:
        response = client.ask(request("GET", "/health", hosts=hosts))

        assert client.read_rest() == b""
    assert (response.status, response.json["code"]) == (400, "BAD_REQUEST")
    assert response.json["detail"] == "HTTP/1.1 needs exactly one Host header with a host name and an optional port"


@pytest.mark.spec("PRO-004")
def test_rejects_two_hosts_in_http_1_0(service: Service) -> None:
    with connect(service) as client:
        response = client.ask(b"GET /health HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n")

    assert response.status == 400


@pytest.mark.spec("PRO-004")
def test_does_not_process_a_request_without_a_host(service: Service, authorization: str) -> None:
    body = b'{"title": "Never"}'
    create = request("POST", "/api/v1/tasks", authorization, "Content-Type: application/json", body=body, hosts=[])

    with connect(service) as client:
        response = client.ask(create)
    with connect(service) as client:
        tasks = client.ask(request("GET", "/api/v1/tasks", authorization))

    assert (response.status, tasks.json["total"]) == (400, 0)


@pytest.mark.spec("PRO-004")
def test_answers_earlier_requests_before_it_rejects_a_pipelined_one_without_a_host(service: Service) -> None:
    with connect(service) as client:
        client.send(request("GET", "/health") + request("GET", "/health", hosts=[]))
        statuses = [client.read_response().status for _ in range(2)]

        assert client.read_rest() == b""
    assert statuses == [200, 400]


@pytest.mark.spec("PRO-005")
@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]", "[::1]:8000", "todo_app", "", "a:"]
)
def test_accepts_one_valid_host(service: Service, host: str) -> None:
    with connect(service) as client:
        assert client.ask(request("GET", "/health", hosts=[host])).status == 200


@pytest.mark.spec("PRO-005")
def test_accepts_http_1_0_without_a_host(service: Service) -> None:
    with connect(service) as client:
        assert client.ask(b"GET /health HTTP/1.0\r\n\r\n").status == 200
