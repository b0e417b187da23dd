"""Locks by key."""

import asyncio

import pytest

from todo.core.errors import RequestTimeoutError
from todo.core.limits.keyed_lock import KeyedLock


async def hold_once(lock: KeyedLock, key: str) -> None:
    async with lock.hold(key, RequestTimeoutError):
        await asyncio.sleep(0)


async def test_key_has_one_holder_at_a_time() -> None:
    lock = KeyedLock(10)

    async with lock.hold("ada", RequestTimeoutError):
        waiters = [asyncio.create_task(hold_once(lock, "ada")) for _ in range(3)]
        await asyncio.sleep(0.02)
        assert [waiter.done() for waiter in waiters] == [False] * 3

    await asyncio.gather(*waiters)


async def test_other_key_does_not_wait() -> None:
    lock = KeyedLock(0.02)

    async with lock.hold("ada", RequestTimeoutError):
        await hold_once(lock, "bob")


async def test_timeout_raises_the_error_of_the_lock() -> None:
    lock = KeyedLock(0.02)

    async with lock.hold("ada", RequestTimeoutError):
        with pytest.raises(RequestTimeoutError):
            await hold_once(lock, "ada")

    await hold_once(lock, "ada")


async def test_newcomer_behind_a_waiter_times_out() -> None:
    lock = KeyedLock(0.02)

    async def hold_long() -> None:
        async with lock.hold("ada", RequestTimeoutError):
            await asyncio.sleep(0.2)

    async with lock.hold("ada", RequestTimeoutError):
        waiter = asyncio.create_task(hold_long())
        await asyncio.sleep(0)
    # The lock is released, and the waiter has not run yet.
    with pytest.raises(RequestTimeoutError):
        await hold_once(lock, "ada")

    await waiter


async def test_error_releases_the_lock() -> None:
    lock = KeyedLock(0.5)

    async def fail() -> None:
        async with lock.hold("ada", RequestTimeoutError):
            await asyncio.sleep(0)
            raise ZeroDivisionError

    failure, success = await asyncio.gather(fail(), hold_once(lock, "ada"), return_exceptions=True)

    assert isinstance(failure, ZeroDivisionError)
    assert success is None


async def test_unused_lock_is_deleted() -> None:
    lock = KeyedLock(10)

    await asyncio.gather(*(hold_once(lock, key) for key in ("ada", "ada", "bob")))

    assert len(lock) == 0
