"""The OpenAPI document is valid and complete."""

import re
from typing import Any

import pytest
from fastapi import FastAPI
from openapi_spec_validator import validate

from tests.support import Json, operations_in


@pytest.fixture
def document(app: FastAPI) -> Json:
    """Return the OpenAPI document."""
    return app.openapi()


def test_document_is_valid(document: Json) -> None:
    validate(document)


def test_operation_ids_are_short_and_unique(document: Json) -> None:
    ids = [operation["operationId"] for operation in operations_in(document).values()]

    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)?", id_) for id_ in ids), ids


def test_every_operation_has_a_summary_and_a_description(document: Json) -> None:
    for name, operation in operations_in(document).items():
        assert operation.get("summary"), name
        assert len(operation.get("description", "")) > 20, name


def test_every_error_has_the_error_schema_and_an_example_of_each_code(document: Json) -> None:
    for name, operation in operations_in(document).items():
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5")):
                media = response["content"]["application/json"]
                assert media["schema"] == {"$ref": "#/components/schemas/ErrorPublic"}, (name, status)
                codes = re.findall(r"`(\w+)`", response["description"])
                assert list(media["examples"]) == codes, (name, status)
                assert [example["value"]["code"] for example in media["examples"].values()] == codes
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_body_has_an_example(document: Json) -> None:
    for name, operation in operations_in(document).items():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert has_example(document, media["schema"]), name
        for status, response in operation["responses"].items():
            for media in response.get("content", {}).values():
                assert media.keys() & {"example", "examples"} or has_example(document, media["schema"]), (name, status)


def has_example(document: Json, schema: Json) -> bool:
    """Return True if a schema, or each of its parts, has an example, fixed values or a known format."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if {"examples", "example", "const", "enum", "default"} & schema.keys() or schema.get("format") in (
        "uuid",
        "date-time",
    ):
        return True
    parts: list[Any] = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    if "items" in schema:
        parts.append(schema["items"])
    return bool(parts) and all(has_example(document, part) for part in parts if part != {"type": "null"})


@pytest.mark.parametrize(
    ("operation", "codes"),
    [
        ("POST /api/v1/auth/register", {"EMAIL_ALREADY_EXISTS", "PASSWORD_TOO_SHORT", "INVALID_EMAIL"}),
        ("POST /api/v1/tasks", {"INVALID_TITLE", "INVALID_PRIORITY", "INVALID_DUE_DATE", "DESCRIPTION_TOO_LONG"}),
        ("GET /api/v1/tasks", {"INVALID_PAGINATION", "INVALID_STATUS", "INVALID_SORT_FIELD", "INVALID_PRIORITY"}),
        ("PUT /api/v1/tags/{tag_id}", {"INVALID_TAG_NAME", "INVALID_COLOR", "TAG_ALREADY_EXISTS"}),
    ],
)
def test_400_lists_its_codes(document: Json, operation: str, codes: set[str]) -> None:
    assert codes <= set(
        operations_in(document)[operation]["responses"]["400"]["content"]["application/json"]["examples"]
    )


@pytest.mark.parametrize("path", ["/api/v1/tasks/{task_id}", "/api/v1/tags/{tag_id}"])
def test_versioned_resource_accepts_preconditions(document: Json, path: str) -> None:
    for method, header in [("get", "If-None-Match"), ("put", "If-Match"), ("delete", "If-Match")]:
        assert header.lower() in headers_of(document["paths"][path][method]), method


def test_response_headers_are_documented(document: Json) -> None:
    for name, operation in operations_in(document).items():
        request_headers = headers_of(operation)
        success = next(response for status, response in operation["responses"].items() if status.startswith("2"))
        if "if-none-match" in request_headers:
            assert "ETag" in success["headers"], name
        if "idempotency-key" in request_headers:
            assert "Idempotency-Replayed" in success["headers"], name
        for status in {"429", "503"} & operation["responses"].keys():
            assert "Retry-After" in operation["responses"][status]["headers"], (name, status)


def headers_of(operation: Json) -> set[str]:
    """Return the names of the request headers of an operation in lower case."""
    return {parameter["name"].lower() for parameter in operation.get("parameters", []) if parameter["in"] == "header"}


def test_operation_with_a_token_documents_its_security(document: Json) -> None:
    for name, operation in operations_in(document).items():
        needs_token = "MISSING_TOKEN" in str(operation["responses"].get("401", ""))
        assert ({"OAuth2PasswordBearer": []} in operation.get("security", [])) == needs_token, name
