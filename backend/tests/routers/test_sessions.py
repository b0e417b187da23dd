"""Sessions: refresh tokens that are for one use, and devices that are logged out from elsewhere."""

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import asyncpg
import pytest
import time_machine
from fastapi import FastAPI
from httpx import AsyncClient, Response
from jose import jwt
from pydantic import SecretStr

from tests.support import (
    PASSWORD,
    SECRET,
    Json,
    Make,
    MakeApp,
    MakeLoginSession,
    Person,
    RecordedApp,
    assert_error,
    authorize,
    log_in,
    make_client,
    refresh,
    refresh_token_in,
    refresh_token_of,
)
from todo.core.database.database import Database
from todo.services.login_sessions import service as login_session_service

REUSED = "Refresh token was used before. This session has ended; please log in again"
ENDED = "This session has ended. Please log in again"
INVALID_TOKEN = (401, "INVALID_TOKEN", "Invalid authentication token")
OTHER_SECRET = "0ddb" * 16
TOKEN = r"[\w-]+\.[\w-]+\.[\w-]+"
ATTRIBUTES = "HttpOnly; Secure; SameSite=Strict; Path=/api/v1/auth; Max-Age="
NOON = datetime.now(UTC).replace(microsecond=123_456)
"""When a session is refreshed in tests that move the clock; tokens count whole seconds, sessions do not."""

SENSITIVE: list[tuple[str, str, Json | None]] = [
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
"""The calls that see and change how an account is guarded, and those that take everything away at once."""


async def list_sessions(person: Person) -> list[Json]:
    """Return where somebody is logged in, as they see it."""
    response = await person.client.get("/auth/sessions")
    assert response.status_code == 200, response.text
    sessions: list[Json] = response.json()
    return sessions


async def find_current(person: Person) -> Json:
    """Return the session that somebody's client is in."""
    [current] = [session for session in await list_sessions(person) if session["current"]]
    return current


async def fetch_session(connection: asyncpg.Connection, person: Person) -> asyncpg.Record:
    """Return the only session of somebody as it is stored."""
    [session] = await connection.fetch("SELECT * FROM sessions WHERE user_id = $1", person.id)
    return session


async def use_twice(client: AsyncClient, person: Person) -> tuple[str, str]:
    """Refresh twice; return the token that was used first, which is stale now, and the newest."""
    stale = refresh_token_of(person)
    second = refresh_token_in(await refresh(client, stale))
    return stale, refresh_token_in(await refresh(client, second))


def claims_of(token: str) -> Json:
    """Return what a token says, if its signature is good."""
    claims: Json = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False})
    return claims


# Rotation


@pytest.mark.spec("SES-001")
async def test_gives_a_new_refresh_token_for_the_old_one(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)

    response = await refresh(client, token)

    assert response.status_code == 200
    assert set(response.json()) == {"access_token", "token_type"}
    assert re.fullmatch(f"refresh_token={TOKEN}; {ATTRIBUTES}604800", response.headers["Set-Cookie"])
    assert refresh_token_in(response) != token


@pytest.mark.spec("SES-001")
async def test_gives_a_new_access_token_of_the_same_session(client: AsyncClient, ada: Person) -> None:
    before = ada.client.headers["Authorization"].removeprefix("Bearer ")

    response = await refresh(client, refresh_token_of(ada))

    after = response.json()["access_token"]
    assert after != before
    assert claims_of(after)["sid"] == claims_of(before)["sid"]


@pytest.mark.spec("SES-001")
async def test_refreshes_for_ever(client: AsyncClient, ada: Person) -> None:
    tokens = [refresh_token_of(ada)]
    for _ in range(5):
        tokens.append(refresh_token_in(await refresh(client, tokens[-1])))

    assert len(set(tokens)) == 6


@pytest.mark.spec("SES-001")
async def test_refreshes_with_one_statement(recorded_app: RecordedApp, ada: Person) -> None:
    async with make_client(recorded_app.app) as client:
        response = await refresh(client, refresh_token_of(ada))

    assert response.status_code == 200
    assert len(recorded_app.statements) == 1


@pytest.mark.spec("SES-001")
async def test_gives_a_refreshed_session_seven_more_days(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    with time_machine.travel(NOON + timedelta(days=6), tick=False):
        response = await refresh(client, refresh_token_of(ada))

    session = await fetch_session(connection, ada)
    assert session["expires_at"] == NOON + timedelta(days=13)
    assert claims_of(refresh_token_in(response))["exp"] == int((NOON + timedelta(days=13)).timestamp())


@pytest.mark.spec("SES-001")
async def test_says_the_present_email_in_refreshed_tokens(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    email = f"{uuid4().hex}@example.com"
    await connection.execute("UPDATE users SET email = $2 WHERE id = $1", ada.id, email)

    response = await refresh(client, refresh_token_of(ada))

    assert claims_of(response.json()["access_token"])["email"] == email
    assert claims_of(refresh_token_in(response))["email"] == email


# Reuse


@pytest.mark.spec("SES-002")
async def test_refuses_a_refresh_token_after_a_newer_one_was_used(client: AsyncClient, ada: Person) -> None:
    stale, _ = await use_twice(client, ada)

    response = await refresh(client, stale)

    assert_error(response, 401, "REFRESH_TOKEN_REUSED", REUSED)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "Set-Cookie" not in response.headers


@pytest.mark.spec("SES-002")
async def test_ends_the_session_for_whoever_holds_the_newest_token(client: AsyncClient, ada: Person) -> None:
    stale, newest = await use_twice(client, ada)
    await refresh(client, stale)

    response = await refresh(client, newest)

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("SES-002")
async def test_ends_the_session_for_whoever_used_a_token_again(client: AsyncClient, ada: Person) -> None:
    stale, _ = await use_twice(client, ada)
    await refresh(client, stale)

    response = await refresh(client, stale)

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("SES-002")
async def test_keeps_the_end_of_a_session_although_the_answer_is_an_error(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    stale, _ = await use_twice(client, ada)

    await refresh(client, stale)

    assert (await fetch_session(connection, ada))["revoked_at"] is not None


@pytest.mark.spec("SES-002")
async def test_lets_other_sessions_live_when_one_was_copied(
    client: AsyncClient, ada: Person, make_login_session: MakeLoginSession
) -> None:
    telephone = await make_login_session(ada)
    stale, _ = await use_twice(client, ada)
    await refresh(client, stale)

    response = await refresh(client, refresh_token_of(telephone))

    assert response.status_code == 200


@pytest.mark.spec("SES-002")
async def test_ends_a_session_for_a_token_of_it_that_was_never_given_out(client: AsyncClient, ada: Person) -> None:
    claims = claims_of(refresh_token_of(ada)) | {"jti": uuid4().hex}

    response = await refresh(client, jwt.encode(claims, SECRET, algorithm="HS256"))

    assert_error(response, 401, "REFRESH_TOKEN_REUSED")


# Grace


@pytest.fixture
def refreshed_at_noon(client: AsyncClient) -> Iterator[AsyncClient]:
    """Be a client at noon, with a clock that stands still."""
    with time_machine.travel(NOON, tick=False):
        yield client


@pytest.mark.spec("SES-003")
@pytest.mark.parametrize("seconds", [0, 1, 29.9, 30])
async def test_gives_the_same_successor_again_within_the_grace(
    refreshed_at_noon: AsyncClient, ada: Person, seconds: float
) -> None:
    token = refresh_token_of(ada)
    first = await refresh(refreshed_at_noon, token)

    with time_machine.travel(NOON + timedelta(seconds=seconds), tick=False):
        again = await refresh(refreshed_at_noon, token)

    assert again.status_code == 200
    assert refresh_token_in(again) == refresh_token_in(first)


@pytest.mark.spec("SES-003")
async def test_gives_a_whole_access_token_within_the_grace(refreshed_at_noon: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    await refresh(refreshed_at_noon, token)

    later = NOON + timedelta(seconds=29)
    with time_machine.travel(later, tick=False):
        again = await refresh(refreshed_at_noon, token)
        me = await refreshed_at_noon.get("/auth/me", headers=authorize(again.json()["access_token"]))

    assert me.status_code == 200
    assert claims_of(again.json()["access_token"])["exp"] == int(later.timestamp()) + 900


@pytest.mark.spec("SES-003")
async def test_goes_on_with_a_successor_that_was_given_twice(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    await refresh(client, token)
    again = await refresh(client, token)

    response = await refresh(client, refresh_token_in(again))

    assert response.status_code == 200


@pytest.mark.spec("SES-003")
async def test_gives_the_same_successor_as_often_as_it_is_asked(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)

    successors = {refresh_token_in(await refresh(client, token)) for _ in range(5)}

    assert len(successors) == 1


@pytest.mark.spec("SES-003", "SES-012")
async def test_knows_the_successor_after_the_secret_was_replaced(
    client: AsyncClient, ada: Person, make_app: MakeApp
) -> None:
    token = refresh_token_of(ada)
    first = await refresh(client, token)
    async with make_client(await make_app(**replaced_secret())) as later:
        again = await refresh(later, token)
        response = await refresh(later, refresh_token_in(again))

    assert claims_of(refresh_token_in(first))["jti"] == jwt.get_unverified_claims(refresh_token_in(again))["jti"]
    assert response.status_code == 200


@pytest.mark.spec("SES-004")
@pytest.mark.parametrize("seconds", [30.001, 31, 86_400])
async def test_refuses_the_token_before_the_newest_past_the_grace(
    refreshed_at_noon: AsyncClient, ada: Person, seconds: float
) -> None:
    token = refresh_token_of(ada)
    await refresh(refreshed_at_noon, token)

    with time_machine.travel(NOON + timedelta(seconds=seconds), tick=False):
        response = await refresh(refreshed_at_noon, token)

    assert_error(response, 401, "REFRESH_TOKEN_REUSED", REUSED)


@pytest.mark.spec("SES-004")
async def test_ends_the_session_past_the_grace(refreshed_at_noon: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    newest = refresh_token_in(await refresh(refreshed_at_noon, token))

    with time_machine.travel(NOON + timedelta(seconds=31), tick=False):
        await refresh(refreshed_at_noon, token)
        response = await refresh(refreshed_at_noon, newest)

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("SES-004")
async def test_makes_the_grace_no_longer_for_who_uses_it(refreshed_at_noon: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    await refresh(refreshed_at_noon, token)
    with time_machine.travel(NOON + timedelta(seconds=20), tick=False):
        assert (await refresh(refreshed_at_noon, token)).status_code == 200

    with time_machine.travel(NOON + timedelta(seconds=40), tick=False):
        response = await refresh(refreshed_at_noon, token)

    assert_error(response, 401, "REFRESH_TOKEN_REUSED")


@pytest.mark.spec("SES-003", "SES-004")
@pytest.mark.parametrize(("grace", "status"), [(0, 401), (4, 401), (5, 200), (600, 200)])
async def test_takes_the_grace_from_the_settings(make_app: MakeApp, ada: Person, grace: int, status: int) -> None:
    token = refresh_token_of(ada)
    async with make_client(await make_app(refresh_grace=grace)) as client:
        with time_machine.travel(NOON, tick=False):
            await refresh(client, token)
        with time_machine.travel(NOON + timedelta(seconds=5), tick=False):
            response = await refresh(client, token)

    assert response.status_code == status


@pytest.mark.spec("SES-013")
async def test_gives_one_successor_to_many_at_once(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)

    responses = await asyncio.gather(*(refresh(client, token) for _ in range(20)))

    assert {response.status_code for response in responses} == {200}
    assert len({refresh_token_in(response) for response in responses}) == 1


@pytest.mark.spec("SES-013")
async def test_goes_on_after_many_refreshed_at_once(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    responses = await asyncio.gather(*(refresh(client, token) for _ in range(20)))

    response = await refresh(client, refresh_token_in(responses[-1]))

    assert response.status_code == 200
    assert len(await list_sessions(ada)) == 1


# Logging out


@pytest.mark.spec("SES-005")
async def test_logs_out_everywhere(client: AsyncClient, ada: Person, make_login_session: MakeLoginSession) -> None:
    telephone = await make_login_session(ada)

    response = await ada.client.post("/auth/logout-all")

    assert response.status_code == 204
    assert response.content == b""
    for device in (telephone, ada):
        assert_error(await device.client.get("/auth/sessions"), 401, "SESSION_ENDED", ENDED)
    assert_error(await refresh(client, refresh_token_of(telephone)), *INVALID_TOKEN)


@pytest.mark.spec("SES-005")
async def test_clears_the_cookie_when_it_logs_out_everywhere(ada: Person) -> None:
    response = await ada.client.post("/auth/logout-all")

    assert response.headers["Set-Cookie"] == f"refresh_token=; {ATTRIBUTES}0"


@pytest.mark.spec("SES-005")
async def test_logs_nobody_else_out(ada: Person, bob: Person) -> None:
    await ada.client.post("/auth/logout-all")

    assert len(await list_sessions(bob)) == 1


@pytest.mark.spec("SES-005")
async def test_logs_in_again_after_logging_out_everywhere(ada: Person, make_login_session: MakeLoginSession) -> None:
    await ada.client.post("/auth/logout-all")

    telephone = await make_login_session(ada)

    assert [session["current"] for session in await list_sessions(telephone)] == [True]


@pytest.mark.spec("SES-008")
async def test_ends_the_session_on_the_server_when_it_logs_out(client: AsyncClient, ada: Person) -> None:
    token = refresh_token_of(ada)
    await ada.client.post("/auth/logout")

    response = await refresh(client, token)

    assert_error(response, *INVALID_TOKEN)


@pytest.mark.spec("SES-008")
async def test_ends_no_other_session_when_it_logs_out(ada: Person, make_login_session: MakeLoginSession) -> None:
    telephone = await make_login_session(ada)

    await ada.client.post("/auth/logout")

    assert [session["current"] for session in await list_sessions(telephone)] == [True]


@pytest.mark.spec("SES-008")
async def test_logs_out_with_a_refresh_token_that_was_used(client: AsyncClient, ada: Person) -> None:
    stale = refresh_token_of(ada)
    newest = refresh_token_in(await refresh(client, stale))

    await client.post("/auth/logout", headers={"Cookie": f"refresh_token={stale}"})

    assert_error(await refresh(client, newest), *INVALID_TOKEN)


@pytest.mark.spec("SES-008")
@pytest.mark.parametrize(
    "change",
    [{"sid": str(uuid4())}, {"sid": None}, {"sub": str(UUID(int=0))}, {"exp": 0}],
    ids=["unknown-session", "no-session", "unknown-user", "expired"],
)
async def test_logs_out_with_whatever_refresh_token(client: AsyncClient, ada: Person, change: Json) -> None:
    token = jwt.encode(claims_of(refresh_token_of(ada)) | change, SECRET, algorithm="HS256")

    response = await client.post("/auth/logout", headers={"Cookie": f"refresh_token={token}"})

    assert response.status_code == 200
    assert response.json() == {"message": "Successfully logged out"}


# Seeing and ending sessions


@pytest.mark.spec("SES-006")
async def test_shows_where_somebody_is_logged_in(ada: Person) -> None:
    [session] = await list_sessions(ada)

    assert set(session) == {"id", "user_agent", "address", "created_at", "last_used_at", "expires_at", "current"}
    assert str(UUID(session["id"])) == session["id"]
    assert (session["address"], session["current"]) == ("203.0.113.7", True)
    created_at, expires_at = (datetime.fromisoformat(session[name]) for name in ("created_at", "expires_at"))
    assert abs(datetime.now(UTC) - created_at) < timedelta(minutes=1)
    assert expires_at - created_at == timedelta(days=7)
    assert all(session[name].endswith("Z") for name in ("created_at", "last_used_at", "expires_at"))


@pytest.mark.spec("SES-006")
async def test_says_what_a_device_calls_itself_and_where_it_is(
    ada: Person, make_login_session: MakeLoginSession
) -> None:
    telephone = await make_login_session(ada, "2001:db8::7", "Telephone/7 (its owner's)")

    current = await find_current(telephone)

    assert (current["user_agent"], current["address"]) == ("Telephone/7 (its owner's)", "2001:db8::7")


@pytest.mark.spec("SES-006")
async def test_says_which_session_is_the_one_that_asks(ada: Person, make_login_session: MakeLoginSession) -> None:
    telephone = await make_login_session(ada)

    by_ada, by_telephone = await find_current(ada), await find_current(telephone)

    assert by_ada["id"] != by_telephone["id"]
    assert {session["id"] for session in await list_sessions(ada)} == {by_ada["id"], by_telephone["id"]}


@pytest.mark.spec("SES-006")
async def test_lists_the_session_that_was_used_last_first(
    client: AsyncClient, ada: Person, make_login_session: MakeLoginSession
) -> None:
    telephone = await make_login_session(ada)
    desk, pocket = (await find_current(ada))["id"], (await find_current(telephone))["id"]
    before = [session["id"] for session in await list_sessions(ada)]

    await refresh(client, refresh_token_of(ada))

    assert before == [pocket, desk]
    assert [session["id"] for session in await list_sessions(ada)] == [desk, pocket]


@pytest.mark.spec("SES-006")
async def test_notes_when_a_session_was_used_last(client: AsyncClient, ada: Person) -> None:
    later = NOON + timedelta(minutes=10)
    with time_machine.travel(later, tick=False):
        await refresh(client, refresh_token_of(ada))

    [session] = await list_sessions(ada)

    assert datetime.fromisoformat(session["last_used_at"]) == later
    assert datetime.fromisoformat(session["created_at"]) < later


@pytest.mark.spec("SES-006")
async def test_hides_sessions_of_somebody_else(ada: Person, bob: Person) -> None:
    assert len(await list_sessions(ada)) == len(await list_sessions(bob)) == 1


@pytest.mark.spec("SES-006")
async def test_shows_no_session_that_has_ended(ada: Person, make_login_session: MakeLoginSession) -> None:
    telephone = await make_login_session(ada)

    await telephone.client.post("/auth/logout")

    assert [session["current"] for session in await list_sessions(ada)] == [True]


@pytest.mark.spec("SES-006")
async def test_shows_no_session_that_has_expired(ada: Person, make_login_session: MakeLoginSession) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(days=8), tick=False):
        await make_login_session(ada)

    assert [session["current"] for session in await list_sessions(ada)] == [True]


@pytest.mark.parametrize(
    ("user_agent", "kept"),
    [("", None), ("x" * 300, "x" * 300), ("x" * 5_000, "x" * 300)],
    ids=["empty", "longest", "longer"],
)
async def test_keeps_no_more_of_a_name_than_fits(
    ada: Person, make_login_session: MakeLoginSession, user_agent: str, kept: str | None
) -> None:
    telephone = await make_login_session(ada, user_agent=user_agent)

    assert (await find_current(telephone))["user_agent"] == kept


@pytest.mark.parametrize("address", ["a" * 64, "a" * 65, "unknown, " * 500], ids=["longest", "longer", "huge"])
async def test_logs_in_from_whatever_address_a_proxy_makes_up(app: FastAPI, ada: Person, address: str) -> None:
    async with make_client(app, address) as client:
        response = await log_in(client, ada.email)

    assert response.status_code == 200


@pytest.mark.spec("SES-007")
async def test_ends_one_session(client: AsyncClient, ada: Person, make_login_session: MakeLoginSession) -> None:
    telephone = await make_login_session(ada)
    session_id = (await find_current(telephone))["id"]

    response = await ada.client.delete(f"/auth/sessions/{session_id}")

    assert response.status_code == 204
    assert response.content == b""
    assert_error(await refresh(client, refresh_token_of(telephone)), *INVALID_TOKEN)
    assert [session["current"] for session in await list_sessions(ada)] == [True]


@pytest.mark.spec("SES-007")
async def test_ends_the_session_that_asks(ada: Person) -> None:
    session_id = (await find_current(ada))["id"]

    response = await ada.client.delete(f"/auth/sessions/{session_id}")

    assert response.status_code == 204
    assert_error(await ada.client.get("/auth/sessions"), 401, "SESSION_ENDED", ENDED)


@pytest.mark.spec("SES-007")
async def test_ends_no_unknown_session(ada: Person) -> None:
    response = await ada.client.delete(f"/auth/sessions/{uuid4()}")

    assert_error(response, 404, "SESSION_NOT_FOUND", "Session not found")


@pytest.mark.spec("SES-007")
async def test_ends_no_session_twice(ada: Person, make_login_session: MakeLoginSession) -> None:
    session_id = (await find_current(await make_login_session(ada)))["id"]
    await ada.client.delete(f"/auth/sessions/{session_id}")

    response = await ada.client.delete(f"/auth/sessions/{session_id}")

    assert_error(response, 404, "SESSION_NOT_FOUND", "Session not found")


@pytest.mark.spec("SES-007")
async def test_ends_no_session_of_somebody_else(ada: Person, bob: Person) -> None:
    session_id = (await find_current(bob))["id"]

    response = await ada.client.delete(f"/auth/sessions/{session_id}")

    assert_error(response, 404, "SESSION_NOT_FOUND", "Session not found")
    assert len(await list_sessions(bob)) == 1


@pytest.mark.spec("SES-007")
@pytest.mark.parametrize("session_id", ["7", "ada", "0b1f6f0e-6f2f-4a57-9c3e", "%00"])
async def test_refuses_what_can_be_no_session(ada: Person, session_id: str) -> None:
    response = await ada.client.delete(f"/auth/sessions/{session_id}")

    assert_error(response, 422, "VALIDATION_ERROR")


# What an access token is worth after its session


async def call(client: AsyncClient, method: str, path: str, body: Json | None) -> Response:
    """Call an endpoint."""
    return await client.request(method, path, json=body)


@pytest.mark.spec("SES-009")
@pytest.mark.parametrize(("method", "path", "body"), SENSITIVE)
async def test_notices_the_end_of_a_session_where_it_matters(
    ada: Person, make_login_session: MakeLoginSession, method: str, path: str, body: Json | None
) -> None:
    telephone = await make_login_session(ada)
    await telephone.client.post("/auth/logout")

    response = await call(telephone.client, method, path, body)

    assert_error(response, 401, "SESSION_ENDED", ENDED)
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("SES-009")
@pytest.mark.parametrize(("method", "path", "body"), SENSITIVE)
async def test_takes_no_access_token_without_a_session_where_it_matters(
    ada: Person, method: str, path: str, body: Json | None
) -> None:
    claims = claims_of(ada.client.headers["Authorization"].removeprefix("Bearer "))
    del claims["sid"]
    ada.client.headers["Authorization"] = f"Bearer {jwt.encode(claims, SECRET, algorithm='HS256')}"

    response = await call(ada.client, method, path, body)

    assert_error(response, 401, "SESSION_ENDED", ENDED)


@pytest.mark.spec("SES-009")
async def test_takes_no_access_token_with_the_session_of_somebody_else(ada: Person, bob: Person) -> None:
    claims = claims_of(ada.client.headers["Authorization"].removeprefix("Bearer "))
    session_id = (await find_current(bob))["id"]
    token = jwt.encode(claims | {"sid": session_id}, SECRET, algorithm="HS256")

    response = await ada.client.get("/auth/sessions", headers=authorize(token))

    assert_error(response, 401, "SESSION_ENDED", ENDED)


@pytest.mark.spec("SES-010")
async def test_asks_no_table_of_sessions_for_ordinary_calls(
    recorded_app: RecordedApp, ada: Person, make_task: Make, make_tag: Make
) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    ordinary: list[tuple[str, str, Json | None]] = [
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
        statuses = [(await call(client, *request)).status_code for request in ordinary]

    assert {status // 100 for status in statuses} == {2}
    assert len(recorded_app.statements) >= len(ordinary)
    assert not [statement for statement in recorded_app.statements if "sessions" in statement]


@pytest.mark.spec("SES-010")
async def test_lets_an_access_token_do_ordinary_things_until_it_expires(ada: Person) -> None:
    await ada.client.post("/auth/logout")

    response = await ada.client.get("/tasks")

    assert response.status_code == 200


# What is stored


@pytest.mark.spec("SES-011")
async def test_stores_hashes_of_the_last_two_refresh_tokens(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    first = refresh_token_of(ada)
    second = refresh_token_in(await refresh(client, first))

    session = await fetch_session(connection, ada)

    previous, newest = (sha256(claims_of(token)["jti"].encode()).digest() for token in (first, second))
    assert (session["previous_hash"], session["token_hash"]) == (previous, newest)


@pytest.mark.spec("SES-011")
async def test_stores_no_refresh_token_and_no_part_of_one(
    client: AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    tokens = [refresh_token_of(ada)]
    tokens.append(refresh_token_in(await refresh(client, tokens[0])))

    stored = repr(dict(await fetch_session(connection, ada)))

    for token in tokens:
        assert claims_of(token)["jti"] not in stored
        assert token.rpartition(".")[2] not in stored


# Replacing the secret


def replaced_secret() -> Json:
    """Return the settings of a service whose secret was replaced, and which knows the one before."""
    return {"jwt_secret_key": SecretStr(OTHER_SECRET), "jwt_secret_key_previous": SecretStr(SECRET)}


@pytest.mark.spec("SES-012")
async def test_logs_nobody_out_when_the_secret_is_replaced(make_app: MakeApp, ada: Person) -> None:
    async with make_client(await make_app(**replaced_secret())) as client:
        me = await client.get("/auth/me", headers=ada.client.headers)
        refreshed = await refresh(client, refresh_token_of(ada))

    assert me.status_code == 200
    assert refreshed.status_code == 200


@pytest.mark.spec("SES-012")
async def test_signs_with_the_secret_that_replaced_another(make_app: MakeApp, ada: Person) -> None:
    async with make_client(await make_app(**replaced_secret())) as client:
        refreshed = await refresh(client, refresh_token_of(ada))

    for token in (refreshed.json()["access_token"], refresh_token_in(refreshed)):
        assert jwt.decode(token, OTHER_SECRET, algorithms=["HS256"])["sub"] == str(ada.id)


@pytest.mark.spec("SES-012")
async def test_takes_no_token_of_a_secret_that_is_forgotten(make_app: MakeApp, ada: Person) -> None:
    async with make_client(await make_app(jwt_secret_key=SecretStr(OTHER_SECRET))) as client:
        me = await client.get("/auth/me", headers=ada.client.headers)
        refreshed = await refresh(client, refresh_token_of(ada))

    assert_error(me, *INVALID_TOKEN)
    assert_error(refreshed, *INVALID_TOKEN)


# Sweeping


@pytest.fixture
def database(app: FastAPI) -> Database:
    """The database that the application is on."""
    database: Database = app.state.resources.database
    return database


async def test_sweeps_sessions_that_have_expired(
    ada: Person, make_login_session: MakeLoginSession, database: Database, connection: asyncpg.Connection
) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(days=8), tick=False):
        await make_login_session(ada)

    swept = await login_session_service.sweep_login_sessions(database.session, datetime.now(UTC))

    assert swept >= 1
    assert (await fetch_session(connection, ada))["expires_at"] > datetime.now(UTC)
