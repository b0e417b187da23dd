"""Origins that may log in, refresh and log out."""

import pytest
from httpx import AsyncClient, Response

from tests.support import PASSWORD, MakeApp, Person, assert_error, make_client, refresh_token_of

PATHS = pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh", "/auth/logout"])
FOREIGN_ORIGINS = [
    "https://evil.example",
    "http://todo.test",
    "https://todo.test:8443",
    "https://todo.test.evil.example",
    "https://eviltodo.test",
    "http://localhost:3001",
    "null",
    "",
]


async def send(client: AsyncClient, owner: Person, path: str, **headers: str) -> Response:
    """Send the request of a page to one of the paths, with everything that it needs to succeed."""
    headers["Cookie"] = f"refresh_token={refresh_token_of(owner)}"
    form = {"username": owner.email, "password": PASSWORD} if path == "/auth/login" else None
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(path, data=form, headers=names)


@pytest.mark.spec("AUT-015")
@PATHS
@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
async def test_foreign_origin_is_rejected(client: AsyncClient, ada: Person, path: str, origin: str) -> None:
    response = await send(client, ada, path, Origin=origin)

    assert_error(response, 403, "ORIGIN_REFUSED")
    assert "Set-Cookie" not in response.headers
    assert (await ada.client.get("/auth/sessions")).status_code == 200


@pytest.mark.spec("AUT-015")
@PATHS
@pytest.mark.parametrize("origin", ["https://todo.test", "http://localhost:3000"], ids=["own", "allowed"])
async def test_own_and_allowed_origins_are_accepted(client: AsyncClient, ada: Person, path: str, origin: str) -> None:
    assert (await send(client, ada, path, Origin=origin)).status_code == 200


@pytest.mark.spec("AUT-015")
@PATHS
async def test_request_without_origin_is_accepted(client: AsyncClient, ada: Person, path: str) -> None:
    assert (await send(client, ada, path)).status_code == 200


@pytest.mark.spec("AUT-015")
@PATHS
async def test_own_origin_with_the_default_port_is_accepted(client: AsyncClient, ada: Person, path: str) -> None:
    assert (await send(client, ada, path, Origin="https://todo.test", Host="TODO.test:443")).status_code == 200


@pytest.mark.spec("AUT-015")
@PATHS
async def test_same_origin_behind_a_proxy_that_changes_the_host_is_accepted(
    client: AsyncClient, ada: Person, path: str
) -> None:
    response = await send(
        client, ada, path, Origin="https://todo.example", Host="127.0.0.1:8000", Sec_Fetch_Site="same-origin"
    )

    assert response.status_code == 200


@pytest.mark.spec("AUT-015")
@PATHS
async def test_same_site_of_another_origin_is_rejected(client: AsyncClient, ada: Person, path: str) -> None:
    response = await send(client, ada, path, Origin="https://other.todo.test", Sec_Fetch_Site="same-site")

    assert_error(response, 403, "ORIGIN_REFUSED")


@pytest.mark.spec("AUT-015")
async def test_foreign_origin_uses_up_no_attempt(make_app: MakeApp, ada: Person) -> None:
    app = await make_app(rate_limit_enabled=True, rate_limit_login="1/minute")
    async with make_client(app) as client:
        for _ in range(3):
            await send(client, ada, "/auth/login", Origin="https://evil.example")

        assert (await send(client, ada, "/auth/login")).status_code == 200


@pytest.mark.spec("AUT-015")
async def test_origins_of_the_settings_are_accepted(make_app: MakeApp, ada: Person) -> None:
    async with make_client(await make_app(cors_origins=("https://app.example",))) as client:
        accepted = await send(client, ada, "/auth/login", Origin="https://app.example")
        rejected = await send(client, ada, "/auth/login", Origin="http://localhost:3000")

    assert accepted.status_code == 200
    assert_error(rejected, 403, "ORIGIN_REFUSED")


@pytest.mark.spec("AUT-015")
async def test_rejected_preflight_stays_a_400(client: AsyncClient) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}

    response = await client.options("/auth/login", headers=headers)

    assert_error(response, 400, "ORIGIN_REFUSED")
