"""Unknown fields of bodies and forms."""

import re
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.support import PASSWORD, Json, Make, Person, assert_error, operations_in
from todo.schemas.error import NAME_MAX, PROBLEMS_MAX

PATH_PARAMETER = re.compile(r"\{\w+\}")
WHOLE_TASK: Json = {"title": "x", "priority": "low", "completed": False}
BODY_TYPE = "application/json"
READ_ONLY = {"id": 7, "user_id": "nobody", "version": "x"}
ITEMS: dict[str, Json] = {
    "items.0.labels": {"action": "create", "task": {"title": "x"}, "labels": []},
    "items.0.task.parents": {"action": "create", "task": {"title": "x", "parents": 3}},
    "items.0.task.version": {"action": "create", "task": {"title": "x", "version": 3}},
    "items.0.changes.titel": {"action": "update", "id": 1, "changes": {"titel": "x"}},
    "items.0.if_match": {"action": "update", "id": 1, "changes": {}, "if_match": 1},
    "items.0.task": {"action": "delete", "id": 1, "task": {}},
    "items.0.body": {"action": "delete", "id": 1, "body": 1},
}


@pytest.fixture
def bodies(app: FastAPI) -> dict[str, Json]:
    """Return the example of each JSON body in the document, by method and path."""
    document = app.openapi()
    bodies = {}
    for name, operation in operations_in(document).items():
        if content := operation.get("requestBody", {}).get("content", {}).get(BODY_TYPE):
            schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
            bodies[name] = schema["examples"][0]
    return bodies


@pytest.mark.spec("REQ-011")
@pytest.mark.parametrize("field", ["labels", "search", "constructor"])
async def test_unknown_field_of_each_body_is_a_422(ada: Person, bodies: dict[str, Json], field: str) -> None:
    assert len(bodies) >= 18
    for operation, body in bodies.items():
        method, path = PATH_PARAMETER.sub("1", operation.replace("/api/v1", "")).split()

        response = await ada.client.request(method, path, json=body | {field: ["a"]})

        assert_error(response, 422, "UNKNOWN_FIELD")
        assert [error["field"] for error in response.json()["errors"]] == [field], operation


@pytest.mark.spec("REQ-011")
@pytest.mark.parametrize("field", ITEMS)
async def test_unknown_field_of_a_bulk_item_is_a_422(ada: Person, field: str) -> None:
    response = await ada.client.post("/tasks/bulk", json={"items": [ITEMS[field]]})

    assert_error(response, 422, "UNKNOWN_FIELD")
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.spec("REQ-011")
async def test_unknown_field_fails_its_bulk_item_alone(ada: Person) -> None:
    items = [{"action": "create", "task": {"title": "x", "parents": 3}}, {"action": "create", "task": {"title": "y"}}]

    response = await ada.client.post("/tasks/bulk", json={"items": items, "atomic": False})

    results = response.json()["results"]
    assert [result["status"] for result in results] == [422, 201]
    assert (results[0]["error"]["code"], results[0]["error"]["errors"][0]["field"]) == (
        "UNKNOWN_FIELD",
        "task.parents",
    )


@pytest.mark.spec("REQ-011")
async def test_unknown_field_prevents_the_write(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    path = f"/tasks/{task['id']}"

    await ada.client.patch(path, json={"title": "new", "complete": True})

    assert (await ada.client.get(path)).json() == task


@pytest.mark.spec("REQ-012")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_task_can_be_sent_back_as_it_was_read(ada: Person, make_task: Make, method: str) -> None:
    task = await make_task(ada, external_id=f"import-{method}")

    response = await ada.client.request(method, f"/tasks/{task['id']}", json=task | {"title": "new"})

    assert response.status_code == 200
    assert response.json()["title"] == "new"
    assert [response.json()[name] for name in ("id", "external_id", "created_at", "user_id")] == [
        task[name] for name in ("id", "external_id", "created_at", "user_id")
    ]


@pytest.mark.spec("REQ-012")
async def test_task_can_be_sent_back_in_a_bulk_update(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    item = {"action": "update", "id": task["id"], "version": task["version"], "changes": task | {"title": "new"}}

    response = await ada.client.post("/tasks/bulk", json={"items": [item]})

    assert response.json()["results"][0]["task"]["title"] == "new"


@pytest.mark.spec("REQ-012")
async def test_tag_can_be_sent_back_as_it_was_read(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await ada.client.put(f"/tags/{tag['id']}", json=tag | {"color": "#000000"})

    assert response.json() == tag | {"color": "#000000", "version": 2}


@pytest.mark.spec("REQ-012")
async def test_account_can_be_sent_back_without_its_address(ada: Person) -> None:
    account = (await ada.client.get("/auth/me")).json()
    del account["email"]

    response = await ada.client.patch("/auth/me", json=account | {"name": "Ada"})

    assert response.json()["name"] == "Ada"


@pytest.mark.spec("REQ-012")
@pytest.mark.parametrize("path", ["/tasks", "/tags"])
async def test_values_of_ignored_fields_are_not_validated(
    ada: Person, make_task: Make, make_tag: Make, path: str
) -> None:
    resource = await (make_task if path == "/tasks" else make_tag)(ada)
    body = WHOLE_TASK if path == "/tasks" else {"name": "x"}

    response = await ada.client.put(f"{path}/{resource['id']}", json=body | READ_ONLY)

    assert response.status_code == 200
    assert response.json()["user_id"] == str(ada.id)


@pytest.mark.spec("REQ-013")
@pytest.mark.parametrize("name", ["id", "user_id", "version", "created_at", "updated_at"])
async def test_read_only_field_of_a_new_task_is_unknown(ada: Person, name: str) -> None:
    response = await ada.client.post("/tasks", json={"title": "x", name: None})

    assert_error(response, 422, "UNKNOWN_FIELD")


@pytest.mark.spec("REQ-013")
@pytest.mark.parametrize("name", ["id", "user_id", "version"])
async def test_read_only_field_of_a_new_tag_is_unknown(ada: Person, name: str) -> None:
    response = await ada.client.post("/tags", json={"name": "x", name: None})

    assert_error(response, 422, "UNKNOWN_FIELD")


@pytest.mark.spec("REQ-015")
async def test_unknown_fields_are_listed_with_other_problems(ada: Person) -> None:
    body = {"title": "", "labels": [], "priority": 7, "colour": "red"}

    response = await ada.client.post("/tasks", json=body)

    problems = [(problem["field"], problem["code"]) for problem in response.json()["errors"]]
    assert response.status_code == 422
    assert response.json()["code"] == problems[0][1]
    assert problems == [
        ("priority", "VALIDATION_ERROR"),
        ("labels", "UNKNOWN_FIELD"),
        ("colour", "UNKNOWN_FIELD"),
        ("title", "INVALID_TITLE"),
    ]


@pytest.mark.spec("REQ-016")
@pytest.mark.parametrize("path", ["/auth/register", "/tasks"])
async def test_response_names_a_limited_number_of_unknown_fields(ada: Person, path: str) -> None:
    response = await ada.client.post(path, json={f"field-{number}": 1 for number in range(50_000)})

    assert response.status_code == 422
    assert len(response.json()["errors"]) <= PROBLEMS_MAX
    assert response.elapsed.total_seconds() < 2


@pytest.mark.spec("REQ-016")
async def test_limit_of_unknown_fields_keeps_known_fields(ada: Person) -> None:
    body = {f"field-{number}": 1 for number in range(200)} | {"title": ""}

    response = await ada.client.post("/tasks", json=body)

    assert {error["code"] for error in response.json()["errors"]} >= {"UNKNOWN_FIELD"}
    assert response.json()["errors"][0]["field"] == "field-0"


@pytest.mark.spec("REQ-016")
@pytest.mark.parametrize("name", ["x" * 100_000, "\ud800", "a\0b", "é.ü", ""])
async def test_any_name_of_an_unknown_field_can_be_returned(ada: Person, name: str) -> None:
    content = ('{"title": "x", ' + _json(name) + ": 1}").encode()

    response = await ada.client.post("/tasks", content=content, headers={"Content-Type": "application/json"})

    assert response.status_code == 422
    assert len(response.json()["errors"][0]["field"]) <= NAME_MAX


def _json(text: str) -> str:
    return '"' + "".join(f"\\u{ord(character):04x}" for character in text) + '"'


@pytest.mark.spec("REQ-017")
async def test_log_in_ignores_the_fields_of_oauth_clients(client: AsyncClient, ada: Person) -> None:
    form = {"username": ada.email, "password": PASSWORD, "grant_type": "password", "scope": "a b"}

    response = await client.post("/auth/login", data=form | {"client_id": "x", "client_secret": "y"})

    assert response.status_code == 200


@pytest.mark.spec("REQ-017")
@pytest.mark.parametrize("name", ["email", "remember_me", "query"])
async def test_unknown_field_of_the_log_in_is_a_422(client: AsyncClient, ada: Person, name: str) -> None:
    form: dict[str, Any] = {"username": ada.email, "password": PASSWORD, name: "x"}

    response = await client.post("/auth/login", data=form)

    assert_error(response, 422, "UNKNOWN_FIELD")
    assert response.json()["errors"][0]["field"] == name
