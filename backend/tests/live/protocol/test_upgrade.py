"""The service ignores offers to upgrade the protocol (RFC 9110, section 7.8)."""

import subprocess

import pytest

from tests.live.conftest import Service, require
from tests.live.protocol.raw_client import connect, request

JSON = "Content-Type: application/json"
BODY = b'{"title": "Water the plants"}'
OFFERS = {
    "curl": ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"],
    "websocket": ["Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: eA=="],
    "two protocols": ["connection: upgrade", "upgrade: h2c, websocket"],
    "two headers": ["Connection: Upgrade", "Upgrade: h2c", "Upgrade: TLS/1.0"],
    "unknown": ["Upgrade: something-else/7", "Connection: Upgrade"],
}
HEALTH = request("GET", "/health")


@pytest.mark.spec("PRO-001")
@pytest.mark.parametrize("offer", OFFERS.values(), ids=list(OFFERS))
def test_reads_the_body_of_a_request_with_an_upgrade_offer(
    service: Service, authorization: str, offer: list[str]
) -> None:
    with connect(service) as client:
        created = client.ask(request("POST", "/api/v1/tasks", authorization, JSON, *offer, body=BODY))

    assert (created.status, created.json["title"]) == (201, "Water the plants")


@pytest.mark.spec("PRO-001")
def test_curl_creates_a_task_with_an_offer_of_http_2(service: Service, authorization: str) -> None:
    options = ["--silent", "--http2", "--header", authorization, "--header", JSON, "--data", BODY.decode()]
    command = [require("curl"), *options, "--write-out", "%{http_version} %{http_code}", "--output", "/dev/null"]

    result = subprocess.run([*command, f"{service.url}/api/v1/tasks"], capture_output=True, text=True, check=True)

    assert result.stdout == "1.1 201"


@pytest.mark.spec("PRO-001")
def test_reads_a_chunked_body_behind_an_upgrade_offer(service: Service, authorization: str) -> None:
    head = request("POST", "/api/v1/tasks", authorization, JSON, *OFFERS["curl"], "Transfer-Encoding: chunked")

    with connect(service) as client:
        client.send(head, b"5\r\n" + BODY[:5] + b"\r\n", b"%x\r\n" % len(BODY[5:]), BODY[5:] + b"\r\n0\r\n\r\n")
        created = client.read_response()

    assert (created.status, created.json["title"]) == (201, "Water the plants")


@pytest.mark.spec("PRO-001")
@pytest.mark.parametrize("size", [1, 7, 50])
def test_reads_an_upgrade_offer_that_arrives_in_pieces(service: Service, authorization: str, size: int) -> None:
    content = request("POST", "/api/v1/tasks", authorization, JSON, *OFFERS["curl"], body=BODY)

    with connect(service) as client:
        client.send(*(content[start : start + size] for start in range(0, len(content), size)), pause=0.0005)
        created = client.read_response()

    assert created.status == 201


@pytest.mark.spec("PRO-001")
def test_sends_100_continue_to_a_client_that_offers_an_upgrade(service: Service, authorization: str) -> None:
    content = request("POST", "/api/v1/tasks", authorization, JSON, *OFFERS["curl"], "Expect: 100-continue", body=BODY)

    with connect(service) as client:
        client.send(content.removesuffix(BODY))
        interim = client.read_response()
        created = client.ask(BODY)

    assert (interim.status, created.status) == (100, 201)


@pytest.mark.spec("PRO-002")
@pytest.mark.parametrize("offer", OFFERS.values(), ids=list(OFFERS))
def test_sends_one_response_and_keeps_the_connection_after_an_upgrade_offer(
    service: Service, authorization: str, offer: list[str]
) -> None:
    content = request("POST", "/api/v1/tasks", authorization, JSON, *offer, body=BODY)

    with connect(service) as client:
        statuses = [client.ask(content).status, client.ask(HEALTH).status]
        last = client.ask(request("GET", "/health", "Connection: close"))

        assert client.read_rest() == b""
    assert [*statuses, last.status] == [201, 200, 200]


@pytest.mark.spec("PRO-002")
def test_answers_pipelined_requests_with_upgrade_offers_in_order(service: Service, authorization: str) -> None:
    create = request("POST", "/api/v1/tasks", authorization, JSON, *OFFERS["curl"], body=BODY)
    read = request("GET", "/nowhere", *OFFERS["websocket"])

    with connect(service) as client:
        client.send(HEALTH + create + read + HEALTH + create)
        statuses = [client.read_response().status for _ in range(5)]

    assert statuses == [200, 201, 404, 200, 201]


@pytest.mark.spec("PRO-002")
def test_closes_the_connection_of_an_upgrade_offer_that_asks_for_it(service: Service) -> None:
    with connect(service) as client:
        response = client.ask(request("GET", "/health", "Connection: Upgrade, close", "Upgrade: h2c"))

        assert client.read_rest() == b""
    assert (response.status, response.headers["connection"]) == (200, "close")


@pytest.mark.spec("PRO-003")
def test_rejects_connect_once_and_closes(service: Service) -> None:
    with connect(service) as client:
        response = client.ask(request("CONNECT", "example.com:443") + HEALTH)

        assert client.read_rest() == b""
    assert (response.status, response.json["code"]) == (400, "BAD_REQUEST")
    assert response.json["detail"] == "The service is not a proxy and does not support CONNECT"


@pytest.mark.spec("PRO-003")
def test_rejects_http_2_without_an_offer_once_and_closes(service: Service) -> None:
    with connect(service) as client:
        response = client.ask(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

        assert client.read_rest() == b""
    assert (response.status, response.json["detail"]) == (400, "The service speaks HTTP/1.1, not HTTP/2")
