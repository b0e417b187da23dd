"""Requests that follow each other on one connection without waiting for a response."""

import threading

import pytest

from tests.live.conftest import Service
from tests.live.protocol.raw_client import connect, request

NUMBERS = [str(number) for number in range(5000)]


@pytest.mark.spec("PRO-008")
def test_answers_thousands_of_pipelined_requests_in_order(service: Service) -> None:
    requests = b"".join(request("GET", "/health", f"X-Request-ID: {number}") for number in NUMBERS)

    with connect(service) as client:
        sender = threading.Thread(target=client.send, args=[requests])
        sender.start()
        answered = [client.read_response().headers["x-request-id"] for _ in NUMBERS]
        sender.join()

    assert answered == NUMBERS


@pytest.mark.spec("PRO-008")
def test_answers_pipelined_requests_with_bodies(service: Service, authorization: str) -> None:
    titles = [f"{number} {'x' * 150}" for number in range(100)]
    bodies = [b'{"title": "%s"}' % title.encode() for title in titles]
    head = ["/api/v1/tasks", authorization, "Content-Type: application/json"]

    with connect(service) as client:
        client.send(b"".join(request("POST", *head, body=body) for body in bodies))
        created = [client.read_response().json["title"] for _ in titles]

    assert created == titles


@pytest.mark.spec("PRO-009")
def test_answers_a_request_before_it_rejects_the_garbage_behind_it(service: Service, authorization: str) -> None:
    with connect(service) as client:
        client.send(request("GET", "/api/v1/tasks", authorization) * 3 + b"garbage\r\n\r\n" + request("GET", "/health"))
        statuses = [client.read_response().status for _ in range(4)]

        assert client.read_rest() == b""
    assert statuses == [200, 200, 200, 400]


@pytest.mark.spec("PRO-009")
def test_sends_one_response_to_a_request_with_a_broken_body(service: Service, authorization: str) -> None:
    head = request(
        "POST", "/api/v1/tasks", authorization, "Content-Type: application/json", "Transfer-Encoding: chunked"
    )

    with connect(service) as client:
        client.send(request("GET", "/api/v1/tasks", authorization) + head + b"not a length\r\n")
        statuses = [client.read_response().status for _ in range(2)]

        assert client.read_rest() == b""
    assert statuses == [200, 400]


@pytest.mark.spec("PRO-009")
def test_sends_no_second_response_behind_a_response_that_came_before_the_body(service: Service) -> None:
    head = request("POST", "/api/v1/tasks", "Content-Type: application/json", "Transfer-Encoding: chunked")

    with connect(service) as client:
        unauthorized = client.ask(head)
        client.send(b"not a length\r\n")

        assert client.read_rest() == b""
    assert unauthorized.status == 401
