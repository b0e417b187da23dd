"""Every error, whoever raised it, has the contract's one shape (section 1)."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from tests.support import PASSWORD, Json, MakeApp, MakeDatabase, Person, assert_error, make_client
from todo.core.database import migrator
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres

ORIGIN = "http://localhost:3000"
HEALTH = "https://todo.test/health"
JSON = {"Content-Type": "application/json"}


def assert_shape(response: Response) -> None:
    """Check that an error says no more than it may, and in which words."""
    body = response.json()
    assert response.headers["Content-Type"] == "application/json"
    assert {"detail", "code"} <= set(body) <= {"detail", "code", "errors", "request_id"}
    assert body["detail"]
    assert re.fullmatch("[A-Z_]+", body["code"])
    for problem in body.get("errors", []):
        assert set(problem) == {"field", "detail", "code"}
    assert ("errors" in body) == (response.status_code in (400, 422))


# The shape


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        pytest.param("GET", "/nowhere", {}, 404, "NOT_FOUND", id="unknown-path"),
        pytest.param("GET", "https://todo.test/", {}, 404, "NOT_FOUND", id="root"),
        pytest.param("PATCH", "/tasks", {}, 405, "METHOD_NOT_ALLOWED", id="wrong-verb"),
        pytest.param("PUT", HEALTH, {}, 405, "METHOD_NOT_ALLOWED", id="wrong-verb-outside-the-api"),
        pytest.param("GET", "/tasks/0", {}, 404, "TASK_NOT_FOUND", id="unknown-resource"),
        pytest.param("GET", "/tasks/x", {}, 422, "VALIDATION_ERROR", id="bad-path"),
        pytest.param("GET", "/tasks?page=0", {}, 400, "INVALID_PAGINATION", id="query-breaks-a-rule"),
        pytest.param("GET", "/tasks?page=x", {}, 422, "VALIDATION_ERROR", id="query-of-a-wrong-type"),
        pytest.param("POST", "/tags", {"json": {"name": ""}}, 400, "INVALID_TAG_NAME", id="broken-rule"),
        pytest.param("POST", "/tags", {"json": {}}, 422, "VALIDATION_ERROR", id="missing-field"),
        pytest.param("POST", "/tags", {}, 422, "VALIDATION_ERROR", id="no-body"),
        pytest.param("POST", "/tags", {"json": []}, 422, "VALIDATION_ERROR", id="body-of-a-wrong-type"),
        pytest.param("POST", "/tags", {"content": "{", "headers": JSON}, 422, "VALIDATION_ERROR", id="broken-json"),
        pytest.param("POST", "/tags", {"content": b"\xff", "headers": JSON}, 422, "VALIDATION_ERROR", id="no-utf-8"),
        pytest.param(
            "POST",
            "/tags",
            {"content": b"[" * 100_000, "headers": JSON},
            422,
            "VALIDATION_ERROR",
            id="deeply-nested-json",
        ),
        pytest.param(
            "POST",
            "/tags",
            {"content": b'{"name": ' + b"1" * 5_000 + b"}", "headers": JSON},
            422,
            "VALIDATION_ERROR",
            id="number-of-5000-digits",
        ),
        pytest.param(
            "POST",
            "/tags",
            {"content": b'{"name": NaN}', "headers": JSON},
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
async def test_has_one_shape_for_every_error(
    ada: Person, method: str, path: str, options: Json, status: int, code: str
) -> None:
    response = await ada.client.request(method, path, **options)

    assert_error(response, status, code)
    assert_shape(response)


async def test_asks_for_a_token_in_that_shape(client: AsyncClient) -> None:
    response = await client.get("/tasks")

    assert_error(response, 401, "MISSING_TOKEN", "Authentication required")
    assert_shape(response)
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_asks_for_a_cookie_in_that_shape(client: AsyncClient) -> None:
    response = await client.post("/auth/refresh")

    assert_error(response, 401, "MISSING_REFRESH_TOKEN", "Refresh token not found")
    assert_shape(response)


async def test_limits_rates_in_that_shape(make_app: MakeApp) -> None:
    client = make_client(await make_app(rate_limit_enabled=True, rate_limit_refresh="1/minute"))
    await client.post("/auth/refresh")

    response = await client.post("/auth/refresh")

    assert_error(response, 429, "RATE_LIMIT_EXCEEDED")
    assert_shape(response)


async def test_lists_each_field_at_fault(client: AsyncClient) -> None:
    fields = {"email": "nobody", "password": "short", "name": "n" * 201}

    response = await client.post("/auth/register", json=fields)

    assert_error(response, 400, "INVALID_EMAIL", "Please provide a valid email address")
    assert [(problem["field"], problem["code"]) for problem in response.json()["errors"]] == [
        ("email", "INVALID_EMAIL"),
        ("password", "PASSWORD_TOO_SHORT"),
        ("name", "NAME_TOO_LONG"),
    ]


async def test_gives_the_first_problem_at_the_top(client: AsyncClient) -> None:
    response = await client.post("/auth/register", json={"email": "ada@example.com", "password": "short"})

    body = response.json()
    first = body["errors"][0]
    assert (body["detail"], body["code"]) == (first["detail"], first["code"])


async def test_answers_422_when_a_field_is_missing_and_another_breaks_a_rule(client: AsyncClient) -> None:
    response = await client.post("/auth/register", json={"email": "nobody"})

    assert_error(response, 422, "VALIDATION_ERROR")
    assert {problem["field"] for problem in response.json()["errors"]} == {"email", "password"}


@pytest.mark.parametrize("path", ["/tasks/", "/tags/", "/auth/me/", "//tasks"])
async def test_redirects_nowhere(ada: Person, path: str) -> None:
    response = await ada.client.get(f"https://todo.test/api/v1{path}")

    assert_error(response, 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/tasks", {"GET", "POST"}),
        ("POST", "/tasks/1", {"GET", "PUT", "PATCH", "DELETE"}),
        ("GET", "/tasks/1/tags/1", {"POST", "DELETE"}),
        ("PATCH", "/tags", {"GET", "POST"}),
        ("PATCH", "/tags/1", {"GET", "PUT", "DELETE"}),
        ("GET", "/auth/register", {"POST"}),
        ("POST", "/auth/me", {"GET", "PATCH", "DELETE"}),
        ("PUT", "/auth/tokens", {"GET", "POST"}),
        ("GET", "/auth/sessions/1", {"DELETE"}),
        ("POST", HEALTH, {"GET"}),
    ],
)
async def test_says_which_verbs_a_path_has(client: AsyncClient, method: str, path: str, allowed: set[str]) -> None:
    response = await client.request(method, path)

    assert_error(response, 405, "METHOD_NOT_ALLOWED")
    assert set(response.headers["Allow"].split(", ")) == allowed


# Bodies too large


async def in_chunks(body: bytes) -> AsyncIterator[bytes]:
    """Send a body piece by piece, so that nobody knows its length beforehand."""
    for start in range(0, len(body), 100):
        yield body[start : start + 100]


def make_body(size: int) -> bytes:
    """Return a registration of exactly this many bytes."""
    body = f'{{"email": "nobody", "password": "{PASSWORD}"'.encode()
    return body + b" " * (size - len(body) - 1) + b"}"


@pytest.fixture(scope="module")
async def small_app(make_session_app: MakeApp) -> FastAPI:
    """Return an application that takes no more than 1,024 bytes."""
    return await make_session_app(max_body_bytes=1024)


@pytest.mark.parametrize("size", [1025, 100_000])
async def test_refuses_a_body_that_says_it_is_too_large(small_app: FastAPI, size: int) -> None:
    response = await make_client(small_app).post("/auth/register", content=make_body(size), headers=JSON)

    assert_error(response, 413, "PAYLOAD_TOO_LARGE")
    assert_shape(response)


@pytest.mark.parametrize("size", [1025, 100_000])
async def test_refuses_a_body_that_turns_out_too_large(small_app: FastAPI, size: int) -> None:
    content = in_chunks(make_body(size))

    response = await make_client(small_app).post("/auth/register", content=content, headers=JSON)

    assert_error(response, 413, "PAYLOAD_TOO_LARGE")
    assert_shape(response)


@pytest.mark.parametrize("length_is_known", [True, False])
async def test_takes_a_body_too_large_for_no_failure_of_ours(
    small_app: FastAPI, caplog: pytest.LogCaptureFixture, length_is_known: bool
) -> None:
    body = make_body(2000)
    content = body if length_is_known else in_chunks(body)

    await make_client(small_app).post("/auth/register", content=content, headers=JSON)

    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_refuses_a_form_that_turns_out_too_large(small_app: FastAPI) -> None:
    content = in_chunks(b"username=nobody%40example.com&password=" + b"p" * 1024)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    response = await make_client(small_app).post("/auth/login", content=content, headers=headers)

    assert_error(response, 413, "PAYLOAD_TOO_LARGE")
    assert_shape(response)


async def test_reads_a_body_of_the_largest_size(small_app: FastAPI) -> None:
    response = await make_client(small_app).post("/auth/register", content=make_body(1024), headers=JSON)

    assert_error(response, 400, "INVALID_EMAIL")


# What nobody foresaw


@pytest.fixture(scope="module")
async def broken_app(make_session_app: MakeApp, make_database: MakeDatabase) -> FastAPI:
    """Return an application whose database has tags of another kind."""
    url = await make_database()
    connection = await asyncpg.connect(**connect_arguments(url))
    await connection.execute("DROP TABLE tags CASCADE")
    await connection.execute("CREATE TABLE tags (user_id uuid, id int, name int, color text, version int)")
    await connection.close()
    return await make_session_app(url)


@pytest.fixture
async def broken(broken_app: FastAPI, ada: Person) -> AsyncClient:
    """Ada's way to the broken application; its `/tags` fail."""
    return make_client(broken_app, headers={"Authorization": ada.client.headers["Authorization"]})


async def test_answers_500_when_something_unforeseen_happens(broken: AsyncClient) -> None:
    response = await broken.get("/tags")

    assert_error(response, 500, "INTERNAL_ERROR")
    assert_shape(response)


async def test_names_the_request_in_a_500(broken: AsyncClient) -> None:
    response = await broken.get("/tags")

    assert response.json()["request_id"]
    assert response.json()["request_id"] == response.headers["X-Request-ID"]


async def test_shows_nothing_of_the_inside_in_a_500(broken: AsyncClient) -> None:
    response = await broken.get("/tags")

    said = response.text.lower()
    assert set(response.json()) == {"detail", "code", "request_id"}
    assert [word for word in ("traceback", "asyncpg", "relation", "select", "tags", "/") if word in said] == []


async def test_logs_the_traceback_of_a_500_with_the_request(
    broken: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await broken.get("/tags")

    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.levelno == logging.ERROR
    assert vars(record)["request_id"] == response.json()["request_id"]
    assert "Traceback" in caplog.text
    assert "UndefinedFunctionError" in caplog.text


async def test_serves_other_requests_after_a_500(broken: AsyncClient) -> None:
    await asyncio.gather(*(broken.get("/tags") for _ in range(20)))

    response = await broken.get("/auth/me")

    assert_error(response, 401, "INVALID_TOKEN")


# Request ids


async def test_gives_every_request_an_id_of_its_own(client: AsyncClient) -> None:
    ids = {(await client.get(path)).headers["X-Request-ID"] for path in ("/tasks", "/nowhere", HEALTH)}

    assert len(ids) == 3


async def test_keeps_the_id_that_a_client_gives(client: AsyncClient) -> None:
    response = await client.get("/tasks", headers={"X-Request-ID": "my-request.7"})

    assert response.headers["X-Request-ID"] == "my-request.7"


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "line\\nbreak", "<script>"])
async def test_replaces_an_id_that_is_not_plain(client: AsyncClient, given: str) -> None:
    response = await client.get("/tasks", headers={"X-Request-ID": given})

    assert response.headers["X-Request-ID"] not in ("", given)


# CORS


def preflight(origin: str, method: str = "PATCH", headers: str = "authorization,content-type") -> Json:
    """Return the headers with which a browser asks whether it may."""
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }


@pytest.mark.parametrize("port", [3000, 5173, 8080, 8000])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_lets_the_frontends_of_developers_in(client: AsyncClient, port: int, method: str) -> None:
    origin = f"http://localhost:{port}"

    response = await client.options("/tasks/1", headers=preflight(origin, method))

    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert method in response.headers["Access-Control-Allow-Methods"].split(", ")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost:3001", "https://localhost:3000", "null"],
    ids=["another", "another-port", "another-scheme", "null"],
)
async def test_lets_no_other_origin_in(client: AsyncClient, origin: str) -> None:
    response = await client.options("/tasks", headers=preflight(origin))

    assert response.is_client_error
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_refuses_a_preflight_in_the_shape_of_every_error(client: AsyncClient) -> None:
    response = await client.options("/tasks", headers=preflight("https://evil.example"))

    assert response.headers["Content-Type"] == "application/json"
    assert {"detail", "code"} <= set(response.json())


async def test_lets_in_who_the_settings_name(make_app: MakeApp) -> None:
    client = make_client(await make_app(cors_origins=("https://todo.example",)))

    allowed = await client.options("/tasks", headers=preflight("https://todo.example"))
    refused = await client.options("/tasks", headers=preflight(ORIGIN))

    assert allowed.headers["Access-Control-Allow-Origin"] == "https://todo.example"
    assert "Access-Control-Allow-Origin" not in refused.headers


def assert_readable(response: Response) -> None:
    """Check that a browser lets the page at ORIGIN read this answer, with credentials."""
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", HEALTH, 200),
        ("GET", "/tasks", 401),
        ("GET", "/nowhere", 404),
        ("DELETE", "/tasks", 405),
        ("POST", "/auth/register", 422),
    ],
)
async def test_lets_a_browser_read_any_answer(client: AsyncClient, method: str, path: str, status: int) -> None:
    response = await client.request(method, path, headers={"Origin": ORIGIN})

    assert response.status_code == status
    assert_readable(response)


async def test_lets_a_browser_read_a_413(small_app: FastAPI) -> None:
    headers = JSON | {"Origin": ORIGIN}

    response = await make_client(small_app).post("/auth/register", content=make_body(2000), headers=headers)

    assert response.status_code == 413
    assert_readable(response)


async def test_lets_a_browser_read_a_500(broken: AsyncClient) -> None:
    response = await broken.get("/tags", headers={"Origin": ORIGIN})

    assert response.status_code == 500
    assert_readable(response)


# The database is away


@pytest.fixture(scope="module")
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """Run a server that may be stopped."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("away"), UNSAFE_BUT_FAST_OPTIONS) as postgres:
        yield postgres


@pytest.fixture(scope="module")
async def stoppable_app(own_postgres: EmbeddedPostgres, make_session_app: MakeApp) -> FastAPI:
    """Return an application on that server."""
    await asyncio.to_thread(migrator.upgrade, own_postgres.url())
    return await make_session_app(own_postgres.url())


@pytest.fixture
def stoppable(stoppable_app: FastAPI, ada: Person) -> AsyncClient:
    """Ada's way to that application, which does not know her but takes her token."""
    return make_client(stoppable_app, headers={"Authorization": ada.client.headers["Authorization"]})


@contextmanager
def stopped(postgres: EmbeddedPostgres) -> Iterator[None]:
    """Have the server away for the length of a block."""
    postgres.stop()
    try:
        yield
    finally:
        postgres.start()


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/tasks", {}),
        ("POST", "/tasks", {"json": {"title": "Water the plants"}}),
        ("GET", "/tags", {}),
        ("GET", "/auth/me", {}),
        ("POST", "/auth/login", {"data": {"username": "ada@example.com", "password": PASSWORD}}),
        ("POST", "/auth/register", {"json": {"email": "ada@example.com", "password": PASSWORD}}),
    ],
    ids=["tasks", "new-task", "tags", "me", "login", "register"],
)
async def test_answers_503_while_the_database_is_away(
    own_postgres: EmbeddedPostgres, stoppable: AsyncClient, method: str, path: str, options: Json
) -> None:
    with stopped(own_postgres):
        response = await stoppable.request(method, path, **options)

    assert_error(response, 503, "SERVICE_UNAVAILABLE")
    assert_shape(response)
    assert int(response.headers["Retry-After"]) >= 1


async def test_lets_a_browser_read_a_503(own_postgres: EmbeddedPostgres, stoppable: AsyncClient) -> None:
    with stopped(own_postgres):
        response = await stoppable.get("/tasks", headers={"Origin": ORIGIN})

    assert response.status_code == 503
    assert_readable(response)


async def test_is_healthy_while_the_database_is_away(own_postgres: EmbeddedPostgres, stoppable: AsyncClient) -> None:
    with stopped(own_postgres):
        response = await stoppable.get(HEALTH)

    assert response.status_code == 200
    assert response.json() == {"status": "healthy"}


async def test_serves_again_once_the_database_is_back(own_postgres: EmbeddedPostgres, stoppable: AsyncClient) -> None:
    with stopped(own_postgres):
        away = [await stoppable.get("/tasks") for _ in range(10)]

    back = [await stoppable.get("/tasks") for _ in range(10)]

    assert {response.status_code for response in away} == {503}
    assert {response.status_code for response in back} == {200}


@pytest.mark.spec("HDR-005")
async def test_lets_nobody_keep_an_answer_with_a_token(ada: Person) -> None:
    login = await ada.client.post("/auth/login", data={"username": ada.email, "password": PASSWORD})
    refreshed = await ada.client.post("/auth/refresh")
    token = await ada.client.post("/auth/tokens", json={"name": "cron", "scopes": ["tasks:read"]})

    assert {answer.headers["Cache-Control"] for answer in (login, refreshed, token)} == {"no-store"}
