"""Several cookies of one name, and the cookie after the end of a login session."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from httpx import AsyncClient, Response

from tests.support import (
    PASSWORD,
    MakeLoginSession,
    Person,
    assert_error,
    log_in,
    refresh,
    refresh_token_of,
)

FOREIGN_COOKIES = [
    "refresh_token=of-another-application",
    "refresh_token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    'refresh_token="quoted"',
    "refresh_token=",
]
CLEARED = "refresh_token=; HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth; Max-Age=0"


async def send_cookies(client: AsyncClient, path: str, *headers: str) -> Response:
    return await client.post(path, headers=[("Cookie", header) for header in headers])


@pytest.mark.spec("AUT-014")
@pytest.mark.parametrize("foreign", FOREIGN_COOKIES)
@pytest.mark.parametrize("order", ["own-first", "own-last", "two-headers"])
async def test_refresh_uses_the_cookie_of_this_service(
    client: AsyncClient, ada: Person, foreign: str, order: str
) -> None:
    own = f"refresh_token={refresh_token_of(ada)}"
    headers = {"own-first": [f"{own}; {foreign}"], "own-last": [f"{foreign}; {own}"], "two-headers": [own, foreign]}

    response = await send_cookies(client, "/auth/refresh", *headers[order])

    assert response.status_code == 200, response.text


@pytest.mark.spec("AUT-014")
@pytest.mark.parametrize("foreign", FOREIGN_COOKIES)
async def test_logout_ends_the_login_session_of_the_own_cookie(client: AsyncClient, ada: Person, foreign: str) -> None:
    own = f"refresh_token={refresh_token_of(ada)}"

    await send_cookies(client, "/auth/logout", f"{own}; {foreign}")

    assert_error(await ada.client.get("/auth/sessions"), 401, "SESSION_ENDED")


@pytest.mark.spec("AUT-014")
async def test_access_token_in_another_cookie_is_skipped(client: AsyncClient, ada: Person) -> None:
    access_token = ada.client.headers["Authorization"].removeprefix("Bearer ")

    response = await send_cookies(
        client, "/auth/refresh", f"refresh_token={access_token}; refresh_token={refresh_token_of(ada)}"
    )

    assert response.status_code == 200, response.text


@pytest.mark.spec("AUT-014")
async def test_cookies_of_other_applications_alone_are_rejected(client: AsyncClient) -> None:
    response = await send_cookies(client, "/auth/refresh", "; ".join(FOREIGN_COOKIES))

    assert_error(response, 401, "INVALID_TOKEN")


# The end of a login session


@pytest.mark.spec("AUT-016")
@pytest.mark.parametrize("path", ["/auth/logout-all", "/auth/logout"])
async def test_refresh_and_login_sessions_name_one_code_after_a_logout(
    client: AsyncClient, ada: Person, path: str
) -> None:
    token = refresh_token_of(ada)
    await ada.client.post(path)

    assert_error(await refresh(client, token), 401, "SESSION_ENDED")
    assert_error(await ada.client.get("/auth/sessions"), 401, "SESSION_ENDED")


@pytest.mark.spec("AUT-016")
async def test_refresh_names_one_code_after_a_password_change(
    client: AsyncClient, ada: Person, make_login_session: MakeLoginSession
) -> None:
    other = await make_login_session(ada)
    await ada.client.post("/auth/password", json={"old_password": PASSWORD, "new_password": "another password"})

    assert_error(await refresh(client, refresh_token_of(other)), 401, "SESSION_ENDED")


@pytest.mark.spec("AUT-017")
async def test_ended_login_session_clears_the_cookie(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    await ada.client.post("/auth/logout-all")

    response = await refresh(client, token)

    assert response.headers.get_list("Set-Cookie") == [CLEARED]


@pytest.mark.spec("AUT-017")
async def test_expired_refresh_token_clears_the_cookie(client: AsyncClient, ada: Person) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(days=8), tick=False):
        response = await refresh(client, refresh_token_of(ada))

    assert_error(response, 401, "REFRESH_TOKEN_EXPIRED")
    assert response.headers.get_list("Set-Cookie") == [CLEARED]


@pytest.mark.spec("AUT-017")
async def test_reused_refresh_token_clears_the_cookie(client: AsyncClient, ada: Person) -> None:
    first = refresh_token_of(ada)
    second = (await refresh(client, first)).cookies["refresh_token"]
    await refresh(client, second)

    response = await refresh(client, first)

    assert_error(response, 401, "REFRESH_TOKEN_REUSED")
    assert response.headers.get_list("Set-Cookie") == [CLEARED]


@pytest.mark.spec("AUT-017")
async def test_invalid_refresh_token_clears_the_cookie(client: AsyncClient) -> None:
    response = await refresh(client, "invalid")

    assert_error(response, 401, "INVALID_TOKEN")
    assert response.headers.get_list("Set-Cookie") == [CLEARED]


@pytest.mark.spec("AUT-017")
async def test_access_token_in_the_cookie_clears_the_cookie(client: AsyncClient, ada: Person) -> None:
    response = await refresh(client, ada.client.headers["Authorization"].removeprefix("Bearer "))

    assert_error(response, 401, "INVALID_TOKEN_TYPE")
    assert response.headers.get_list("Set-Cookie") == [CLEARED]


@pytest.mark.spec("AUT-017")
async def test_missing_cookie_is_not_cleared(client: AsyncClient) -> None:
    response = await client.post("/auth/refresh")

    assert_error(response, 401, "MISSING_REFRESH_TOKEN")
    assert "Set-Cookie" not in response.headers


@pytest.mark.spec("AUT-017")
async def test_wrong_password_clears_no_cookie(client: AsyncClient, ada: Person) -> None:
    assert "Set-Cookie" not in (await log_in(client, ada.email, "wrong password")).headers
