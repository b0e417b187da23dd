"""The OpenAPI document for generators of clients. `scripts/clients` runs the generators themselves."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from openapi_spec_validator import validate

from tests.support import Json, operations_in
from todo.core.errors import DomainError
from todo.domain.scope import SCOPES

REFERENCE = "#/components/schemas/"
SORT_FIELDS = ("due_date", "priority", "created_at", "title", "start_day", "updated_at", "completed_at", "position")


@pytest.fixture
def document(app: FastAPI) -> Json:
    return app.openapi()


def schemas_in(document: Json, value: Any, seen: set[str] | None = None) -> Iterator[Json]:
    """Yield all schemas of a part of the document, those of its references too."""
    seen = set() if seen is None else seen
    if isinstance(value, list):
        for item in value:
            yield from schemas_in(document, item, seen)
    elif isinstance(value, dict):
        yield value
        reference = value.get("$ref", "")
        if isinstance(reference, str) and reference.startswith(REFERENCE) and reference not in seen:
            seen.add(reference)
            yield from schemas_in(document, document["components"]["schemas"][reference.removeprefix(REFERENCE)], seen)
        for name, item in value.items():
            if name not in ("example", "examples", "mapping"):
                yield from schemas_in(document, item, seen)


def request_schemas(document: Json) -> Iterator[Json]:
    """Yield all schemas of bodies and parameters."""
    for operation in operations_in(document).values():
        yield from schemas_in(document, operation.get("requestBody", {}))
        yield from schemas_in(document, operation.get("parameters", []))


def parameters_in(document: Json) -> dict[str, Json]:
    """Return the headers and query parameters of all operations, by name."""
    return {
        parameter["name"]: parameter
        for operation in operations_in(document).values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] in ("query", "header")
    }


def all_errors(base: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for error in base.__subclasses__():
        if error.__module__.startswith("todo."):
            yield error
            yield from all_errors(error)


def test_the_finished_document_is_valid(document: Json) -> None:
    validate(document)


@pytest.mark.spec("DOC-001")
def test_requests_have_no_defaults(document: Json) -> None:
    assert [schema for schema in request_schemas(document) if "default" in schema] == []


@pytest.mark.spec("DOC-001")
@pytest.mark.parametrize(
    ("schema", "field", "default"),
    [("TaskCreate", "priority", "medium"), ("TaskCreate", "completed", "false"), ("TaskBulk", "atomic", "true")],
)
def test_description_says_the_default(document: Json, schema: str, field: str, default: str) -> None:
    assert f"`{default}` if absent" in document["components"]["schemas"][schema]["properties"][field]["description"]


@pytest.mark.spec("DOC-002")
def test_parameters_are_never_null(document: Json) -> None:
    assert "null" not in json.dumps([parameter["schema"] for parameter in parameters_in(document).values()])


@pytest.mark.spec("DOC-002")
def test_parameters_have_one_type(document: Json) -> None:
    for name, parameter in parameters_in(document).items():
        assert parameter["schema"].keys() & {"type", "$ref"}, name


@pytest.mark.spec("DOC-003")
def test_headers_have_the_names_of_their_rfcs(document: Json) -> None:
    headers = {name for name, parameter in parameters_in(document).items() if parameter["in"] == "header"}

    assert headers == {"Change-Base", "If-Match", "If-None-Match", "Idempotency-Key", "Last-Event-ID"}


@pytest.mark.spec("DOC-004")
def test_a_page_of_tasks_is_a_task_page(document: Json) -> None:
    response = operations_in(document)["GET /api/v1/tasks"]["responses"]["200"]

    assert response["content"]["application/json"]["schema"] == {"$ref": f"{REFERENCE}TaskPage"}


@pytest.mark.spec("DOC-004")
def test_names_of_schemas_are_words(document: Json) -> None:
    components = document["components"]["schemas"]

    assert [name for name in components if not name.isalpha()] == []
    assert [name for name, schema in components.items() if "title" in schema] == []


@pytest.mark.spec("DOC-005")
def test_error_responses_are_named_by_operation_and_status(document: Json) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    name = f"{operation['operationId']}_{status}"
                    assert response == {"$ref": f"#/components/responses/{name}"}, (path, status)
                    assert name in document["components"]["responses"]


@pytest.mark.spec("DOC-005")
def test_every_component_is_used(document: Json) -> None:
    text = json.dumps(document)

    for kind in ("schemas", "responses", "examples"):
        for name in document["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, name


@pytest.mark.spec("DOC-006")
def test_the_document_names_a_server(document: Json) -> None:
    assert document["servers"] == [{"url": "/"}]


@pytest.mark.spec("DOC-006")
def test_open_operations_have_an_empty_security(document: Json) -> None:
    operations = operations_in(document)

    open_operations = {name for name, operation in operations.items() if operation["security"] == []}
    assert open_operations == {
        "POST /api/v1/auth/register",
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/refresh",
        "POST /api/v1/auth/logout",
        "POST /api/v1/auth/password-reset",
        "POST /api/v1/auth/password-reset/confirm",
        "POST /api/v1/auth/email-change/confirm",
        "GET /health",
        "GET /ready",
    }


@pytest.mark.spec("DOC-006")
def test_a_token_can_be_pasted(document: Json) -> None:
    operation = operations_in(document)["GET /api/v1/tags"]

    assert {"BearerToken": []} in operation["security"]
    scheme = document["components"]["securitySchemes"]["BearerToken"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


@pytest.mark.spec("DOC-007")
def test_error_code_has_every_code(document: Json) -> None:
    codes = document["components"]["schemas"]["ErrorCode"]["enum"]

    assert codes == sorted({error.code for error in all_errors() if hasattr(error, "code")})
    assert {"BAD_REQUEST", "HEADERS_TOO_LARGE", "UNKNOWN_FIELD", "INVALID_IF_MATCH"} <= {*codes}


@pytest.mark.spec("DOC-007")
@pytest.mark.parametrize("schema", ["ErrorPublic", "FieldError", "ItemError"])
def test_code_of_an_error_is_an_error_code(document: Json, schema: str) -> None:
    code = document["components"]["schemas"][schema]["properties"]["code"]

    assert code["$ref"] == f"{REFERENCE}ErrorCode"


@pytest.mark.spec("DOC-007")
def test_examples_have_known_codes(document: Json) -> None:
    codes = {example["value"]["code"] for example in document["components"]["examples"].values()}

    assert codes <= {*document["components"]["schemas"]["ErrorCode"]["enum"]}


@pytest.mark.spec("DOC-008")
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("TaskPriority", ["low", "medium", "high"]),
        ("TaskStatus", ["all", "pending", "completed"]),
        ("TaskSort", [sign + field for field in SORT_FIELDS for sign in ("", "-")]),
        ("Scope", [*SCOPES]),
    ],
)
def test_enumerations_are_shared_schemas(document: Json, name: str, values: list[str]) -> None:
    schema = document["components"]["schemas"][name]
    others = [
        other
        for other in schemas_in(document, document["paths"])
        if other.get("enum") == values and other is not schema
    ]

    assert (schema["enum"], others) == (values, [])


@pytest.mark.spec("DOC-008")
def test_an_item_of_a_bulk_is_a_shared_schema(document: Json) -> None:
    items = document["components"]["schemas"]["TaskBulk"]["properties"]["items"]["items"]

    assert items == {"$ref": f"{REFERENCE}BulkItem"}


@pytest.mark.spec("DOC-009")
@pytest.mark.parametrize(
    ("name", "constraints"),
    [
        ("Idempotency-Key", {"minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}),
        ("If-Match", {"pattern": r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'}),
        ("cursor", {"maxLength": 2000, "pattern": "^[A-Za-z0-9_-]*$"}),
        ("q", {"maxLength": 200}),
        ("external_id", {"maxLength": 200}),
    ],
)
def test_parameters_declare_their_constraints(document: Json, name: str, constraints: Json) -> None:
    assert parameters_in(document)[name]["schema"] == {"type": "string", **constraints}


@pytest.mark.spec("DOC-010")
def test_current_resource_of_a_412_is_typed(document: Json) -> None:
    current = document["components"]["schemas"]["ErrorPublic"]["properties"]["current"]

    nouns = ("Task", "Tag", "Project", "Section", "Filter")
    assert current["anyOf"] == [{"$ref": f"{REFERENCE}{noun}Public"} for noun in nouns]


@pytest.mark.spec("DOC-010")
def test_absent_members_of_an_error_are_not_null(document: Json) -> None:
    assert "null" not in json.dumps(document["components"]["schemas"]["ErrorPublic"])


@pytest.mark.spec("DOC-010")
def test_members_of_a_token_are_required(document: Json) -> None:
    assert document["components"]["schemas"]["TokenPublic"]["required"] == ["access_token", "token_type", "expires_in"]


@pytest.mark.spec("DOC-011")
def test_every_201_has_a_location(document: Json) -> None:
    created = {
        name: operation["responses"]["201"]["headers"]
        for name, operation in operations_in(document).items()
        if "201" in operation["responses"]
    }

    assert len(created) >= 5
    assert all("Location" in headers for headers in created.values())


@pytest.mark.spec("DOC-013")
def test_objects_in_requests_have_no_other_fields(document: Json) -> None:
    open_schemas = [
        schema
        for schema in request_schemas(document)
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False
    ]

    assert open_schemas == []


@pytest.mark.spec("DOC-013")
def test_every_operation_documents_unknown_fields(document: Json) -> None:
    for name, operation in operations_in(document).items():
        assert "UNKNOWN_FIELD" in operation["responses"]["422"]["content"]["application/json"]["examples"], name


async def test_two_calls_give_the_same_document(app: FastAPI) -> None:
    assert app.openapi() is app.openapi()
