"""CORS preflight requests of pages that trace requests or call a private network."""

import pytest
from httpx import AsyncClient, Response

ALLOWED, OTHER = "http://localhost:3000", "https://evil.example"
PRIVATE_NETWORK = "Access-Control-Allow-Private-Network"


async def preflight(client: AsyncClient, origin: str, **headers: str) -> Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.options("/tasks", headers={"Origin": origin, "Access-Control-Request-Method": "POST", **names})


@pytest.mark.spec("REQ-009")
@pytest.mark.parametrize(
    "names", ["traceparent", "tracestate", "baggage", "Traceparent, authorization", "x-request-id"]
)
async def test_preflight_allows_headers_of_tracing(client: AsyncClient, names: str) -> None:
    response = await preflight(client, ALLOWED, Access_Control_Request_Headers=names)

    allowed = response.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert response.status_code == 200
    assert set(names.lower().split(", ")) <= set(allowed)


@pytest.mark.spec("REQ-009")
async def test_preflight_rejects_other_headers(client: AsyncClient) -> None:
    response = await preflight(client, ALLOWED, Access_Control_Request_Headers="traceparent, x-evil")

    assert response.is_client_error


@pytest.mark.spec("REQ-010")
async def test_preflight_allows_a_private_network_to_an_allowed_origin(client: AsyncClient) -> None:
    response = await preflight(client, ALLOWED, Access_Control_Request_Private_Network="true")

    assert (response.status_code, response.headers[PRIVATE_NETWORK]) == (200, "true")


@pytest.mark.spec("REQ-010")
async def test_preflight_allows_no_private_network_to_another_origin(client: AsyncClient) -> None:
    response = await preflight(client, OTHER, Access_Control_Request_Private_Network="true")

    assert response.is_client_error
    assert PRIVATE_NETWORK not in response.headers


@pytest.mark.spec("REQ-010")
async def test_preflight_without_a_private_network_does_not_mention_it(client: AsyncClient) -> None:
    response = await preflight(client, ALLOWED)

    assert PRIVATE_NETWORK not in response.headers
