"""Rate limits on attempts to authenticate, counted in memory or in Redis (slowapi)."""

import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, TypeVar

from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from slowapi import Limiter
from slowapi.util import get_remote_address

from todo.core.errors import RateLimitExceededError, RateLimitState
from todo.core.metrics import RATE_LIMITED

REDIS_TIMEOUT_SECONDS = 0.03
"""How long one call of Redis may take. A log-in makes three, so it waits less than 100 ms in all (FLR-010)."""
PAUSE_SECONDS = 5.0
"""How long Redis is not called after a call failed."""
REDIS_OPTIONS: dict[str, Any] = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1, "wrap_exceptions": True}
"""Timeouts of the socket in seconds; they free the thread that calls Redis."""

Result = TypeVar("Result")
IPV6_PREFIX = 64
"""Bits of an IPv6 address that a provider assigns; the customer chooses the other bits."""

logger = logging.getLogger(__name__)


class RedisUnavailableError(Exception):
    """Redis did not respond in time, or is not called for a while."""


class RateLimits:
    """Counts attempts per name and key, such as a client's address, in fixed windows.

    Args:
        storage_uri: `memory://` counts in this process; `redis://…` counts for all processes together. While Redis is
            unavailable, attempts are counted in this process.
        rates: by name, a rate such as `5/minute` or `5/minute;50/hour`.
    """

    def __init__(self, storage_uri: str, rates: dict[str, str]) -> None:
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = SharedCounters(storage_uri) if storage_uri.startswith("redis") else None
        self._rates = {name: parse_many(rate) for name, rate in rates.items()}

    def count_attempt(self, name: str, key: str) -> RateLimitState | None:
        """Count one attempt and return the state of the limit, or None if the name has no limit.

        Raises:
            RateLimitExceededError: the window has no attempt left (RTE-002).
        """
        rates = self._rates.get(name)
        return self._run(lambda limiter: _count(limiter, rates, name, key)) if rates else None

    def forget_attempts(self, name: str, key: str) -> None:
        """Reset the count of a key."""
        if rates := self._rates.get(name):
            self._run(lambda limiter: _forget(limiter, rates, name, key))
            if self._shared is not None:
                _forget(self._local, rates, name, key)

    def close(self) -> None:
        """End the thread that calls Redis."""
        if self._shared is not None:
            self._shared.close()

    def _run(self, operation: Callable[[RateLimiter], Result]) -> Result:
        if self._shared is not None:
            with contextlib.suppress(RedisUnavailableError):
                return self._shared.run(operation)
        return operation(self._local)


class SharedCounters:
    """Counters in Redis, called from one thread, so that a slow name server or Redis costs a bounded time."""

    def __init__(self, storage_uri: str) -> None:
        self._limiter = Limiter(key_func=get_remote_address, storage_uri=storage_uri, storage_options=REDIS_OPTIONS)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="redis")
        self._paused_until = 0.0

    def run(self, operation: Callable[[RateLimiter], Result]) -> Result:
        """Return the result of an operation on the counters in Redis.

        Raises:
            RedisUnavailableError: Redis did not respond in time, now or within the last PAUSE_SECONDS.
            RateLimitExceededError: the operation raised it.
        """
        if time.monotonic() < self._paused_until:
            raise RedisUnavailableError
        future = self._thread.submit(operation, self._limiter.limiter)
        try:
            return future.result(REDIS_TIMEOUT_SECONDS)
        except (StorageError, TimeoutError) as error:
            future.cancel()
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("Attempts are counted in memory: %s", str(error) or "Redis does not respond")
            raise RedisUnavailableError from error

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def network_of(address: str | None) -> str:
    """Return the key that attempts from an address are counted by: an IPv4 address, or the network of an IPv6 one."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)


def _count(limiter: RateLimiter, rates: Iterable[RateLimitItem], name: str, key: str) -> RateLimitState:
    states = []
    for rate in rates:
        admitted = limiter.hit(rate, name, key)
        window = limiter.get_window_stats(rate, name, key)
        state = RateLimitState(rate.amount, window.remaining, max(1, math.ceil(window.reset_time - time.time())))
        if not admitted:
            RATE_LIMITED.labels(name).inc()
            raise RateLimitExceededError(state)
        states.append(state)
    return min(states, key=lambda state: state.remaining)


def _forget(limiter: RateLimiter, rates: Iterable[RateLimitItem], name: str, key: str) -> None:
    for rate in rates:
        limiter.clear(rate, name, key)
