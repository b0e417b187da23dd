"""Access tokens and personal access tokens of a disabled account."""

from datetime import timedelta

import pytest
import time_machine
from fastapi import FastAPI

from tests.routers.auth.support import sign_token
from tests.routers.disabled_accounts.support import disable, enable, list_tasks, read_disabled_users
from tests.support import (
    PASSWORD,
    Json,
    MakeApp,
    MakeLoginSession,
    MakeToken,
    Person,
    RecordedApp,
    assert_error,
    authorize,
    log_in,
    make_client,
)
from todo.core.clock import utc_now
from todo.core.security.tokens import ACCESS_LIFETIME, TokenKind
from todo.services.accounts.disabled_users import CLOCK_TOLERANCE

REQUESTS: list[tuple[str, str, Json | None]] = [
    ("GET", "/tasks", None),
    ("POST", "/tasks", {"title": "Water the plants"}),
    ("POST", "/tasks/bulk", {"create": [{"title": "Water the plants"}]}),
    ("GET", "/tags", None),
    ("GET", "/auth/me", None),
    ("GET", "/auth/me/export", None),
    ("GET", "/auth/sessions", None),
    ("DELETE", "/auth/me", {"password": PASSWORD}),
]


# Personal access tokens


@pytest.mark.spec("USR-006")
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS[:-1])
async def test_personal_access_token_of_a_disabled_account_is_rejected_at_once(
    app: FastAPI, ada: Person, make_token: MakeToken, method: str, path: str, body: Json | None
) -> None:
    token = await make_token(ada, "tasks:read", "tasks:write", "tags:read", "account")
    await disable(app, ada)

    response = await make_client(app).request(method, path, json=body, headers=authorize(token["token"]))

    assert_error(response, 401, "INVALID_TOKEN")


@pytest.mark.spec("USR-008")
async def test_personal_access_token_works_again_after_enabling(
    app: FastAPI, ada: Person, make_token: MakeToken
) -> None:
    token = await make_token(ada, "tasks:read")
    await disable(app, ada)
    await enable(app, ada)
    await read_disabled_users(app)

    response = await make_client(app).get("/tasks", headers=authorize(token["token"]))

    assert response.status_code == 200


# Access tokens


@pytest.mark.spec("USR-007")
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_access_token_of_a_disabled_account_is_rejected(
    app: FastAPI, ada: Person, method: str, path: str, body: Json | None
) -> None:
    await disable(app, ada)
    await read_disabled_users(app)

    response = await ada.client.request(method, path, json=body)

    assert_error(response, 401, "SESSION_ENDED", "This session has ended. Please log in again")


@pytest.mark.spec("USR-007")
async def test_keyed_write_of_a_disabled_account_is_rejected_and_not_replayed(app: FastAPI, ada: Person) -> None:
    headers = {"Idempotency-Key": "a"}
    await ada.client.post("/tasks", json={"title": "Water the plants"}, headers=headers)
    await disable(app, ada)
    await read_disabled_users(app)

    response = await ada.client.post("/tasks", json={"title": "Water the plants"}, headers=headers)

    assert_error(response, 401, "SESSION_ENDED")


@pytest.mark.spec("USR-007")
async def test_access_token_without_a_login_session_is_rejected_too(app: FastAPI, ada: Person) -> None:
    token = sign_token(TokenKind.ACCESS, ada)
    await disable(app, ada)
    await read_disabled_users(app)

    response = await make_client(app).get("/tasks", headers=authorize(token))

    assert_error(response, 401, "SESSION_ENDED")


@pytest.mark.spec("USR-007")
async def test_process_that_starts_after_the_disabling_rejects_the_access_token(
    app: FastAPI, make_app: MakeApp, ada: Person
) -> None:
    await disable(app, ada)

    async with make_client(await make_app(), headers=dict(ada.client.headers)) as client:
        response = await client.get("/tasks")

    assert_error(response, 401, "SESSION_ENDED")


@pytest.mark.spec("USR-007")
async def test_requests_of_other_users_run_no_statement_for_it(
    app: FastAPI, recorded_app: RecordedApp, ada: Person, bob: Person
) -> None:
    await disable(app, ada)

    async with make_client(recorded_app.app, headers=dict(bob.client.headers)) as client:
        assert (await client.get("/tasks")).status_code == 200

    assert len(recorded_app.statements) == 1


@pytest.mark.spec("USR-007")
async def test_user_is_forgotten_when_the_access_tokens_have_expired(app: FastAPI, ada: Person) -> None:
    disabled_users = app.state.resources.disabled_users
    await disable(app, ada)
    await read_disabled_users(app)
    assert ada.id in disabled_users

    with time_machine.travel(utc_now() + ACCESS_LIFETIME + CLOCK_TOLERANCE + timedelta(seconds=1)):
        await read_disabled_users(app)

    assert ada.id not in disabled_users


@pytest.mark.spec("USR-008")
async def test_access_token_from_before_the_disabling_stays_ended_after_enabling(app: FastAPI, ada: Person) -> None:
    await disable(app, ada)
    await read_disabled_users(app)
    await enable(app, ada)
    await read_disabled_users(app)

    assert_error(await list_tasks(ada), 401, "SESSION_ENDED")


@pytest.mark.spec("USR-008")
async def test_new_access_token_works_in_a_process_that_has_not_read_the_enabling(
    app: FastAPI, ada: Person, make_login_session: MakeLoginSession
) -> None:
    await disable(app, ada)
    await read_disabled_users(app)
    await enable(app, ada)

    new_login = await make_login_session(ada)

    assert (await list_tasks(new_login)).status_code == 200


@pytest.mark.spec("USR-008")
async def test_enabled_account_is_exported_and_deleted(
    app: FastAPI, ada: Person, make_login_session: MakeLoginSession
) -> None:
    await disable(app, ada)
    await enable(app, ada)
    new_login = await make_login_session(ada)

    exported = await new_login.client.get("/auth/me/export")
    deleted = await new_login.client.request("DELETE", "/auth/me", json={"password": PASSWORD})

    assert exported.json()["user"]["email"] == ada.email
    assert deleted.status_code == 204
    assert (await log_in(make_client(app), ada.email)).status_code == 401
