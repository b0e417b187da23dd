"""Cross-origin requests: allowed origins and readable responses."""

import pytest
from httpx import AsyncClient

from tests.contract.support import HEALTH_URL, ORIGIN, assert_readable_by_page
from tests.support import Json, MakeApp, make_client


def preflight_headers(origin: str, method: str = "PATCH", headers: str = "authorization,content-type") -> Json:
    """Return the headers of a CORS preflight request."""
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }


@pytest.mark.parametrize("port", [3000, 5173, 8080, 8000])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_origin_of_a_local_frontend_is_allowed(client: AsyncClient, port: int, method: str) -> None:
    origin = f"http://localhost:{port}"

    response = await client.options("/tasks/1", headers=preflight_headers(origin, method))

    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert response.headers["Access-Control-Allow-Credentials"] == "true"
    assert method in response.headers["Access-Control-Allow-Methods"].split(", ")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost:3001", "https://localhost:3000", "null"],
    ids=["other-host", "other-port", "other-scheme", "null"],
)
async def test_other_origin_is_not_allowed(client: AsyncClient, origin: str) -> None:
    response = await client.options("/tasks", headers=preflight_headers(origin))

    assert response.is_client_error
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_rejected_preflight_has_the_error_shape(client: AsyncClient) -> None:
    response = await client.options("/tasks", headers=preflight_headers("https://evil.example"))

    assert response.headers["Content-Type"] == "application/json"
    assert {"detail", "code"} <= set(response.json())


async def test_settings_replace_the_allowed_origins(make_app: MakeApp) -> None:
    client = make_client(await make_app(cors_origins=("https://todo.example",)))

    allowed = await client.options("/tasks", headers=preflight_headers("https://todo.example"))
    rejected = await client.options("/tasks", headers=preflight_headers(ORIGIN))

    assert allowed.headers["Access-Control-Allow-Origin"] == "https://todo.example"
    assert "Access-Control-Allow-Origin" not in rejected.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", HEALTH_URL, 200),
        ("GET", "/tasks", 401),
        ("GET", "/nowhere", 404),
        ("DELETE", "/tasks", 405),
        ("POST", "/auth/register", 422),
    ],
)
async def test_page_can_read_any_response(client: AsyncClient, method: str, path: str, status: int) -> None:
    response = await client.request(method, path, headers={"Origin": ORIGIN})

    assert response.status_code == status
    assert_readable_by_page(response)
