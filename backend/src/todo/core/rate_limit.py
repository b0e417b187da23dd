"""Limits on how often one may try to authenticate, counted in memory or in Redis (slowapi)."""

import logging
import math
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from slowapi import Limiter
from slowapi.util import get_remote_address

from todo.core.errors import RateLimitExceededError
from todo.core.metrics import RATE_LIMITED

PATIENCE_SECONDS = 0.03
"""How long one question to Redis may take. A log-in asks three, so it waits less than 100 ms in all (FLR-010)."""
REST_SECONDS = 5.0
"""How long Redis is left alone once it did not answer."""
REDIS_OPTIONS: dict[str, Any] = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1, "wrap_exceptions": True}
"""Seconds, after which the thread that asks is free again."""

Question = Callable[[RateLimiter], None]

logger = logging.getLogger(__name__)


class RateLimits:
    """Counts attempts per name and key, such as a client's address, in fixed windows.

    With `memory://` each process counts for itself; `redis://` makes several processes count together, and while it
    is away each counts for itself again.
    """

    def __init__(self, storage_uri: str, rates: dict[str, str]) -> None:
        """Take where to count and, per name, a rate such as `5/minute` or `5/minute;50/hour`."""
        self._by_itself = FixedWindowRateLimiter(MemoryStorage())
        self._shared = SharedCounters(storage_uri) if storage_uri.startswith("redis") else None
        self._rates = {name: parse_many(rate) for name, rate in rates.items()}

    def count_attempt(self, name: str, key: str) -> None:
        """Count one attempt.

        Raises:
            RateLimitExceededError: there were too many in the window already (RTE-002).
        """
        if rates := self._rates.get(name):
            self._ask(lambda limiter: _count(limiter, rates, name, key))

    def forget_attempts(self, name: str, key: str) -> None:
        """Begin to count anew."""
        if rates := self._rates.get(name):
            self._ask(lambda limiter: _forget(limiter, rates, name, key))
            if self._shared is not None:
                _forget(self._by_itself, rates, name, key)

    def close(self) -> None:
        """Let the thread that asks Redis go."""
        if self._shared is not None:
            self._shared.close()

    def _ask(self, question: Question) -> None:
        if self._shared is None or not self._shared.ask(question):
            question(self._by_itself)


class SharedCounters:
    """Counters in Redis, asked in a thread: neither its name server nor a slow answer holds up the event loop."""

    def __init__(self, storage_uri: str) -> None:
        self._limiter = Limiter(key_func=get_remote_address, storage_uri=storage_uri, storage_options=REDIS_OPTIONS)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="redis")
        self._rests_until = 0.0

    def ask(self, question: Question) -> bool:
        """Ask, and tell whether there was an answer in time; without one the next questions are not asked at all.

        Raises:
            RateLimitExceededError: that is the answer.
        """
        if time.monotonic() < self._rests_until:
            return False
        asked = self._thread.submit(question, self._limiter.limiter)
        try:
            asked.result(PATIENCE_SECONDS)
        except (StorageError, TimeoutError) as error:
            asked.cancel()
            self._rests_until = time.monotonic() + REST_SECONDS
            logger.warning("Attempts are counted in memory: %s", str(error) or "Redis does not answer")
            return False
        return True

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _count(limiter: RateLimiter, rates: Iterable[RateLimitItem], name: str, key: str) -> None:
    for rate in rates:
        if not limiter.hit(rate, name, key):
            RATE_LIMITED.labels(name).inc()
            window = limiter.get_window_stats(rate, name, key)
            raise RateLimitExceededError(math.ceil(window.reset_time - time.time()))


def _forget(limiter: RateLimiter, rates: Iterable[RateLimitItem], name: str, key: str) -> None:
    for rate in rates:
        limiter.clear(rate, name, key)
