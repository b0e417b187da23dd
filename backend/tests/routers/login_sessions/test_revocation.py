"""Revocation of login sessions: log-out everywhere, log-out and deletion."""

from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from jose import jwt

from tests.routers.login_sessions.support import (
    COOKIE_ATTRIBUTES,
    SESSION_ENDED_DETAIL,
    decode_claims,
    get_current_login_session,
    list_login_sessions,
)
from tests.routers.support import SESSION_ENDED
from tests.support import (
    SECRET,
    Json,
    MakeLoginSession,
    Person,
    assert_error,
    refresh,
    refresh_token_in,
    refresh_token_of,
)

# Log-out everywhere


@pytest.mark.spec("SES-005")
async def test_logout_all_ends_every_login_session(
    client: AsyncClient, ada: Person, make_login_session: MakeLoginSession
) -> None:
    second_login = await make_login_session(ada)

    response = await ada.client.post("/auth/logout-all")

    assert response.status_code == 204
    assert response.content == b""
    for login in (second_login, ada):
        assert_error(await login.client.get("/auth/sessions"), 401, "SESSION_ENDED", SESSION_ENDED_DETAIL)
    assert_error(await refresh(client, refresh_token_of(second_login)), *SESSION_ENDED)


@pytest.mark.spec("SES-005")
async def test_logout_all_clears_the_cookie(ada: Person) -> None:
    response = await ada.client.post("/auth/logout-all")

    assert response.headers["Set-Cookie"] == f"refresh_token=; {COOKIE_ATTRIBUTES}0"


@pytest.mark.spec("SES-005")
async def test_logout_all_keeps_login_sessions_of_other_users(ada: Person, bob: Person) -> None:
    await ada.client.post("/auth/logout-all")

    assert len(await list_login_sessions(bob)) == 1


@pytest.mark.spec("SES-005")
async def test_login_after_logout_all_succeeds(ada: Person, make_login_session: MakeLoginSession) -> None:
    await ada.client.post("/auth/logout-all")

    second_login = await make_login_session(ada)

    assert [login_session["current"] for login_session in await list_login_sessions(second_login)] == [True]


# Log-out


@pytest.mark.spec("SES-008")
async def test_logout_ends_the_login_session_on_the_server(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    await ada.client.post("/auth/logout")

    response = await refresh(client, token)

    assert_error(response, *SESSION_ENDED)


@pytest.mark.spec("SES-008")
async def test_logout_keeps_other_login_sessions(ada: Person, make_login_session: MakeLoginSession) -> None:
    second_login = await make_login_session(ada)

    await ada.client.post("/auth/logout")

    assert [login_session["current"] for login_session in await list_login_sessions(second_login)] == [True]


@pytest.mark.spec("SES-008")
async def test_logout_accepts_a_used_refresh_token(client: AsyncClient, ada: Person) -> None:
    used_token = refresh_token_of(ada)
    newest_token = refresh_token_in(await refresh(client, used_token))

    await client.post("/auth/logout", headers={"Cookie": f"refresh_token={used_token}"})

    assert_error(await refresh(client, newest_token), *SESSION_ENDED)


@pytest.mark.spec("SES-008")
@pytest.mark.parametrize(
    "change",
    [{"sid": str(uuid4())}, {"sid": None}, {"sub": str(UUID(int=0))}, {"exp": 0}],
    ids=["unknown-session", "no-session", "unknown-user", "expired"],
)
async def test_logout_accepts_any_refresh_token(client: AsyncClient, ada: Person, change: Json) -> None:
    token = jwt.encode(decode_claims(refresh_token_of(ada)) | change, SECRET, algorithm="HS256")

    response = await client.post("/auth/logout", headers={"Cookie": f"refresh_token={token}"})

    assert response.status_code == 200
    assert response.json() == {"message": "Successfully logged out"}


# Deletion


@pytest.mark.spec("SES-007")
async def test_delete_ends_one_login_session(
    client: AsyncClient, ada: Person, make_login_session: MakeLoginSession
) -> None:
    second_login = await make_login_session(ada)
    login_session_id = (await get_current_login_session(second_login))["id"]

    response = await ada.client.delete(f"/auth/sessions/{login_session_id}")

    assert response.status_code == 204
    assert response.content == b""
    assert_error(await refresh(client, refresh_token_of(second_login)), *SESSION_ENDED)
    assert [login_session["current"] for login_session in await list_login_sessions(ada)] == [True]


@pytest.mark.spec("SES-007")
async def test_delete_ends_the_current_login_session(ada: Person) -> None:
    login_session_id = (await get_current_login_session(ada))["id"]

    response = await ada.client.delete(f"/auth/sessions/{login_session_id}")

    assert response.status_code == 204
    assert_error(await ada.client.get("/auth/sessions"), 401, "SESSION_ENDED", SESSION_ENDED_DETAIL)


@pytest.mark.spec("SES-007")
async def test_delete_of_unknown_login_session_returns_404(ada: Person) -> None:
    response = await ada.client.delete(f"/auth/sessions/{uuid4()}")

    assert_error(response, 404, "SESSION_NOT_FOUND", "Session not found")


@pytest.mark.spec("SES-007")
async def test_second_delete_returns_404(ada: Person, make_login_session: MakeLoginSession) -> None:
    login_session_id = (await get_current_login_session(await make_login_session(ada)))["id"]
    await ada.client.delete(f"/auth/sessions/{login_session_id}")

    response = await ada.client.delete(f"/auth/sessions/{login_session_id}")

    assert_error(response, 404, "SESSION_NOT_FOUND", "Session not found")


@pytest.mark.spec("SES-007")
async def test_delete_of_another_users_login_session_returns_404(ada: Person, bob: Person) -> None:
    login_session_id = (await get_current_login_session(bob))["id"]

    response = await ada.client.delete(f"/auth/sessions/{login_session_id}")

    assert_error(response, 404, "SESSION_NOT_FOUND", "Session not found")
    assert len(await list_login_sessions(bob)) == 1


@pytest.mark.spec("SES-007")
@pytest.mark.parametrize("login_session_id", ["7", "ada", "0b1f6f0e-6f2f-4a57-9c3e", "%00"])
async def test_malformed_login_session_id_is_rejected(ada: Person, login_session_id: str) -> None:
    response = await ada.client.delete(f"/auth/sessions/{login_session_id}")

    assert_error(response, 422, "VALIDATION_ERROR")
