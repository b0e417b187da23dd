"""Log-out: the cleared cookie and the refresh after a log-out."""

import pytest
from httpx import AsyncClient

from tests.support import MakePerson, Person, assert_error, log_in


@pytest.mark.spec("OUT-001")
async def test_logout_clears_the_cookie(client: AsyncClient, make_person: MakePerson) -> None:
    person = await make_person()
    await log_in(client, person.email)

    response = await client.post("/auth/logout")

    assert response.status_code == 200
    assert response.json() == {"message": "Successfully logged out"}
    attributes = "HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth; Max-Age=0"
    assert response.headers["Set-Cookie"] == f"refresh_token=; {attributes}"


@pytest.mark.spec("OUT-002")
@pytest.mark.parametrize("cookie", [None, "refresh_token=", "refresh_token=a.b.c"], ids=["none", "empty", "bad"])
async def test_logout_without_login_session_succeeds(client: AsyncClient, cookie: str | None) -> None:
    response = await client.post("/auth/logout", headers={"Cookie": cookie} if cookie else {})

    assert response.status_code == 200
    assert response.json() == {"message": "Successfully logged out"}
    assert "Max-Age=0" in response.headers["Set-Cookie"]


@pytest.mark.spec("OUT-003")
async def test_refresh_after_logout_is_rejected(client: AsyncClient, ada: Person) -> None:
    await log_in(client, ada.email)
    assert (await client.post("/auth/refresh")).status_code == 200
    await client.post("/auth/logout")

    response = await client.post("/auth/refresh")

    assert_error(response, 401, "MISSING_REFRESH_TOKEN", "Refresh token not found")
