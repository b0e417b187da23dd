"""Each error response has the shape of the contract, section 1."""

import pytest
from httpx import AsyncClient

from tests.contract.support import HEALTH_URL, JSON_HEADERS, assert_error_shape
from tests.support import Json, MakeApp, Person, assert_error, make_client


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        pytest.param("GET", "/nowhere", {}, 404, "NOT_FOUND", id="unknown-path"),
        pytest.param("GET", "https://todo.test/index.html", {}, 404, "NOT_FOUND", id="outside-the-api"),
        pytest.param("PATCH", "/tasks", {}, 405, "METHOD_NOT_ALLOWED", id="wrong-method"),
        pytest.param("PUT", HEALTH_URL, {}, 405, "METHOD_NOT_ALLOWED", id="wrong-method-outside-the-api"),
        pytest.param("GET", "/tasks/0", {}, 404, "TASK_NOT_FOUND", id="unknown-resource"),
        pytest.param("GET", "/tasks/x", {}, 422, "VALIDATION_ERROR", id="bad-path"),
        pytest.param("GET", "/tasks?page=0", {}, 400, "INVALID_PAGINATION", id="query-breaks-rule"),
        pytest.param("GET", "/tasks?page=x", {}, 422, "VALIDATION_ERROR", id="query-of-wrong-type"),
        pytest.param("POST", "/tags", {"json": {"name": ""}}, 400, "INVALID_TAG_NAME", id="broken-rule"),
        pytest.param("POST", "/tags", {"json": {}}, 422, "VALIDATION_ERROR", id="missing-field"),
        pytest.param("POST", "/tags", {}, 422, "VALIDATION_ERROR", id="no-body"),
        pytest.param("POST", "/tags", {"json": []}, 422, "VALIDATION_ERROR", id="body-of-wrong-type"),
        pytest.param(
            "POST", "/tags", {"content": "{", "headers": JSON_HEADERS}, 422, "VALIDATION_ERROR", id="broken-json"
        ),
        pytest.param(
            "POST", "/tags", {"content": b"\xff", "headers": JSON_HEADERS}, 422, "VALIDATION_ERROR", id="not-utf-8"
        ),
        pytest.param(
            "POST",
            "/tags",
            {"content": b"[" * 100_000, "headers": JSON_HEADERS},
            422,
            "VALIDATION_ERROR",
            id="deeply-nested-json",
        ),
        pytest.param(
            "POST",
            "/tags",
            {"content": b'{"name": ' + b"1" * 5_000 + b"}", "headers": JSON_HEADERS},
            422,
            "VALIDATION_ERROR",
            id="number-of-5000-digits",
        ),
        pytest.param(
            "POST",
            "/tags",
            {"content": b'{"name": NaN}', "headers": JSON_HEADERS},
            422,
            "VALIDATION_ERROR",
            id="not-a-number",
        ),
        pytest.param(
            "POST",
            "/tags",
            {"content": b'{"name": "home"}', "headers": {"Content-Type": "text/plain"}},
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            id="json-as-text",
        ),
        pytest.param(
            "POST",
            "/auth/login",
            {"content": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data"}},
            422,
            "VALIDATION_ERROR",
            id="broken-form",
        ),
    ],
)
async def test_every_error_has_one_shape(
    ada: Person, method: str, path: str, options: Json, status: int, code: str
) -> None:
    response = await ada.client.request(method, path, **options)

    assert_error(response, status, code)
    assert_error_shape(response)


async def test_missing_token_has_the_error_shape(client: AsyncClient) -> None:
    response = await client.get("/tasks")

    assert_error(response, 401, "MISSING_TOKEN", "Authentication required")
    assert_error_shape(response)
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_missing_cookie_has_the_error_shape(client: AsyncClient) -> None:
    response = await client.post("/auth/refresh")

    assert_error(response, 401, "MISSING_REFRESH_TOKEN", "Refresh token not found")
    assert_error_shape(response)


async def test_exceeded_rate_limit_has_the_error_shape(make_app: MakeApp) -> None:
    client = make_client(await make_app(rate_limit_enabled=True, rate_limit_refresh="1/minute"))
    await client.post("/auth/refresh")

    response = await client.post("/auth/refresh")

    assert_error(response, 429, "RATE_LIMIT_EXCEEDED")
    assert_error_shape(response)


async def test_errors_list_each_invalid_field(client: AsyncClient) -> None:
    fields = {"email": "nobody", "password": "short", "name": "n" * 201}

    response = await client.post("/auth/register", json=fields)

    assert_error(response, 400, "INVALID_EMAIL", "Please provide a valid email address")
    assert [(problem["field"], problem["code"]) for problem in response.json()["errors"]] == [
        ("email", "INVALID_EMAIL"),
        ("password", "PASSWORD_TOO_SHORT"),
        ("name", "NAME_TOO_LONG"),
    ]


async def test_code_and_detail_are_of_the_first_problem(client: AsyncClient) -> None:
    response = await client.post("/auth/register", json={"email": "ada@example.com", "password": "short"})

    body = response.json()
    first_problem = body["errors"][0]
    assert (body["detail"], body["code"]) == (first_problem["detail"], first_problem["code"])


async def test_missing_field_is_422_even_if_another_field_breaks_a_rule(client: AsyncClient) -> None:
    response = await client.post("/auth/register", json={"email": "nobody"})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert {problem["field"] for problem in response.json()["errors"]} == {"email", "password"}


@pytest.mark.parametrize("path", ["/tasks/", "/tags/", "/auth/me/", "//tasks"])
async def test_path_with_an_extra_slash_is_not_redirected(ada: Person, path: str) -> None:
    response = await ada.client.get(f"https://todo.test/api/v1{path}")

    assert_error(response, 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/tasks", {"GET", "HEAD", "POST"}),
        ("POST", "/tasks/1", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("GET", "/tasks/1/tags/1", {"POST", "DELETE"}),
        ("PATCH", "/tags", {"GET", "HEAD", "POST"}),
        ("PATCH", "/tags/1", {"GET", "HEAD", "PUT", "DELETE"}),
        ("GET", "/auth/register", {"POST"}),
        ("POST", "/auth/me", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("PUT", "/auth/tokens", {"GET", "HEAD", "POST"}),
        ("GET", "/auth/sessions/1", {"DELETE"}),
        ("POST", HEALTH_URL, {"GET", "HEAD"}),
    ],
)
async def test_405_lists_the_allowed_methods(client: AsyncClient, method: str, path: str, allowed: set[str]) -> None:
    response = await client.request(method, path)

    assert_error(response, 405, "METHOD_NOT_ALLOWED")
    assert set(response.headers["Allow"].split(", ")) == allowed


@pytest.mark.spec("SUB-042")
async def test_json_that_is_nested_too_deeply_is_named(ada: Person) -> None:
    tree = '{"title": "x", "subtasks": [' * 600 + "]}" * 600

    response = await ada.client.post("/tasks", content=tree, headers=JSON_HEADERS)

    assert_error(response, 422, "VALIDATION_ERROR", "The body is nested too deeply")
