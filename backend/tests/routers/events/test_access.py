"""The credentials of streams, and their limits."""

import asyncio
from datetime import timedelta

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.routers.disabled_accounts.support import disable
from tests.routers.events.support import follow, open_stream
from tests.support import (
    PASSWORD,
    Make,
    MakeApp,
    MakeLoginSession,
    MakePerson,
    MakeToken,
    Person,
    assert_error,
    authorize,
)
from todo.core.clock import utc_now
from todo.core.security.tokens import ACCESS_LIFETIME, TokenKind
from todo.domain.scope import SCOPES

REVOKED_SECONDS = 5


@pytest.mark.spec("EVT-006")
async def test_anonymous_request_is_a_401(client: AsyncClient) -> None:
    assert_error(await client.get("/events"), 401, "MISSING_TOKEN")


@pytest.mark.spec("EVT-006")
async def test_token_of_an_ended_login_session_is_a_401(ada: Person) -> None:
    await ada.client.post("/auth/logout-all")

    assert_error(await ada.client.get("/events"), 401, "SESSION_ENDED")


@pytest.mark.spec("EVT-007")
@pytest.mark.parametrize(
    ("scope", "types"),
    [("tasks:read", ["task"]), ("tags:read", ["tag"]), ("account", ["account"])],
)
async def test_events_of_types_without_the_scope_are_left_out(
    app: FastAPI, ada: Person, make_task: Make, make_tag: Make, make_token: MakeToken, scope: str, types: list[str]
) -> None:
    token = await make_token(ada, scope)
    async with follow(app, headers=authorize(token["token"])) as stream:
        await ada.client.patch("/auth/me", json={"name": "Ada"})
        await make_tag(ada)
        await make_task(ada)
        await ada.client.patch("/auth/me", json={"name": "Ada L."})
        await make_tag(ada)
        await make_task(ada)
        events = await stream.next_changes(2)

    assert [event.data["type"] for event in events if event.data] == types * 2
    assert all(event.id for event in events)


@pytest.mark.spec("EVT-007")
async def test_token_without_a_scope_to_read_is_a_403(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:write", "tags:write")

    assert_error(await client.get("/events", headers=authorize(token["token"])), 403, "INSUFFICIENT_SCOPE")


@pytest.mark.spec("EVT-008")
async def test_stream_ends_with_its_access_token(app: FastAPI, ada: Person) -> None:
    signer, claims = app.state.resources.security.signer, ada.client.headers["Authorization"].removeprefix("Bearer ")
    session_id = signer.verify(claims).sid
    almost_expired = utc_now() - ACCESS_LIFETIME + timedelta(seconds=2)
    token = signer.sign(TokenKind.ACCESS, ada.id, ada.email, almost_expired, login_session_id=session_id)

    async with follow(app, headers=authorize(token)) as stream:
        expired, end = await stream.next_event(), await stream.next_event()

    assert expired is not None
    assert (expired.name, expired.data) == ("expired", {})
    assert end is None


@pytest.mark.spec("EVT-009")
@pytest.mark.parametrize("way", ["log-out", "password", "account", "disabled"])
async def test_stream_ends_with_its_login_session(
    app: FastAPI, ada: Person, make_login_session: MakeLoginSession, way: str
) -> None:
    other = await make_login_session(ada)
    async with follow(app, ada) as stream:
        match way:
            case "log-out":
                await other.client.post("/auth/logout-all")
            case "password":
                body = {"old_password": PASSWORD, "new_password": "another horse battery"}
                await other.client.post("/auth/password", json=body)
            case "account":
                await other.client.request("DELETE", "/auth/me", json={"password": PASSWORD})
            case _:
                await disable(app, ada)
        async with asyncio.timeout(REVOKED_SECONDS):
            assert await stream.next_event() is None


@pytest.mark.spec("EVT-009")
async def test_stream_ends_when_its_token_is_deleted(app: FastAPI, ada: Person, make_token: MakeToken) -> None:
    token, kept = await make_token(ada, *SCOPES), await make_token(ada, *SCOPES)
    async with (
        follow(app, headers=authorize(token["token"])) as stream,
        follow(app, headers=authorize(kept["token"])) as kept_stream,
    ):
        await ada.client.delete(f"/auth/tokens/{token['id']}")
        async with asyncio.timeout(REVOKED_SECONDS):
            assert await stream.next_event() is None
        await ada.client.post("/tags", json={"name": "still open"})
        await kept_stream.next_changes(1)


@pytest.mark.spec("EVT-009")
async def test_stream_of_a_personal_access_token_ends_when_the_account_is_disabled(
    app: FastAPI, ada: Person, bob: Person, make_token: MakeToken
) -> None:
    tokens = [await make_token(person, *SCOPES) for person in (ada, bob)]
    of_ada, of_bob = (authorize(token["token"]) for token in tokens)
    async with follow(app, headers=of_ada) as stream, follow(app, headers=of_bob) as other_stream:
        await disable(app, ada)
        async with asyncio.timeout(REVOKED_SECONDS):
            assert await stream.next_event() is None
        await bob.client.post("/tags", json={"name": "still open"})
        await other_stream.next_changes(1)


@pytest.mark.spec("EVT-009")
async def test_stream_with_a_ticket_ends_when_the_account_is_disabled(app: FastAPI, ada: Person) -> None:
    ticket = (await ada.client.post("/events/tickets")).json()["ticket"]
    async with follow(app, query=f"ticket={ticket}") as stream:
        await disable(app, ada)
        async with asyncio.timeout(REVOKED_SECONDS):
            assert await stream.next_event() is None


@pytest.mark.spec("EVT-012")
async def test_stream_over_the_limit_of_a_user_is_a_429(
    make_app: MakeApp, ada: Person, make_person: MakePerson
) -> None:
    app = await make_app(max_streams_per_user=2)
    bob = await make_person()
    async with follow(app, ada) as first, follow(app, ada), follow(app, bob):
        async with open_stream(app, ada) as surplus:
            assert surplus.status == 429
            assert b"TOO_MANY_STREAMS" in (await surplus.read_body())
            assert surplus.headers["retry-after"]
        assert first.status == 200
    async with follow(app, ada):
        pass


@pytest.mark.spec("EVT-012")
async def test_stream_over_the_limit_of_the_process_is_a_503(make_app: MakeApp, ada: Person, bob: Person) -> None:
    app = await make_app(max_streams=1)
    async with follow(app, ada), open_stream(app, bob) as surplus:
        assert surplus.status == 503
        assert b"TOO_MANY_STREAMS" in (await surplus.read_body())
    async with follow(app, bob):
        pass


@pytest.mark.spec("EVT-012")
async def test_rejected_request_leaves_no_stream(make_app: MakeApp, ada: Person) -> None:
    app = await make_app(max_streams_per_user=1)
    await ada.client.post("/auth/logout-all")
    async with open_stream(app, ada) as rejected:
        assert rejected.status == 401

    assert list(app.state.resources.event_streams) == []


@pytest.mark.spec("EVT-013")
async def test_stopping_ends_all_streams(make_app: MakeApp, ada: Person) -> None:
    app = await make_app()
    async with follow(app, ada) as stream:
        app.state.resources.change_feed.close()
        assert await stream.next_event() is None
