"""Responses to bodies of an unsupported content type or encoding."""

import pytest

from tests.support import Person, assert_error

JSON_AND_PATCH = "application/json, application/merge-patch+json"
FORMS = "application/x-www-form-urlencoded, multipart/form-data"


@pytest.mark.spec("REQ-007")
@pytest.mark.parametrize(
    ("method", "path", "header", "accepted"),
    [
        ("POST", "/tasks", "Accept-Post", "application/json"),
        ("POST", "/tasks/bulk", "Accept-Post", "application/json"),
        ("POST", "/auth/register", "Accept-Post", "application/json"),
        ("POST", "/auth/login", "Accept-Post", FORMS),
        ("PATCH", "/tasks/1", "Accept-Patch", JSON_AND_PATCH),
        ("PATCH", "/auth/me", "Accept-Patch", JSON_AND_PATCH),
        ("PUT", "/tags/1", "Accept", "application/json"),
        ("DELETE", "/auth/me", "Accept", "application/json"),
    ],
)
async def test_415_names_the_accepted_types(ada: Person, method: str, path: str, header: str, accepted: str) -> None:
    response = await ada.client.request(method, path, content=b"<a/>", headers={"Content-Type": "text/xml"})

    detail = f"The Content-Type of the body must be {' or '.join(accepted.split(', '))}"
    assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE", detail)
    assert response.headers[header] == accepted


@pytest.mark.spec("REQ-007")
async def test_page_can_read_the_accepted_types(ada: Person) -> None:
    response = await ada.client.post("/tasks", content=b"x", headers={"Origin": "http://localhost:3000"})

    assert {"Accept-Post", "Accept-Patch", "Location"} <= set(
        response.headers["Access-Control-Expose-Headers"].split(", ")
    )


@pytest.mark.spec("REQ-008")
@pytest.mark.parametrize(("method", "path"), [("POST", "/tasks"), ("PATCH", "/tasks/1"), ("POST", "/auth/login")])
async def test_415_names_the_accepted_encoding(ada: Person, method: str, path: str) -> None:
    response = await ada.client.request(method, path, content=b"{}", headers={"Content-Encoding": "gzip"})

    assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE", "The body must not have a Content-Encoding")
    assert response.headers["Accept-Encoding"] == "identity"
