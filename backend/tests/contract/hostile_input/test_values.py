"""Each value in each field, parameter, path, body and header gets a response below 500."""

import pytest
from fastapi import FastAPI

from tests.contract.hostile_input.support import (
    PATH_PARAMETER,
    Case,
    ResourceIds,
    assert_all_handled,
    fields_of,
    operations_of,
    to_json,
)
from tests.contract.hostile_input.values import DATES, EMAILS, HEADERS, NUMBERS, RAW_BODIES, TEXTS
from tests.contract.support import JSON_HEADERS
from tests.support import Person


@pytest.mark.timeout(180)
@pytest.mark.spec("INP-001")
async def test_every_value_in_every_field_is_handled(app: FastAPI, ada: Person, resource_ids: ResourceIds) -> None:
    values = [*TEXTS, *NUMBERS, *DATES, *EMAILS]
    cases: list[Case] = [
        (method, path, {"content": to_json({"title": "x", "name": "x", field: value}), "headers": JSON_HEADERS})
        for method, path, operation in operations_of(app)
        for field in fields_of(app, operation)
        if field != "password" or path.endswith("register")
        for value in values
    ]

    await assert_all_handled(ada.client, cases, resource_ids)


@pytest.mark.spec("INP-001")
async def test_every_value_in_every_query_parameter_is_handled(
    app: FastAPI, ada: Person, resource_ids: ResourceIds
) -> None:
    values = [str(value) for value in (*TEXTS, *NUMBERS) if "\ud800" not in str(value) and len(str(value)) < 10_000]
    cases: list[Case] = [
        (method, path, {"params": {parameter["name"]: value}})
        for method, path, operation in operations_of(app)
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
        for value in values
    ]
    cases += [("GET", "/api/v1/tasks?" + "&".join(["q=a"] * 10_000), {})]
    cases += [
        ("GET", f"/api/v1/tasks?{query}", {}) for query in ("page=1&page=2", "q=%ff", "q=%", "q=%zz", "=", "&&", "q")
    ]

    await assert_all_handled(ada.client, cases, resource_ids)


@pytest.mark.spec("INP-001")
async def test_every_id_in_every_path_is_handled(app: FastAPI, ada: Person, resource_ids: ResourceIds) -> None:
    ids = [
        "0",
        "-1",
        "1.0",
        "1e3",
        "%00",
        "%ff",
        "%2f",
        "..%2f",
        "%C0%80",
        "9" * 400,
        str(2**63),
        "é",
        " ",
        "x",
        "%0d%0a",
        "true",
    ]
    cases: list[Case] = [
        (method, PATH_PARAMETER.sub(value, path), {"content": b'{"title": "x", "name": "x"}', "headers": JSON_HEADERS})
        for method, path, _ in operations_of(app)
        if PATH_PARAMETER.search(path)
        for value in ids
    ]

    await assert_all_handled(ada.client, cases, resource_ids)


@pytest.mark.spec("INP-002")
async def test_every_body_is_handled(app: FastAPI, ada: Person, resource_ids: ResourceIds) -> None:
    cases: list[Case] = [
        (method, path, {"content": body, "headers": JSON_HEADERS})
        for method, path, operation in operations_of(app)
        if "requestBody" in operation
        for body in RAW_BODIES
    ]

    await assert_all_handled(ada.client, cases, resource_ids)


@pytest.mark.timeout(180)
@pytest.mark.spec("INP-003")
async def test_every_header_is_handled(app: FastAPI, ada: Person, resource_ids: ResourceIds) -> None:
    cases: list[Case] = [
        (method, path, {"headers": [(name.encode(), value.encode("utf-8")) for value in values]})
        for method, path, _ in operations_of(app)
        for name, header_values in HEADERS.items()
        for values in [*([value] for value in header_values), header_values[:3]]
    ]

    await assert_all_handled(ada.client, cases, resource_ids)
