"""Locks by key, within one process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable
from weakref import WeakValueDictionary

from todo.core.errors import DomainError


class KeyedLock:
    """Locks that exist as long as they are held or waited for.

    Args:
        timeout: seconds that `hold` waits.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def hold(self, key: Hashable, timeout_error: type[DomainError]) -> AsyncIterator[None]:
        """Hold the lock of this key for the length of a block.

        Raises:
            DomainError: `timeout_error`, if the lock did not become free in time.
        """
        lock = self._locks.setdefault(key, asyncio.Lock())
        if not lock.locked():
            await lock.acquire()
        else:
            try:
                async with asyncio.timeout(self._timeout):
                    await lock.acquire()
            except TimeoutError as error:
                raise timeout_error from error
        try:
            yield
        finally:
            lock.release()
