"""Access tokens whose login session was revoked or belongs to another user."""

from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response
from jose import jwt

from tests.routers.login_sessions.support import SESSION_ENDED_DETAIL, decode_claims, get_current_login_session
from tests.support import (
    PASSWORD,
    SECRET,
    Json,
    Make,
    MakeLoginSession,
    Person,
    RecordedApp,
    assert_error,
    authorize,
    make_client,
)

SENSITIVE_REQUESTS: list[tuple[str, str, Json | None]] = [
    ("PATCH", "/auth/me", {"name": "Ada"}),
    ("DELETE", "/auth/me", {"password": PASSWORD}),
    ("POST", "/auth/password", {"old_password": PASSWORD, "new_password": "staple and a longer one"}),
    ("GET", "/auth/me/export", None),
    ("GET", "/auth/sessions", None),
    ("DELETE", f"/auth/sessions/{UUID(int=0)}", None),
    ("POST", "/auth/logout-all", None),
    ("GET", "/auth/tokens", None),
    ("POST", "/auth/tokens", {"name": "backup", "scopes": ["tasks:read"]}),
    ("DELETE", "/auth/tokens/1", None),
]
"""The requests that check the login session."""


async def send_request(client: AsyncClient, method: str, path: str, body: Json | None) -> Response:
    return await client.request(method, path, json=body)


@pytest.mark.spec("SES-009")
@pytest.mark.parametrize(("method", "path", "body"), SENSITIVE_REQUESTS)
async def test_sensitive_request_after_logout_is_rejected(
    ada: Person, make_login_session: MakeLoginSession, method: str, path: str, body: Json | None
) -> None:
    second_login = await make_login_session(ada)
    await second_login.client.post("/auth/logout")

    response = await send_request(second_login.client, method, path, body)

    assert_error(response, 401, "SESSION_ENDED", SESSION_ENDED_DETAIL)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("SES-009")
@pytest.mark.parametrize(("method", "path", "body"), SENSITIVE_REQUESTS)
async def test_sensitive_request_without_login_session_claim_is_rejected(
    ada: Person, method: str, path: str, body: Json | None
) -> None:
    claims = decode_claims(ada.client.headers["Authorization"].removeprefix("Bearer "))
    del claims["sid"]
    ada.client.headers["Authorization"] = f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"

    response = await send_request(ada.client, method, path, body)

    assert_error(response, 401, "SESSION_ENDED", SESSION_ENDED_DETAIL)


@pytest.mark.spec("SES-009")
async def test_access_token_with_another_users_login_session_is_rejected(ada: Person, bob: Person) -> None:
    claims = decode_claims(ada.client.headers["Authorization"].removeprefix("Bearer "))
    login_session_id = (await get_current_login_session(bob))["id"]
    token = jwt.encode(claims | {"sid": login_session_id}, SECRET, algorithm="HS256")

    response = await ada.client.get("/auth/sessions", headers=authorize(token))

    assert_error(response, 401, "SESSION_ENDED", SESSION_ENDED_DETAIL)


@pytest.mark.spec("SES-010")
async def test_ordinary_requests_do_not_query_login_sessions(
    recorded_app: RecordedApp, ada: Person, make_task: Make, make_tag: Make
) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    requests: list[tuple[str, str, Json | None]] = [
        ("GET", "/auth/me", None),
        ("GET", "/tasks", None),
        ("POST", "/tasks", {"title": "Feed the cat"}),
        ("GET", f"/tasks/{task['id']}", None),
        ("PATCH", f"/tasks/{task['id']}", {"completed": True}),
        ("POST", f"/tasks/{task['id']}/tags/{tag['id']}", None),
        ("GET", "/tags", None),
        ("PUT", f"/tags/{tag['id']}", {"name": uuid4().hex}),
        ("DELETE", f"/tasks/{task['id']}", None),
    ]

    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        statuses = [(await send_request(client, *request)).status_code for request in requests]

    assert {status // 100 for status in statuses} == {2}
    assert len(recorded_app.statements) >= len(requests)
    assert not [statement for statement in recorded_app.statements if "sessions" in statement]


@pytest.mark.spec("SES-010")
async def test_access_token_serves_ordinary_requests_after_logout(ada: Person) -> None:
    await ada.client.post("/auth/logout")

    response = await ada.client.get("/tasks")

    assert response.status_code == 200
