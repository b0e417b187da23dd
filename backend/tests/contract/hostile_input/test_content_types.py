"""Bodies of other content types are rejected."""

import pytest
from fastapi import FastAPI

from tests.contract.hostile_input.support import ResourceIds, fields_of, operations_of
from tests.support import PASSWORD, Person, assert_error


@pytest.mark.spec("INP-004")
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""],
)
async def test_body_of_another_content_type_is_rejected(
    app: FastAPI, ada: Person, resource_ids: ResourceIds, content_type: str
) -> None:
    for method, path, operation in operations_of(app):
        if not fields_of(app, operation):
            continue
        body = b'{"title": "x", "name": "x", "email": "b@example.com", "password": "correct horse battery"}'

        url = f"https://todo.test{await resource_ids.fill(path)}"
        response = await ada.client.request(method, url, content=body, headers={"Content-Type": content_type})

        assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.spec("INP-004")
@pytest.mark.parametrize(
    ("content_type", "encoding", "status"),
    [
        ("application/json", "identity", 201),
        ("APPLICATION/JSON; charset=UTF-8", "identity", 201),
        ("application/merge-patch+json", "identity", 415),
        ("application/json-patch+json", "identity", 415),
        ("application/json", "gzip", 415),
    ],
)
async def test_create_accepts_only_uncompressed_json(
    ada: Person, content_type: str, encoding: str, status: int
) -> None:
    headers = {"Content-Type": content_type, "Content-Encoding": encoding}

    response = await ada.client.post("/tasks", content=b'{"title": "x"}', headers=headers)

    assert response.status_code == status


@pytest.mark.spec("INP-004")
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
async def test_login_accepts_only_a_form(ada: Person, content_type: str) -> None:
    body = f"username={ada.email}&password={PASSWORD}".encode()

    response = await ada.client.post("/auth/login", content=body, headers={"Content-Type": content_type})

    assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE")
