"""Scopes of personal access tokens for all routes."""

import re
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from tests.support import (
    Json,
    MakeApp,
    MakeToken,
    Person,
    assert_error,
    authorize,
    make_client,
    make_settings,
    operations_in,
)
from todo.domain.scope import SCOPE_OF_PATH, SCOPES
from todo.http.dependencies.principal import CurrentUser
from todo.main import create_app

INSUFFICIENT_SCOPE = (403, "INSUFFICIENT_SCOPE", "This personal access token may not do that")
SESSION_REQUIRED = (403, "SESSION_REQUIRED", "A personal access token cannot do that. Log in and try again")

WITHOUT_USER = {
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/password-reset",
    "POST /api/v1/auth/password-reset/confirm",
    "POST /api/v1/auth/email-change/confirm",
    "GET /health",
    "GET /ready",
}
ENDLESS = "GET /api/v1/events"
"""Its stream does not end. tests/routers/events opens it."""
ANY_READ_SCOPE = ["GET /api/v1/sync", ENDLESS, "POST /api/v1/events/tickets"]
"""Operations whose items have several types. A token gets the types that its scopes can read."""
READ_SCOPES = ["account", "projects:read", "tags:read", "tasks:read"]
OF_THE_ACCOUNT = [
    "GET /api/v1/auth/me",
    "PATCH /api/v1/auth/me",
    "GET /api/v1/auth/me/export",
    "POST /api/v1/import",
    "GET /api/v1/auth/sessions",
    "GET /api/v1/auth/tokens",
]
CHECKED_BY_TYPE = [
    "GET /api/v1/changes",
    "POST /api/v1/changes/{seq}/undo",
    "GET /api/v1/trash",
    "DELETE /api/v1/trash",
    "POST /api/v1/trash/{seq}/restore",
    "DELETE /api/v1/trash/{seq}",
]
"""Operations whose services check the scopes of the types concerned. tests/routers/changes tests them."""
LOGIN_SESSION_REQUIRED = [
    "POST /api/v1/auth/password",
    "DELETE /api/v1/auth/me",
    "DELETE /api/v1/auth/sessions/{session_id}",
    "POST /api/v1/auth/logout-all",
    "POST /api/v1/auth/tokens",
    "DELETE /api/v1/auth/tokens/{token_id}",
    "POST /api/v1/auth/totp",
    "POST /api/v1/auth/totp/confirm",
    "POST /api/v1/auth/totp/recovery-codes",
    "DELETE /api/v1/auth/totp",
]
RESOURCES = [
    operation
    for operation in operations_in(create_app(make_settings(database_url="postgresql://todo")).openapi())
    if not operation.split()[1].startswith("/api/v1/auth")
    and operation not in (*WITHOUT_USER, *ANY_READ_SCOPE, *CHECKED_BY_TYPE, *OF_THE_ACCOUNT)
]
"""The operations on resources such as tasks."""


def scope_of(operation: str) -> str:
    method, path = operation.split()
    resource = path.split("/")[3]
    return f"{SCOPE_OF_PATH.get(resource, resource)}:{'read' if method == 'GET' else 'write'}"


SCOPE_OF = dict.fromkeys(OF_THE_ACCOUNT, "account") | {operation: scope_of(operation) for operation in RESOURCES}
USER_REQUIRED = [*SCOPE_OF, *ANY_READ_SCOPE, *CHECKED_BY_TYPE, *LOGIN_SESSION_REQUIRED]


async def call(client: AsyncClient, operation: str, token: str | None = None, key: str | None = None) -> Response:
    """Call an operation with unknown ids and an empty body."""
    method, path = operation.split()
    ids = dict.fromkeys(re.findall(r"{(\w+)}", path), 999999999) | {"session_id": UUID(int=0)}
    headers = authorize(token) if token else {}
    if key is not None:
        headers["Idempotency-Key"] = key
    body: Json | None = {} if method in ("POST", "PUT", "PATCH") or operation == "DELETE /api/v1/auth/me" else None
    return await client.request(method, f"https://todo.test{path.format(**ids)}", json=body, headers=headers)


def all_scopes_except(scope: str) -> list[str]:
    return [other for other in SCOPES if other != scope]


def test_every_route_is_listed(app: FastAPI) -> None:
    assert sorted(operations_in(app.openapi())) == sorted([*WITHOUT_USER, *USER_REQUIRED])


def test_document_has_security_for_every_route_with_a_user(app: FastAPI) -> None:
    secured = {name for name, operation in operations_in(app.openapi()).items() if operation.get("security")}

    assert secured == set(USER_REQUIRED)


def test_routes_use_all_existing_scopes() -> None:
    assert set(SCOPE_OF.values()) == set(SCOPES)


@pytest.mark.parametrize("operation", USER_REQUIRED)
async def test_anonymous_request_is_a_401(client: AsyncClient, operation: str) -> None:
    response = await call(client, operation)

    assert_error(response, 401, "MISSING_TOKEN", "Authentication required")


@pytest.mark.parametrize("operation", USER_REQUIRED)
def test_document_lists_the_403_codes(app: FastAPI, operation: str) -> None:
    codes = operations_in(app.openapi())[operation]["responses"]["403"]["content"]["application/json"]["examples"]

    assert "INSUFFICIENT_SCOPE" in codes
    assert ("SESSION_REQUIRED" in codes) == (operation in LOGIN_SESSION_REQUIRED)


@pytest.mark.spec("PAT-005")
@pytest.mark.parametrize(("operation", "scope"), SCOPE_OF.items())
async def test_token_without_the_required_scope_is_rejected(
    client: AsyncClient, ada: Person, make_token: MakeToken, operation: str, scope: str
) -> None:
    token = await make_token(ada, *all_scopes_except(scope))

    response = await call(client, operation, token["token"])

    assert_error(response, *INSUFFICIENT_SCOPE)
    assert response.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


@pytest.mark.spec("PAT-005")
@pytest.mark.parametrize(("operation", "scope"), SCOPE_OF.items())
async def test_token_with_only_the_required_scope_is_accepted(
    client: AsyncClient, ada: Person, make_token: MakeToken, operation: str, scope: str
) -> None:
    token = await make_token(ada, scope)

    response = await call(client, operation, token["token"])

    assert response.status_code in (200, 204, 404, 422)


@pytest.mark.spec("SYN-007")
@pytest.mark.parametrize("scope", READ_SCOPES)
@pytest.mark.parametrize("operation", [operation for operation in ANY_READ_SCOPE if operation != ENDLESS])
async def test_token_with_one_scope_to_read_is_accepted(
    client: AsyncClient, ada: Person, make_token: MakeToken, operation: str, scope: str
) -> None:
    token = await make_token(ada, scope)

    response = await call(client, operation, token["token"])

    assert response.status_code == 200


@pytest.mark.spec("SYN-007")
@pytest.mark.parametrize("operation", ANY_READ_SCOPE)
async def test_token_without_a_scope_to_read_is_rejected(
    client: AsyncClient, ada: Person, make_token: MakeToken, operation: str
) -> None:
    token = await make_token(ada, *set(SCOPES).difference(READ_SCOPES))

    response = await call(client, operation, token["token"])

    assert_error(response, *INSUFFICIENT_SCOPE)
    assert response.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


@pytest.mark.spec("PAT-005")
@pytest.mark.parametrize(("operation", "scope"), [item for item in SCOPE_OF.items() if not item[0].startswith("GET")])
async def test_token_without_the_scope_is_rejected_with_an_idempotency_key(
    client: AsyncClient, ada: Person, make_token: MakeToken, operation: str, scope: str
) -> None:
    token = await make_token(ada, *all_scopes_except(scope))

    response = await call(client, operation, token["token"], key=uuid4().hex)

    assert_error(response, *INSUFFICIENT_SCOPE)


@pytest.mark.spec("PAT-005")
async def test_token_without_the_scope_gets_no_stored_response(
    client: AsyncClient, ada: Person, make_token: MakeToken
) -> None:
    headers, body = {"Idempotency-Key": uuid4().hex}, {"title": "Water the plants"}
    await ada.client.post("/tasks", json=body, headers=headers)
    token = await make_token(ada, *all_scopes_except("tasks:write"))

    response = await client.post("/tasks", json=body, headers=headers | authorize(token["token"]))

    assert_error(response, *INSUFFICIENT_SCOPE)


@pytest.mark.spec("PAT-005")
@pytest.mark.parametrize("host", ["todo.test/api/v1/tags", "todo.test/api/v1/tags?", "todo.test/api/v1/tags#", ""])
async def test_host_header_does_not_change_the_required_scope(
    client: AsyncClient, ada: Person, make_token: MakeToken, host: str
) -> None:
    token = await make_token(ada, "tags:read")

    response = await client.get("/tasks", headers=authorize(token["token"]) | {"Host": host})

    assert_error(response, *INSUFFICIENT_SCOPE)


@pytest.mark.spec("PAT-007")
@pytest.mark.parametrize("operation", LOGIN_SESSION_REQUIRED)
async def test_token_with_all_scopes_is_rejected_for_routes_of_login_sessions(
    client: AsyncClient, ada: Person, make_token: MakeToken, operation: str
) -> None:
    token = await make_token(ada, *SCOPES)

    response = await call(client, operation, token["token"])

    assert_error(response, *SESSION_REQUIRED)


@pytest.mark.spec("PAT-007")
@pytest.mark.parametrize("operation", LOGIN_SESSION_REQUIRED)
async def test_missing_scope_is_reported_before_a_required_login_session(
    client: AsyncClient, ada: Person, make_token: MakeToken, operation: str
) -> None:
    token = await make_token(ada, *all_scopes_except("account"))

    response = await call(client, operation, token["token"])

    assert_error(response, *INSUFFICIENT_SCOPE)


@pytest.mark.spec("PAT-007")
async def test_token_cannot_delete_the_account_with_the_password(
    client: AsyncClient, ada: Person, make_token: MakeToken
) -> None:
    token = await make_token(ada, *SCOPES)
    headers = authorize(token["token"])

    response = await client.request("DELETE", "/auth/me", json={"password": "correct horse battery"}, headers=headers)

    assert_error(response, *SESSION_REQUIRED)
    assert (await ada.client.get("/auth/me")).status_code == 200


@pytest.fixture(scope="module")
async def app_with_unscoped_paths(make_module_app: MakeApp) -> FastAPI:
    """Return an application with further routes that have no scope."""

    async def return_user_id(user: CurrentUser) -> UUID:
        return user.id

    app = await make_module_app()
    app.add_api_route("/api/v1/{path:path}", return_user_id, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    return app


@pytest.mark.spec("PAT-008")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/unknown", "/unknown/7", "/tasks-of-others", "/account", "/tasks:read", "//tasks"])
async def test_route_without_a_scope_rejects_every_token(
    app_with_unscoped_paths: FastAPI, ada: Person, make_token: MakeToken, method: str, path: str
) -> None:
    token = await make_token(ada, *SCOPES)
    async with make_client(app_with_unscoped_paths) as client:
        by_token = await client.request(method, path, headers=authorize(token["token"]))
        by_user = await client.request(method, path, headers=ada.client.headers)

    assert_error(by_token, *INSUFFICIENT_SCOPE)
    assert by_user.json() == str(ada.id)
