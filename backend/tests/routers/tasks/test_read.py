"""Authentication, reads, ids and methods of tasks."""

import pytest
from httpx import AsyncClient

from tests.routers.tasks.support import FULL_TASK, TASK_METHODS, UNKNOWN_ID, request_task
from tests.support import Json, Make, Person, RecordedApp, assert_error, make_client

ROUTES = [
    ("POST", "/tasks"),
    ("GET", "/tasks"),
    ("GET", "/tasks/1"),
    ("PUT", "/tasks/1"),
    ("PATCH", "/tasks/1"),
    ("DELETE", "/tasks/1"),
    ("POST", "/tasks/1/tags/1"),
    ("DELETE", "/tasks/1/tags/1"),
]
EVERY_ROUTE = pytest.mark.parametrize(("method", "path"), ROUTES, ids=" ".join)


# Authentication


@pytest.mark.spec("TSK-007")
@EVERY_ROUTE
async def test_missing_token_is_rejected(client: AsyncClient, method: str, path: str) -> None:
    response = await client.request(method, path, json=FULL_TASK)

    assert_error(response, 401, "MISSING_TOKEN", "Authentication required")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("TSK-007")
async def test_missing_token_is_rejected_before_validation(client: AsyncClient) -> None:
    response = await client.post("/tasks", json={"title": ""})

    assert_error(response, 401, "MISSING_TOKEN")


# Read


@pytest.mark.spec("TSK-011")
async def test_get_returns_the_created_task(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, **FULL_TASK)

    response = await ada.client.get(f"/tasks/{task['id']}")

    assert response.status_code == 200
    assert response.json() == task


@pytest.mark.spec("TSK-012")
async def test_get_of_unknown_task_returns_404(ada: Person) -> None:
    response = await ada.client.get(f"/tasks/{UNKNOWN_ID}")

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


@pytest.mark.spec("TSK-013")
async def test_get_of_another_users_task_returns_404(ada: Person, bob: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await bob.client.get(f"/tasks/{task['id']}")

    assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


@pytest.mark.spec("TSK-013", "TSK-017", "TSK-020")
@pytest.mark.parametrize("method", TASK_METHODS)
async def test_another_users_task_looks_like_an_unknown_task(
    ada: Person, bob: Person, make_task: Make, method: str
) -> None:
    task = await make_task(ada)

    response = await request_task(bob, method, task["id"])
    unknown_response = await request_task(bob, method, UNKNOWN_ID)

    assert (response.status_code, response.json()) == (unknown_response.status_code, unknown_response.json())


# Ids


@pytest.mark.parametrize(
    "task_id",
    [
        "0",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "1" + 30 * "0",
        pytest.param(5000 * "9", id="5000 digits"),
    ],
)
async def test_impossible_id_returns_404(ada: Person, task_id: str) -> None:
    for response in [await request_task(ada, method, task_id) for method in TASK_METHODS]:
        assert_error(response, 404, "TASK_NOT_FOUND", "Task not found")


@pytest.mark.parametrize("task_id", ["abc", "1.5", "1.0", "1e3", "1_0", "0x1", "true", "%20", "%EF%BC%91"])
async def test_non_integer_id_is_rejected(ada: Person, task_id: str) -> None:
    for response in [await request_task(ada, method, task_id) for method in TASK_METHODS]:
        assert_error(response, 422, "VALIDATION_ERROR")
        assert [error["field"] for error in response.json()["errors"]] == ["task_id"]


# Paths and methods


@pytest.mark.parametrize(
    ("method", "path", "allowed_methods"),
    [
        ("PUT", "/tasks", {"GET", "HEAD", "POST"}),
        ("PATCH", "/tasks", {"GET", "HEAD", "POST"}),
        ("DELETE", "/tasks", {"GET", "HEAD", "POST"}),
        ("POST", "/tasks/1", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("BREW", "/tasks/1", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("GET", "/tasks/1/tags/1", {"POST", "DELETE"}),
        ("PUT", "/tasks/1/tags/1", {"POST", "DELETE"}),
    ],
)
async def test_405_lists_the_allowed_methods(ada: Person, method: str, path: str, allowed_methods: set[str]) -> None:
    response = await ada.client.request(method, path)

    assert_error(response, 405, "METHOD_NOT_ALLOWED")
    assert set(response.headers["Allow"].split(", ")) == allowed_methods


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/nothing", "/tasks/", "/tasks/1/", "/tasks/1/nothing", "/tasks/1/tags"])
async def test_unknown_path_returns_404(ada: Person, method: str, path: str) -> None:
    response = await ada.client.request(method, path, json=FULL_TASK, follow_redirects=False)

    assert_error(response, 404, "NOT_FOUND")


# Statements


@pytest.mark.spec("PLN-004")
@pytest.mark.parametrize(
    ("method", "body"),
    [("GET", None), ("POST", {"title": "Ferns"}), ("PATCH", {"completed": True}), ("DELETE", None)],
)
async def test_request_runs_one_statement(
    ada: Person, make_task: Make, recorded_app: RecordedApp, method: str, body: Json | None
) -> None:
    task = await make_task(ada)
    path = "/tasks" if method == "POST" else f"/tasks/{task['id']}"

    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        response = await client.request(method, path, json=body)

    assert response.is_success
    assert len(recorded_app.statements) == 1
