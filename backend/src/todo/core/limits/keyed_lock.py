"""Locks by key, within one process."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Hashable

from todo.core.errors import DomainError


class KeyedLock:
    """Locks that exist as long as they are held or waited for.

    Args:
        timeout: seconds that `hold` waits.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._users: Counter[Hashable] = Counter()

    def __len__(self) -> int:
        return len(self._locks)

    @contextlib.asynccontextmanager
    async def hold(self, key: Hashable, timeout_error: type[DomainError]) -> AsyncIterator[None]:
        """Hold the lock of this key for the length of a block.

        Raises:
            DomainError: `timeout_error`, if the lock did not become free in time.
        """
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        self._users[key] += 1
        try:
            await self._acquire(lock, timeout_error)
            try:
                yield
            finally:
                lock.release()
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._locks[key]

    async def _acquire(self, lock: asyncio.Lock, timeout_error: type[DomainError]) -> None:
        if not lock.locked():
            await lock.acquire()
            return
        try:
            async with asyncio.timeout(self._timeout):
                await lock.acquire()
        except TimeoutError as error:
            raise timeout_error from error
