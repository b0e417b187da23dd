"""Locks by key, within one process."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from types import TracebackType

from todo.core.errors import DomainError


@dataclass(slots=True)
class _Entry:
    """A lock, and how many blocks hold it or wait for it."""

    lock: asyncio.Lock
    users: int = 0


class KeyedLock:
    """Locks that exist as long as they are held or waited for.

    Args:
        timeout: seconds that a block waits for its lock.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self.entries: dict[Hashable, _Entry] = {}

    def __len__(self) -> int:
        return len(self.entries)

    def hold(self, key: Hashable, timeout_error: type[DomainError]) -> "Hold":
        """Return the context manager that holds the lock of this key for the length of a block."""
        return Hold(self, key, timeout_error)


class Hold:
    """Holds a lock for the length of a block. A class costs half of a generator, for each write of each user."""

    __slots__ = ("_entry", "_key", "_locks", "_timeout_error")

    def __init__(self, locks: KeyedLock, key: Hashable, timeout_error: type[DomainError]) -> None:
        self._locks = locks
        self._key = key
        self._timeout_error = timeout_error

    async def __aenter__(self) -> None:
        """Wait for the lock.

        Raises:
            DomainError: `timeout_error`, if the lock did not become free in time.
        """
        entry = self._locks.entries.get(self._key)
        if entry is None:
            entry = self._locks.entries[self._key] = _Entry(asyncio.Lock())
        self._entry = entry
        entry.users += 1
        try:
            if entry.users == 1:
                await entry.lock.acquire()
            else:
                await self._wait()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Release the lock."""
        self._entry.lock.release()
        self._leave()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._locks.timeout):
                await self._entry.lock.acquire()
        except TimeoutError as error:
            raise self._timeout_error from error

    def _leave(self) -> None:
        self._entry.users -= 1
        if not self._entry.users:
            del self._locks.entries[self._key]
