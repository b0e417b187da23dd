"""Unknown and empty query parameters."""

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.support import Make, Person, assert_error, operations_in

LIST_PARAMETERS = [
    *("page", "limit", "cursor", "total", "q", "filter", "status", "priority", "tag", "project", "section"),
    *("archived", "external_id"),
    *("due", "due_from", "due_until", "started", "completed_from", "completed_until", "updated_since", "sort"),
]


def test_every_parameter_of_a_list_is_tried(app: FastAPI) -> None:
    parameters = operations_in(app.openapi())["GET /api/v1/tasks"]["parameters"]

    assert [parameter["name"] for parameter in parameters if parameter["in"] == "query"] == LIST_PARAMETERS


@pytest.mark.spec("REQ-014")
@pytest.mark.parametrize(
    "path",
    [
        "/tasks",
        "/tags",
        "/filters",
        "/auth/me",
        "/auth/me/export",
        "/auth/sessions",
        "/auth/tokens",
        "/tasks/1",
        "/tags/1",
    ],
)
@pytest.mark.parametrize("name", ["statsu", "user_id", "query"])
async def test_unknown_parameter_of_a_read_is_a_422(ada: Person, path: str, name: str) -> None:
    response = await ada.client.get(path, params={name: "1"})

    assert_error(response, 422, "UNKNOWN_FIELD")
    assert response.json()["errors"][0]["field"] == name


@pytest.mark.spec("REQ-014")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/tasks"),
        ("PATCH", "/tasks/1"),
        ("DELETE", "/tags/1"),
        ("POST", "/tasks/1/tags/1"),
        ("POST", "/auth/logout"),
    ],
)
async def test_unknown_parameter_of_a_write_is_a_422(ada: Person, method: str, path: str) -> None:
    body = {"title": "x"} if path.startswith("/tasks") and "tags" not in path else None

    response = await ada.client.request(method, path, params={"dry_run": "true"}, json=body)

    assert_error(response, 422, "UNKNOWN_FIELD")


@pytest.mark.spec("REQ-014")
@pytest.mark.parametrize("path", ["health", "ready"])
async def test_unknown_parameter_of_a_probe_is_a_422(client: AsyncClient, path: str) -> None:
    response = await client.get(f"https://todo.test/{path}?verbose=1")

    assert_error(response, 422, "UNKNOWN_FIELD")


@pytest.mark.spec("REQ-014")
async def test_unknown_parameter_without_a_token_is_a_401(client: AsyncClient) -> None:
    assert_error(await client.get("/tags?x=1"), 401, "MISSING_TOKEN")


@pytest.mark.spec("REQ-015")
async def test_unknown_parameters_are_listed_with_other_problems(ada: Person) -> None:
    response = await ada.client.get("/tasks?page=0&colour=red&limit=x")

    problems = [(problem["field"], problem["code"]) for problem in response.json()["errors"]]
    assert response.status_code == 422
    assert problems == [
        ("limit", "VALIDATION_ERROR"),
        ("colour", "UNKNOWN_FIELD"),
        ("page", "INVALID_PAGINATION"),
    ]


@pytest.mark.spec("REQ-016")
async def test_response_names_a_limited_number_of_unknown_parameters(ada: Person) -> None:
    response = await ada.client.get("/tags?" + "&".join(f"p{number}=1" for number in range(5000)))

    assert response.status_code == 422
    assert len(response.json()["errors"]) == 100


@pytest.mark.spec("REQ-019")
@pytest.mark.parametrize("parameter", LIST_PARAMETERS)
@pytest.mark.parametrize("form", ["{}=", "{}"])
async def test_empty_parameter_counts_as_absent(ada: Person, make_task: Make, parameter: str, form: str) -> None:
    await make_task(ada)
    expected = (await ada.client.get("/tasks")).json()

    response = await ada.client.get(f"/tasks?{form.format(parameter)}")

    assert (response.status_code, response.json()) == (200, expected)


@pytest.mark.spec("REQ-019")
async def test_all_parameters_can_be_empty(ada: Person) -> None:
    response = await ada.client.get("/tasks?" + "&".join(f"{name}=" for name in LIST_PARAMETERS))

    assert response.status_code == 200


@pytest.mark.spec("REQ-019")
@pytest.mark.parametrize("parameter", ["priority", "sort", "cursor"])
async def test_word_null_is_a_value(ada: Person, parameter: str) -> None:
    response = await ada.client.get("/tasks", params={parameter: "null"})

    assert response.status_code == 400


@pytest.mark.spec("REQ-023")
@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("/tasks", "status=pending&status=completed", "status"),
        ("/tasks", "limit=5&sort=title&limit=5", "limit"),
        ("/projects", "archived=true&archived=all", "archived"),
        ("/sync", "since=&limit=5&limit=6", "limit"),
        ("/auth/me", "x=1&x=2", "x"),
    ],
)
async def test_repeated_parameter_is_a_422(ada: Person, path: str, query: str, name: str) -> None:
    response = await ada.client.get(f"{path}?{query}")

    assert_error(response, 422, "VALIDATION_ERROR", "This parameter must occur once")
    assert name in [error["field"] for error in response.json()["errors"]]


@pytest.mark.spec("REQ-023")
async def test_repeated_parameter_of_a_write_writes_nothing(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await ada.client.delete(f"/tasks/{task['id']}?children=keep&children=delete")

    assert response.status_code == 422
    assert (await ada.client.get(f"/tasks/{task['id']}")).status_code == 200
