"""One at a time for each name, in this process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable
from weakref import WeakValueDictionary

from todo.core.errors import DomainError


class Turns:
    """Lets one at a time through for each name. Who waits holds nothing meanwhile, and not for ever."""

    def __init__(self, patience: float, refusal: type[DomainError]) -> None:
        """Take how many seconds one may wait, and the error for who waited that long."""
        self._patience = patience
        self._refusal = refusal
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def take(self, name: Hashable) -> AsyncIterator[None]:
        """Wait for the turn, and have it for the length of a block.

        Raises:
            DomainError: the one given; others took too long.
        """
        lock = self._locks.setdefault(name, asyncio.Lock())
        try:
            async with asyncio.timeout(self._patience):
                await lock.acquire()
        except TimeoutError as error:
            raise self._refusal from error
        try:
            yield
        finally:
            lock.release()
