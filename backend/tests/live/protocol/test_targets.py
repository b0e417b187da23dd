"""Request targets with characters that a URL cannot contain (RFC 3986, section 2)."""

from urllib.parse import quote

import pytest

from tests.live.conftest import Service
from tests.live.protocol.raw_client import connect, request

DETAIL = (
    "The request target has a character that a URL cannot contain. Percent-encode it in UTF-8, such as %C3%BC for ü"
)


@pytest.mark.spec("PRO-006")
@pytest.mark.parametrize(
    "target",
    [
        pytest.param("/api/v1/tasks?q=Grüße", id="UTF-8 in the query"),
        pytest.param("/api/v1/tasks/ü", id="UTF-8 in the path"),
        pytest.param("/api/v1/tasks?q=two words", id="a space"),
        pytest.param("/api/v1/tasks?q=a\x01b", id="a control character"),
        pytest.param("/api/v1/tasks?q=a\x00b", id="NUL"),
    ],
)
def test_says_to_percent_encode_the_target(service: Service, target: str) -> None:
    with connect(service) as client:
        response = client.ask(request("GET", target))

        assert client.read_rest() == b""
    assert (response.status, response.json) == (400, {"detail": DETAIL, "code": "BAD_REQUEST"})


@pytest.mark.spec("PRO-006")
def test_says_to_percent_encode_a_target_that_arrives_in_pieces(service: Service) -> None:
    first, second = b"GET /api/v1/tasks?q=Gr\xc3", b"\xbc HTTP/1.1\r\nHost: localhost\r\n\r\n"

    with connect(service) as client:
        client.send(first, second, pause=0.05)

        assert client.read_response().json["detail"] == DETAIL


@pytest.mark.spec("PRO-006")
def test_finds_the_text_of_a_percent_encoded_query(service: Service, authorization: str) -> None:
    body = '{"title": "Grüße aus Köln"}'.encode()
    create = request("POST", "/api/v1/tasks", authorization, "Content-Type: application/json", body=body)

    with connect(service) as client:
        client.ask(create)
        found = client.ask(request("GET", f"/api/v1/tasks?q={quote('Grüße')}", authorization))

    assert found.json["total"] == 1


@pytest.mark.spec("PRO-007")
@pytest.mark.parametrize("spaces", [" ", "  ", "     "])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_accepts_several_spaces_after_bearer(service: Service, authorization: str, scheme: str, spaces: str) -> None:
    token = authorization.rpartition(" ")[2]

    with connect(service) as client:
        assert client.ask(request("GET", "/api/v1/tasks", f"Authorization: {scheme}{spaces}{token}")).status == 200


@pytest.mark.spec("PRO-007")
def test_rejects_spaces_without_a_token(service: Service) -> None:
    with connect(service) as client:
        response = client.ask(request("GET", "/api/v1/tasks", "Authorization: Bearer     "))

    assert (response.status, response.json["code"]) == (401, "MISSING_TOKEN")
