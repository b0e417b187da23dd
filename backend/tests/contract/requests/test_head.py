"""HEAD requests."""

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.support import Make, MakeToken, Person, assert_error, authorize, operations_in

ENTITY_HEADERS = ("Content-Length", "Content-Type", "ETag", "Cache-Control", "Content-Security-Policy")
PAGES = [
    "/docs",
    "/redoc",
    "/docs/oauth2-redirect",
    "/docs/swagger_references.js",
    "/openapi.json",
    "/health",
    "/ready",
]
RESOURCES = ["/tasks", "/tags", "/auth/me", "/auth/me/export", "/auth/sessions", "/auth/tokens", "/tasks?limit=1"]


@pytest.mark.spec("REQ-001")
@pytest.mark.parametrize("path", [*(f"https://todo.test{page}" for page in PAGES), *RESOURCES])
async def test_head_has_the_headers_of_get(ada: Person, make_task: Make, path: str) -> None:
    await make_task(ada)

    get, head = await ada.client.get(path), await ada.client.head(path)

    assert (head.status_code, head.content) == (200, b"")
    assert [head.headers.get(name) for name in ENTITY_HEADERS] == [get.headers.get(name) for name in ENTITY_HEADERS]


@pytest.mark.spec("REQ-001")
async def test_head_of_one_resource_has_its_etag(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await ada.client.head(f"/tags/{tag['id']}")

    assert (response.status_code, response.headers["ETag"]) == (200, '"1"')


@pytest.mark.spec("REQ-001")
async def test_head_of_another_users_task_is_a_404(ada: Person, bob: Person, make_task: Make) -> None:
    task = await make_task(ada)

    response = await bob.client.head(f"/tasks/{task['id']}")

    assert response.status_code == 404


@pytest.mark.spec("REQ-001")
async def test_head_without_a_token_is_a_401(client: AsyncClient) -> None:
    response = await client.head("/tasks")

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("REQ-001")
async def test_head_with_a_known_etag_is_a_304(ada: Person, make_task: Make) -> None:
    task = await make_task(ada)
    path = f"/tasks/{task['id']}"
    etag = (await ada.client.get(path)).headers["ETag"]

    response = await ada.client.head(path, headers={"If-None-Match": etag})

    assert (response.status_code, response.headers["ETag"]) == (304, etag)


@pytest.mark.spec("REQ-002")
async def test_scope_to_read_is_enough_for_head(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read")

    response = await client.head("/tasks", headers=authorize(token["token"]))

    assert response.status_code == 200


@pytest.mark.spec("REQ-002")
async def test_scope_to_write_is_not_enough_for_head(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tags:write")

    response = await client.head("/tags", headers=authorize(token["token"]))

    assert response.status_code == 403


@pytest.mark.spec("REQ-003")
@pytest.mark.parametrize("path", ["/tags/1", "/auth/sessions", "https://todo.test/ready", "https://todo.test/docs"])
async def test_405_lists_head_beside_get(client: AsyncClient, path: str) -> None:
    response = await client.request("BREW", path)

    assert_error(response, 405, "METHOD_NOT_ALLOWED")
    assert {"GET", "HEAD"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.spec("REQ-003")
async def test_head_of_a_path_without_get_is_a_405(client: AsyncClient) -> None:
    response = await client.head("/auth/register")

    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


@pytest.mark.spec("DOC-012")
def test_document_has_no_head(app: FastAPI) -> None:
    assert [name for name in operations_in(app.openapi()) if name.startswith("HEAD")] == []
