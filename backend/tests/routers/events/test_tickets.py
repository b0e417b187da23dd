"""Tickets: streams for clients that cannot send headers."""

from datetime import timedelta

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.routers.events.support import follow, open_stream
from tests.support import Make, MakeToken, Person, assert_error, authorize
from todo.core.clock import utc_now
from todo.services.authentication import Principal
from todo.services.events import tickets
from todo.services.events.errors import InvalidTicketError


async def make_ticket(owner: Person) -> str:
    response = await owner.client.post("/events/tickets")
    assert response.status_code == 200, response.text
    ticket: str = response.json()["ticket"]
    return ticket


@pytest.mark.spec("EVT-010")
async def test_ticket_opens_a_stream_of_its_user(app: FastAPI, ada: Person, make_task: Make) -> None:
    response = await ada.client.post("/events/tickets")

    assert response.status_code == 200
    assert response.json().keys() == {"ticket", "expires_in"}
    assert response.json()["expires_in"] == 30
    assert response.headers["Cache-Control"] == "no-store"
    async with follow(app, query=f"ticket={response.json()['ticket']}") as stream:
        await make_task(ada)
        await stream.next_changes(1)


@pytest.mark.spec("EVT-010")
@pytest.mark.parametrize("ticket", ["garbled", "x" * 5000, "%00", "%C3%A9", "AAAA", "."])
async def test_garbled_ticket_is_a_401(client: AsyncClient, ticket: str) -> None:
    assert_error(await client.get(f"/events?ticket={ticket}"), 401, "INVALID_TICKET")


@pytest.mark.spec("EVT-010")
async def test_changed_ticket_is_a_401(client: AsyncClient, ada: Person) -> None:
    ticket = await make_ticket(ada)
    for position in range(0, len(ticket), 17):
        other = "A" if ticket[position] != "A" else "B"
        changed = ticket[:position] + other + ticket[position + 1 :]
        assert_error(await client.get("/events", params={"ticket": changed}), 401, "INVALID_TICKET")


@pytest.mark.spec("EVT-010")
async def test_access_token_is_no_ticket_and_ticket_is_no_access_token(client: AsyncClient, ada: Person) -> None:
    token = ada.client.headers["Authorization"].removeprefix("Bearer ")
    assert_error(await client.get("/events", params={"ticket": token}), 401, "INVALID_TICKET")
    response = await client.get("/auth/me", headers=authorize(await make_ticket(ada)))
    assert_error(response, 401, "INVALID_TOKEN")


@pytest.mark.spec("EVT-010")
async def test_ticket_expires(app: FastAPI, client: AsyncClient, ada: Person) -> None:
    signer = app.state.resources.security.signer
    ticket = tickets.write_ticket(signer, Principal(ada.id), utc_now() - tickets.TICKET_LIFETIME)

    assert_error(await client.get("/events", params={"ticket": ticket}), 401, "INVALID_TICKET")


@pytest.mark.spec("EVT-010")
async def test_ticket_of_an_ended_login_session_is_a_401(client: AsyncClient, ada: Person) -> None:
    ticket = await make_ticket(ada)
    await ada.client.post("/auth/logout-all")

    assert_error(await client.get("/events", params={"ticket": ticket}), 401, "SESSION_ENDED")


@pytest.mark.spec("EVT-010")
async def test_ticket_of_a_deleted_token_is_a_401(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read")
    response = await client.post("/events/tickets", headers=authorize(token["token"]))
    await ada.client.delete(f"/auth/tokens/{token['id']}")

    response = await client.get("/events", params={"ticket": response.json()["ticket"]})

    assert_error(response, 401, "INVALID_TOKEN")


@pytest.mark.spec("EVT-007")
async def test_ticket_has_the_scopes_of_its_token(
    app: FastAPI, client: AsyncClient, ada: Person, make_task: Make, make_tag: Make, make_token: MakeToken
) -> None:
    token = await make_token(ada, "tags:read")
    response = await client.post("/events/tickets", headers=authorize(token["token"]))

    async with follow(app, query=f"ticket={response.json()['ticket']}") as stream:
        await make_task(ada)
        await make_tag(ada)
        [event] = await stream.next_changes(1)

    assert event.data is not None
    assert event.data["type"] == "tag"


@pytest.mark.spec("EVT-011")
def test_stream_with_a_ticket_ends_after_15_minutes(app: FastAPI, ada: Person) -> None:
    signer, now = app.state.resources.security.signer, utc_now()
    later = now + timedelta(seconds=29)
    by_person = tickets.write_ticket(signer, Principal(ada.id, expires_at=now + timedelta(seconds=40)), now)
    token = Principal(ada.id, None, 7, frozenset({"tasks:read"}), now + timedelta(minutes=1))
    by_token = tickets.write_ticket(signer, token, now)

    assert tickets.read_ticket(signer, by_person, later).expires_at == later + timedelta(minutes=15)
    assert tickets.read_ticket(signer, by_token, later) == token
    with pytest.raises(InvalidTicketError):
        tickets.read_ticket(signer, by_person, now + timedelta(seconds=30))


@pytest.mark.spec("EVT-010")
async def test_header_wins_over_the_ticket(app: FastAPI, ada: Person, bob: Person, make_task: Make) -> None:
    async with follow(app, ada, query=f"ticket={await make_ticket(bob)}") as stream:
        await make_task(bob)
        task = await make_task(ada)
        [event] = await stream.next_changes(1)

    assert event.data is not None
    assert event.data["id"] == task["id"]


@pytest.mark.spec("EVT-010")
async def test_ticket_is_not_logged(app: FastAPI, ada: Person, caplog: pytest.LogCaptureFixture) -> None:
    ticket = await make_ticket(ada)
    with caplog.at_level("DEBUG"):
        async with open_stream(app, query=f"ticket={ticket}") as stream:
            assert stream.status == 200

    assert ticket not in caplog.text
    assert "GET /api/v1/events 200" in caplog.text
