"""Locks by key, within one process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass

from todo.core.errors import DomainError


@dataclass(slots=True)
class _Entry:
    """A lock, and how many blocks hold it or wait for it."""

    lock: asyncio.Lock
    users: int = 0


class KeyedLock:
    """Locks that exist as long as they are held or waited for.

    Args:
        timeout: seconds that `hold` waits.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._entries: dict[Hashable, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @contextlib.asynccontextmanager
    async def hold(self, key: Hashable, timeout_error: type[DomainError]) -> AsyncIterator[None]:
        """Hold the lock of this key for the length of a block.

        Raises:
            DomainError: `timeout_error`, if the lock did not become free in time.
        """
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(asyncio.Lock())
        entry.users += 1
        try:
            await self._acquire(entry.lock, timeout_error)
            try:
                yield
            finally:
                entry.lock.release()
        finally:
            entry.users -= 1
            if not entry.users:
                del self._entries[key]

    async def _acquire(self, lock: asyncio.Lock, timeout_error: type[DomainError]) -> None:
        if not lock.locked():
            await lock.acquire()
            return
        try:
            async with asyncio.timeout(self._timeout):
                await lock.acquire()
        except TimeoutError as error:
            raise timeout_error from error
