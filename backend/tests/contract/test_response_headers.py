"""Headers of responses: request ids and caching."""

import pytest
from httpx import AsyncClient

from tests.contract.support import HEALTH_URL
from tests.support import PASSWORD, Person


async def test_every_request_has_a_different_id(client: AsyncClient) -> None:
    ids = {(await client.get(path)).headers["X-Request-ID"] for path in ("/tasks", "/nowhere", HEALTH_URL)}

    assert len(ids) == 3


async def test_request_id_of_the_client_is_used(client: AsyncClient) -> None:
    response = await client.get("/tasks", headers={"X-Request-ID": "my-request.7"})

    assert response.headers["X-Request-ID"] == "my-request.7"


@pytest.mark.parametrize("request_id", ["", "two words", "x" * 65, "line\\nbreak", "<script>"])
async def test_unsafe_request_id_is_replaced(client: AsyncClient, request_id: str) -> None:
    response = await client.get("/tasks", headers={"X-Request-ID": request_id})

    assert response.headers["X-Request-ID"] not in ("", request_id)


@pytest.mark.spec("HDR-005")
async def test_response_with_a_token_must_not_be_stored(ada: Person) -> None:
    login = await ada.client.post("/auth/login", data={"username": ada.email, "password": PASSWORD})
    refreshed = await ada.client.post("/auth/refresh")
    token = await ada.client.post("/auth/tokens", json={"name": "cron", "scopes": ["tasks:read"]})

    assert {response.headers["Cache-Control"] for response in (login, refreshed, token)} == {"no-store"}
