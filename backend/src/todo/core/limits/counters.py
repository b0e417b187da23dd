"""Counters of attempts in fixed windows: in this process (slowapi) or in Redis, which is awaited (limits)."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from limits import RateLimitItem, WindowStats
from limits.aio.storage import RedisStorage
from limits.aio.storage.redis.redispy import RedispyBridge
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from slowapi import Limiter
from slowapi.util import get_remote_address

REDIS_TIMEOUT_SECONDS = 0.03
"""How long one operation on Redis may take. A log-in makes three, so it waits less than 100 ms in all (FLR-010)."""
PAUSE_SECONDS = 5.0
"""How long Redis is not called after a call failed."""
REDIS_OPTIONS: dict[str, Any] = {"implementation": "redispy", "wrap_exceptions": True}

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class RedisUnavailableError(Exception):
    """Redis did not respond in time, or is not called for a while."""


class Counters(Protocol):
    """Counts attempts by rate and key; an attempt over the limit counts too."""

    async def hit(self, rate: RateLimitItem, *key: str, cost: int = 1) -> bool:
        """Count an attempt, and tell whether the rate admits it; a cost of -1 takes an attempt back."""

    async def get_window_stats(self, rate: RateLimitItem, *key: str) -> WindowStats:
        """Return when the window ends, and how many attempts it has left."""

    async def clear(self, rate: RateLimitItem, *key: str) -> None:
        """Forget the attempts of a key."""


Operation = Callable[[Counters], Awaitable[Result]]


class LocalCounters:
    """Counters in the memory of this process."""

    def __init__(self) -> None:
        self._limiter = Limiter(get_remote_address, storage_uri="memory://", strategy="fixed-window").limiter

    async def hit(self, rate: RateLimitItem, *key: str, cost: int = 1) -> bool:
        """Count an attempt, and tell whether the rate admits it; a cost of -1 takes an attempt back."""
        return self._limiter.hit(rate, *key, cost=cost)

    async def get_window_stats(self, rate: RateLimitItem, *key: str) -> WindowStats:
        """Return when the window ends, and how many attempts it has left."""
        return self._limiter.get_window_stats(rate, *key)

    async def clear(self, rate: RateLimitItem, *key: str) -> None:
        """Forget the attempts of a key."""
        self._limiter.clear(rate, *key)


class RedisCounters:
    """Counters in Redis. The event loop never waits for Redis or for the name server."""

    def __init__(self, storage_uri: str) -> None:
        storage = RedisStorage(f"async+{storage_uri}", **REDIS_OPTIONS)
        assert isinstance(storage.bridge, RedispyBridge)
        self._client: Any = storage.bridge.get_connection()
        self._limiter = FixedWindowRateLimiter(storage)
        self._paused_until = 0.0

    async def run(self, operation: Operation[Result]) -> Result:
        """Return the result of an operation.

        Raises:
            RedisUnavailableError: Redis did not respond in time, now or within the last PAUSE_SECONDS.
            RateLimitExceededError: the operation raised it.
        """
        if time.monotonic() < self._paused_until:
            raise RedisUnavailableError
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                return await operation(self._limiter)
        except (StorageError, OSError) as error:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("Attempts are counted in memory: %s", str(error) or "Redis does not respond")
            raise RedisUnavailableError from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
