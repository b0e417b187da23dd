"""The change feed: tells the listeners of a process that a user's data was changed."""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from uuid import UUID


class Listener:
    """Waits for changes of one user. `ChangeFeed.listening` makes it.

    A future takes a third of the memory of an `asyncio.Event`, and most listeners wait.
    """

    __slots__ = ("_feed", "_is_woken", "_waiter")

    def __init__(self, feed: "ChangeFeed") -> None:
        self._feed = feed
        self._is_woken = False
        self._waiter: asyncio.Future[None] | None = None

    async def wait(self, seconds: float) -> bool:
        """Return True if a change was announced since the listener was made or last waited.

        Return False if no change was announced within this time, and at once if the service stops.
        """
        if not self._is_woken and seconds > 0 and not self._feed.is_closed:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            timer = loop.call_later(seconds, self._end_wait)
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
        was_woken, self._is_woken = self._is_woken, False
        return was_woken and not self._feed.is_closed

    def wake(self) -> None:
        """End the current call of `wait`, or the next one."""
        self._is_woken = True
        self._end_wait()

    def _end_wait(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class ChangeFeed:
    """Announces changes to the listeners of this process, and collects them for the other processes.

    An announcement is a hint. It can be late, repeated or missing, so a listener reads the log, and the worker also
    compares the clocks of all users with listeners (`todo.workers.change_feed`).

    Attributes:
        is_closed: whether the service stops.
    """

    def __init__(self) -> None:
        self.is_closed = False
        self._listeners: dict[UUID, set[Listener]] = {}
        # The last known number of each user with listeners; None before the first one is known.
        self._seqs: dict[UUID, int | None] = {}
        self._unsent: dict[UUID, int] = {}
        self._has_unsent = asyncio.Event()
        self._has_listeners = asyncio.Event()

    @property
    def users(self) -> list[UUID]:
        """The users with listeners."""
        return list(self._listeners)

    def is_full(self, user_id: UUID, *, max_of_user: int, max_of_all: int) -> bool:
        """Tell whether a user, or all users together, have this many listeners."""
        if len(self._listeners.get(user_id, ())) >= max_of_user:
            return True
        return sum(map(len, self._listeners.values())) >= max_of_all

    @contextlib.contextmanager
    def listening(self, user_id: UUID) -> Iterator[Listener]:
        """Yield a listener for the changes of a user. Changes before the block are not announced to the listener."""
        listener = self.add_listener(user_id)
        try:
            yield listener
        finally:
            self.remove_listener(user_id, listener)

    def add_listener(self, user_id: UUID) -> Listener:
        """Return a new listener, as `listening` does. The caller removes it."""
        listener = Listener(self)
        self._listeners.setdefault(user_id, set()).add(listener)
        self._seqs.setdefault(user_id, None)
        self._has_listeners.set()
        return listener

    def remove_listener(self, user_id: UUID, listener: Listener) -> None:
        """Remove a listener."""
        others = self._listeners[user_id]
        others.remove(listener)
        if not others:
            del self._listeners[user_id], self._seqs[user_id]
        if not self._listeners:
            self._has_listeners.clear()

    def announce(self, user_id: UUID, seq: int) -> None:
        """Announce a committed change of this process, also to the other processes."""
        if self._listeners:
            self.receive({user_id: seq})
        self._unsent[user_id] = max(seq, self._unsent.get(user_id, seq))
        self._has_unsent.set()

    def receive(self, seqs: Mapping[UUID, int]) -> None:
        """Wake the listeners of users whose last number differs from the known one.

        Args:
            seqs: the last number of each user. A number can also be lower, after a backup was restored.
        """
        for user_id, seq in seqs.items():
            if user_id in self._listeners and self._seqs[user_id] != seq:
                self._seqs[user_id] = seq
                for listener in self._listeners[user_id]:
                    listener.wake()

    async def wait_for_unsent(self) -> None:
        """Wait until an announcement must be sent to the other processes."""
        await self._has_unsent.wait()

    def take_unsent(self) -> dict[UUID, int]:
        """Return the last number of each user with announcements since the last call."""
        self._has_unsent.clear()
        unsent, self._unsent = self._unsent, {}
        return unsent

    async def wait_for_listeners(self) -> None:
        """Wait until at least one user has a listener."""
        await self._has_listeners.wait()

    def close(self) -> None:
        """End all waits, because the service stops."""
        self.is_closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake()
