"""The list of login sessions: fields, order and owner."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from fastapi import FastAPI
from httpx import AsyncClient

from tests.routers.login_sessions.support import get_current_login_session, list_login_sessions
from tests.support import MakeLoginSession, Person, log_in, make_client, refresh, refresh_token_of


@pytest.mark.spec("SES-006")
async def test_list_contains_the_login_session(ada: Person) -> None:
    [login_session] = await list_login_sessions(ada)

    assert set(login_session) == {"id", "user_agent", "address", "created_at", "last_used_at", "expires_at", "current"}
    assert str(UUID(login_session["id"])) == login_session["id"]
    assert (login_session["address"], login_session["current"]) == ("203.0.113.7", True)
    created_at, expires_at = (datetime.fromisoformat(login_session[name]) for name in ("created_at", "expires_at"))
    assert abs(datetime.now(UTC) - created_at) < timedelta(minutes=1)
    assert expires_at - created_at == timedelta(days=7)
    assert all(login_session[name].endswith("Z") for name in ("created_at", "last_used_at", "expires_at"))


@pytest.mark.spec("SES-006")
async def test_login_session_contains_user_agent_and_address(ada: Person, make_login_session: MakeLoginSession) -> None:
    second_login = await make_login_session(ada, "2001:db8::7", "Telephone/7 (its owner's)")

    login_session = await get_current_login_session(second_login)

    assert (login_session["user_agent"], login_session["address"]) == ("Telephone/7 (its owner's)", "2001:db8::7")


@pytest.mark.spec("SES-006")
async def test_current_login_session_is_marked(ada: Person, make_login_session: MakeLoginSession) -> None:
    second_login = await make_login_session(ada)

    first_session = await get_current_login_session(ada)
    second_session = await get_current_login_session(second_login)

    assert first_session["id"] != second_session["id"]
    assert {login_session["id"] for login_session in await list_login_sessions(ada)} == {
        first_session["id"],
        second_session["id"],
    }


@pytest.mark.spec("SES-006")
async def test_last_used_login_session_comes_first(
    client: AsyncClient, ada: Person, make_login_session: MakeLoginSession
) -> None:
    second_login = await make_login_session(ada)
    first_id = (await get_current_login_session(ada))["id"]
    second_id = (await get_current_login_session(second_login))["id"]
    ids_before = [login_session["id"] for login_session in await list_login_sessions(ada)]

    await refresh(client, refresh_token_of(ada))

    assert ids_before == [second_id, first_id]
    assert [login_session["id"] for login_session in await list_login_sessions(ada)] == [first_id, second_id]


@pytest.mark.spec("SES-006")
async def test_refresh_updates_last_used_at(client: AsyncClient, ada: Person) -> None:
    request_time = datetime.now(UTC) + timedelta(minutes=10)
    with time_machine.travel(request_time, tick=False):
        await refresh(client, refresh_token_of(ada))

    [login_session] = await list_login_sessions(ada)

    assert datetime.fromisoformat(login_session["last_used_at"]) == request_time
    assert datetime.fromisoformat(login_session["created_at"]) < request_time


@pytest.mark.spec("SES-006")
async def test_login_sessions_of_other_users_are_hidden(ada: Person, bob: Person) -> None:
    assert len(await list_login_sessions(ada)) == len(await list_login_sessions(bob)) == 1


@pytest.mark.spec("SES-006")
async def test_ended_login_session_is_hidden(ada: Person, make_login_session: MakeLoginSession) -> None:
    second_login = await make_login_session(ada)

    await second_login.client.post("/auth/logout")

    assert [login_session["current"] for login_session in await list_login_sessions(ada)] == [True]


@pytest.mark.spec("SES-006")
async def test_expired_login_session_is_hidden(ada: Person, make_login_session: MakeLoginSession) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(days=8), tick=False):
        await make_login_session(ada)

    assert [login_session["current"] for login_session in await list_login_sessions(ada)] == [True]


@pytest.mark.parametrize(
    ("user_agent", "stored_user_agent"),
    [("", None), ("x" * 300, "x" * 300), ("x" * 5_000, "x" * 300)],
    ids=["empty", "longest", "longer"],
)
async def test_user_agent_is_truncated_to_300_characters(
    ada: Person, make_login_session: MakeLoginSession, user_agent: str, stored_user_agent: str | None
) -> None:
    second_login = await make_login_session(ada, user_agent=user_agent)

    assert (await get_current_login_session(second_login))["user_agent"] == stored_user_agent


@pytest.mark.parametrize("address", ["a" * 64, "a" * 65, "unknown, " * 500], ids=["longest", "longer", "huge"])
async def test_login_accepts_any_client_address(app: FastAPI, ada: Person, address: str) -> None:
    async with make_client(app, address) as client:
        response = await log_in(client, ada.email)

    assert response.status_code == 200
