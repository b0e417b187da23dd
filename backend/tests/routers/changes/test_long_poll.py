"""Long polls: a sync that waits for a change."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.routers.changes.copies import keys_of, read_page, read_token
from tests.support import Json, Make, MakeApp, MakeToken, Person, authorize, make_client
from todo.http.request_state import AppResources

AT_ONCE = 2.0
"""Seconds that a response may take that does not wait."""


async def wait_for_listener(app: FastAPI, owner: Person) -> None:
    """Wait until a request of a person waits for changes."""
    resources: AppResources = app.state.resources
    for _ in range(2000):
        if owner.id in resources.change_feed.users and not resources.database._pool.busy:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def start_poll(owner: Person, token: str, **query: object) -> asyncio.Future[Json]:
    return asyncio.ensure_future(read_page(owner, token, **({"wait": 20} | query)))


@pytest.fixture
async def small_app(make_app: MakeApp) -> FastAPI:
    """Return an application with one connection."""
    return await make_app(db_pool_min=1, db_pool_max=1)


@pytest.fixture
async def small_client(small_app: FastAPI, ada: Person) -> AsyncIterator[AsyncClient]:
    """Return a client of that application with the token of Ada."""
    async with make_client(small_app, headers=ada.client.headers) as client:
        yield client


@pytest.mark.spec("SYN-011")
async def test_response_comes_when_something_changes(app: FastAPI, ada: Person, make_task: Make) -> None:
    poll = start_poll(ada, await read_token(ada))
    await wait_for_listener(app, ada)
    started = time.monotonic()

    task = await make_task(ada)
    page = await poll

    assert keys_of(page) == [("task", task["id"])]
    assert time.monotonic() - started < AT_ONCE
    assert not (await read_page(ada, page["next"]))["items"]


@pytest.mark.spec("SYN-011")
async def test_change_of_the_account_ends_the_wait(app: FastAPI, ada: Person) -> None:
    poll = start_poll(ada, await read_token(ada))
    await wait_for_listener(app, ada)

    await ada.client.patch("/auth/me", json={"name": "Ada"})

    assert keys_of(await poll) == [("account", None)]


@pytest.mark.spec("SYN-011")
async def test_earlier_change_is_returned_at_once(ada: Person, make_task: Make) -> None:
    token = await read_token(ada)
    task = await make_task(ada)
    started = time.monotonic()

    page = await start_poll(ada, token)

    assert keys_of(page) == [("task", task["id"])]
    assert time.monotonic() - started < AT_ONCE


@pytest.mark.spec("SYN-011")
async def test_full_sync_does_not_wait(ada: Person) -> None:
    started = time.monotonic()

    page = await read_page(ada, wait=20)

    assert page["full"]
    assert time.monotonic() - started < AT_ONCE


@pytest.mark.spec("SYN-011")
async def test_wait_without_a_change_ends_with_an_empty_page(ada: Person, bob: Person, make_task: Make) -> None:
    token = await read_token(ada)
    started = time.monotonic()
    poll = start_poll(ada, token, wait=1)
    await make_task(bob)

    assert await poll == {"items": [], "next": token, "has_more": False, "full": False}
    assert 0.9 < time.monotonic() - started < 1 + AT_ONCE


@pytest.mark.spec("SYN-007", "SYN-011")
async def test_change_of_an_unreadable_type_does_not_end_the_wait(
    app: FastAPI, ada: Person, client: AsyncClient, make_token: MakeToken, make_task: Make, make_tag: Make
) -> None:
    headers = authorize((await make_token(ada, "tags:read"))["token"])
    token = (await client.get("/sync", headers=headers)).json()["next"]
    poll = asyncio.ensure_future(client.get("/sync", params={"since": token, "wait": 20}, headers=headers))
    await wait_for_listener(app, ada)

    await make_task(ada)
    await asyncio.sleep(0.1)
    assert not poll.done()
    tag = await make_tag(ada)

    assert keys_of((await poll).json()) == [("tag", tag["id"])]


@pytest.mark.spec("SYN-012")
async def test_waiting_requests_hold_no_connection(small_app: FastAPI, small_client: AsyncClient, ada: Person) -> None:
    token = (await small_client.get("/sync")).json()["next"]
    polls = [asyncio.ensure_future(small_client.get("/sync", params={"since": token, "wait": 20})) for _ in range(10)]
    await wait_for_listener(small_app, ada)

    created = await small_client.post("/tasks", json={"title": "New"})

    assert created.status_code == 201
    pages = [response.json() for response in await asyncio.gather(*polls)]
    assert [keys_of(page) for page in pages] == [[("task", created.json()["id"])]] * 10


@pytest.mark.spec("SYN-012")
async def test_wait_ends_when_the_service_stops(small_app: FastAPI, small_client: AsyncClient, ada: Person) -> None:
    resources: AppResources = small_app.state.resources
    token = (await small_client.get("/sync")).json()["next"]
    poll = asyncio.ensure_future(small_client.get("/sync", params={"since": token, "wait": 20}))
    await wait_for_listener(small_app, ada)
    started = time.monotonic()

    resources.change_feed.close()

    assert (await poll).json()["items"] == []
    assert time.monotonic() - started < AT_ONCE
    assert resources.change_feed.users == []


@pytest.mark.spec("SYN-017")
@pytest.mark.parametrize(("of_user", "of_all"), [(2, 100), (100, 2)])
async def test_request_above_the_limit_does_not_wait(
    make_app: MakeApp, ada: Person, make_task: Make, of_user: int, of_all: int
) -> None:
    limited_app = await make_app(max_streams_per_user=of_user, max_streams=of_all)
    async with make_client(limited_app, headers=ada.client.headers) as client:
        owner = Person(ada.id, ada.email, client)
        token = await read_token(owner)
        polls = [start_poll(owner, token) for _ in range(2)]
        await wait_for_listeners(limited_app, owner, 2)

        started = time.monotonic()
        page = await read_page(owner, token, wait=20)

        assert page["items"] == []
        assert time.monotonic() - started < AT_ONCE
        await make_task(owner)
        assert [len((await poll)["items"]) for poll in polls] == [1, 1]


async def wait_for_listeners(app: FastAPI, owner: Person, number: int) -> None:
    """Wait until this many requests of a person wait for changes."""
    resources: AppResources = app.state.resources
    for _ in range(2000):
        if resources.change_feed.is_full(owner.id, max_of_user=number, max_of_all=number):
            return
        await asyncio.sleep(0.01)
    raise TimeoutError
