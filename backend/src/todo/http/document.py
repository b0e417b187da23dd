"""The OpenAPI document as generators of clients read it: named schemas, plain types, no defaults (ADR 0044)."""

import re
from collections.abc import Iterator
from typing import Any

from todo.core.errors import DomainError
from todo.domain.rules import COMPONENT
from todo.http.openapi import SCHEMAS, error_schemas
from todo.http.protocol.errors import BadRequestError, HeadersTooLargeError

Document = dict[str, Any]
PAGE = re.compile(r"Page_(\w+?)(?:Public)?_")
"""The name that pydantic gives to a page of items. A page of `TaskPublic` becomes `TaskPage`."""
ERROR_CODE = "ErrorCode"
PASSWORD_SCHEME, TOKEN_SCHEME = "OAuth2PasswordBearer", "BearerToken"
TOKEN_SCHEME_MODEL = {
    "type": "http",
    "scheme": "bearer",
    "description": "An access token or a personal access token.",
}
NOT_IN_COMPONENT = {"description", "examples"}
"""Keys that stay beside the reference to a named schema."""
LITERAL_KEYS = {"example", "examples", "enum", "const", "default", "mapping"}
"""Keywords whose values contain no schemas."""
MAPS = {"properties", "responses", "schemas", "headers", "content", "paths"}
"""Keywords whose values have names as keys."""


def finish_document(document: Document) -> Document:
    """Return FastAPI's document with the changes that make it readable for generators. The document is changed."""
    components = document["components"]
    components["schemas"] = error_schemas() | components["schemas"]
    for node in list(_nodes([document["paths"], components["schemas"]])):
        _simplify(node)
    _name_schemas(document)
    components["schemas"][ERROR_CODE]["enum"] = sorted(
        {*error_codes(), BadRequestError.code, HeadersTooLargeError.code}
    )
    for operation_id, operation in _operations(document):
        _simplify_parameters(operation)
        _name_errors(operation_id, operation, components)
        _describe_security(operation)
    components["securitySchemes"][TOKEN_SCHEME] = TOKEN_SCHEME_MODEL
    for kind in ("schemas", "responses", "examples"):
        components[kind] = dict(sorted(components[kind].items()))
    return document


def error_codes(base: type[DomainError] = DomainError) -> Iterator[str]:
    """Yield the codes of all errors of the service below a class."""
    for error in base.__subclasses__():
        if error.__module__.startswith("todo."):
            if "code" in vars(error):
                yield error.code
            yield from error_codes(error)


def _nodes(value: object, *, is_map: bool = False) -> Iterator[dict[str, Any]]:
    """Yield all objects of a part of the document except those in examples, the inner ones first.

    Args:
        value: the part.
        is_map: whether the keys are names that the API chooses, such as those of fields, and no keywords.
    """
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if is_map or name not in LITERAL_KEYS:
                yield from _nodes(item, is_map=not is_map and name in MAPS)
        if not is_map:
            yield value


def _operations(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in document["paths"].values():
        for operation in item.values():
            yield operation["operationId"], operation


def _simplify(node: dict[str, Any]) -> None:
    """Remove generated titles and defaults. Name pages by their items."""
    node.pop("title", None)
    node.pop("default", None)
    if "$ref" in node:
        node["$ref"] = PAGE.sub(r"\1Page", node["$ref"])


def _name_schemas(document: Document) -> None:
    """Move each schema that has a name to the components, and refer to it. A name alone is that of another schema."""
    schemas = document["components"]["schemas"]
    document["components"]["schemas"] = schemas = {PAGE.sub(r"\1Page", name): schemas[name] for name in schemas}
    for node in list(_nodes([document["paths"], schemas])):
        name = node.pop(COMPONENT, None)
        if name is None:
            continue
        schema = {key: node.pop(key) for key in [*node] if key not in NOT_IN_COMPONENT}
        if schema and schemas.setdefault(name, schema) != schema:
            raise ValueError(f"Two schemas with the name {name} differ")
        node["$ref"] = f"{SCHEMAS}{name}"


def _simplify_parameters(operation: dict[str, Any]) -> None:
    """Remove null from the types of parameters, because text in a query or a header cannot be null."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter.setdefault("description", f"The id of the {parameter['name'].removesuffix('_id')}.")
        schema = parameter["schema"]
        schema.pop("description", None)
        kinds = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
        if len(kinds) > 1:
            raise ValueError(f"The parameter {parameter['name']} has several types")
        schema.update(*kinds)
        if parameter["in"] == "query":
            # An empty parameter counts as absent (REQ-019).
            schema.pop("minLength", None)


def _name_errors(operation_id: str, operation: dict[str, Any], components: dict[str, Any]) -> None:
    """Move the error responses of an operation to the components, and their examples too."""
    responses = components.setdefault("responses", {})
    examples = components.setdefault("examples", {})
    for status, response in operation["responses"].items():
        if status < "400":
            continue
        if not response["headers"]:
            del response["headers"]
        media = response["content"]["application/json"]
        for code, example in media["examples"].items():
            if examples.setdefault(code, example) == example:
                media["examples"][code] = {"$ref": f"#/components/examples/{code}"}
        responses[f"{operation_id}_{status}"] = response
        operation["responses"][status] = {"$ref": f"#/components/responses/{operation_id}_{status}"}


def _describe_security(operation: dict[str, Any]) -> None:
    """Name both schemes of an operation that needs a token, and an empty list where no token is needed."""
    needs_token = bool(operation.get("security"))
    operation["security"] = [{PASSWORD_SCHEME: []}, {TOKEN_SCHEME: []}] if needs_token else []
