"""The change feed: which announcements wake which listeners."""

import asyncio
from contextlib import ExitStack
from uuid import UUID, uuid4

import pytest

from tests.support import Make, Person
from todo.services.shared.log.change_feed import ChangeFeed

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
    await feed.wait_for_unsent()
    assert feed.take_unsent() == {ADA: 2, BOB: 9}
    feed.receive({ADA: 3})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SOON):
            await feed.wait_for_unsent()


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Record the users whose changes are announced."""
    users: list[UUID] = []
    monkeypatch.setattr(ChangeFeed, "announce", lambda _feed, user_id, _seq: users.append(user_id))
    return users


async def test_a_committed_write_is_announced(ada: Person, make_task: Make, announced: list[UUID]) -> None:
    task = await make_task(ada)
    keyed = {"Idempotency-Key": "once"}
    for _ in range(2):
        response = await ada.client.patch(f"/tasks/{task['id']}", json={"title": "New"}, headers=keyed)
        assert response.status_code == 200

    assert announced == [ada.id] * 2


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "again"}])
async def test_a_write_that_changes_nothing_is_not_announced(
    ada: Person, make_task: Make, announced: list[UUID], headers: dict[str, str]
) -> None:
    task = await make_task(ada)
    await ada.client.patch(f"/tasks/{task['id']}", json={"title": task["title"]}, headers=headers)
    await ada.client.patch(f"/tasks/{task['id']}", json={"title": ""})

    assert announced == [ada.id]
