"""The change feed: which announcements wake which listeners."""

import asyncio
from contextlib import ExitStack
from uuid import uuid4

import pytest
from fastapi import FastAPI

from tests.support import Make, Person
from todo.http.dependencies.resources import AppResources
from todo.services.shared.change_feed import ChangeFeed

ADA, BOB = uuid4(), uuid4()
SOON, LATER = 0.01, 10


async def test_an_announcement_wakes_all_listeners_of_its_user() -> None:
    feed = ChangeFeed()
    with feed.listening(ADA) as one, feed.listening(ADA) as another, feed.listening(BOB) as stranger:
        waits = [asyncio.create_task(listener.wait(LATER)) for listener in (one, another)]
        await asyncio.sleep(0)
        feed.announce(ADA, 1)
        assert await asyncio.gather(*waits) == [True, True]
        assert not await stranger.wait(SOON)


async def test_an_announcement_between_two_waits_is_not_missed() -> None:
    feed = ChangeFeed()
    with feed.listening(ADA) as listener:
        feed.announce(ADA, 1)
        feed.announce(ADA, 2)
        assert await listener.wait(SOON)
        assert not await listener.wait(SOON)


async def test_a_known_number_wakes_no_listener() -> None:
    feed = ChangeFeed()
    with feed.listening(ADA) as listener:
        feed.receive({ADA: 7})
        assert await listener.wait(SOON)
        feed.receive({ADA: 7})
        assert not await listener.wait(SOON)
        feed.receive({ADA: 3})
        assert await listener.wait(SOON)


async def test_a_closed_feed_ends_all_waits_at_once() -> None:
    feed = ChangeFeed()
    with feed.listening(ADA) as listener:
        wait = asyncio.create_task(listener.wait(LATER))
        await asyncio.sleep(0)
        feed.close()
        assert not await wait
        assert not await listener.wait(LATER)


async def test_users_are_those_with_listeners() -> None:
    feed = ChangeFeed()
    with ExitStack() as stack:
        for user in (ADA, ADA, BOB):
            stack.enter_context(feed.listening(user))
        assert sorted(feed.users) == sorted([ADA, BOB])
        await feed.wait_for_listeners()
    assert feed.users == []
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SOON):
            await feed.wait_for_listeners()


async def test_announcements_are_taken_once_with_the_last_number_of_each_user() -> None:
    feed = ChangeFeed()
    for user, seq in ((ADA, 1), (BOB, 9), (ADA, 2)):
        feed.announce(user, seq)
    assert await feed.take_unsent() == {ADA: 2, BOB: 9}
    feed.receive({ADA: 3})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SOON):
            await feed.take_unsent()


async def test_a_committed_write_is_announced(app: FastAPI, ada: Person, make_task: Make) -> None:
    resources: AppResources = app.state.resources
    with resources.change_feed.listening(ada.id) as listener:
        task = await make_task(ada)
        assert await listener.wait(SOON)
        keyed = {"Idempotency-Key": "once"}
        await ada.client.patch(f"/tasks/{task['id']}", json={"title": "New"}, headers=keyed)
        assert await listener.wait(SOON)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "again"}])
async def test_a_write_that_changes_nothing_is_not_announced(
    app: FastAPI, ada: Person, make_task: Make, headers: dict[str, str]
) -> None:
    task = await make_task(ada)
    resources: AppResources = app.state.resources
    with resources.change_feed.listening(ada.id) as listener:
        await ada.client.patch(f"/tasks/{task['id']}", json={"title": task["title"]}, headers=headers)
        await ada.client.patch(f"/tasks/{task['id']}", json={"title": ""})
        assert not await listener.wait(SOON)
