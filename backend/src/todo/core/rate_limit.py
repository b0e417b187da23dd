"""Limits on how often one may try to authenticate, counted in memory or in Redis (slowapi)."""

import contextlib
import logging
import math
import time
from typing import Any

from limits import RateLimitItem, parse_many
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter
from slowapi import Limiter
from slowapi.util import get_remote_address

from todo.core.errors import RateLimitExceededError

REDIS_OPTIONS: dict[str, Any] = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1, "wrap_exceptions": True}
"""Seconds: the store is asked on the event loop, so a slow one is given up quickly."""

logger = logging.getLogger(__name__)


class RateLimits:
    """Counts attempts per name and key, such as a client's address, in fixed windows.

    With `memory://` each process counts for itself; `redis://` makes several processes count together, and while it
    is away each counts for itself again.
    """

    def __init__(self, storage_uri: str, rates: dict[str, str]) -> None:
        """Take where to count and, per name, a rate such as `5/minute` or `5/minute;50/hour`."""
        options = REDIS_OPTIONS if storage_uri.startswith("redis") else {}
        self._limiter = Limiter(key_func=get_remote_address, storage_uri=storage_uri, storage_options=options)
        self._by_itself = FixedWindowRateLimiter(MemoryStorage())
        self._rates = {name: parse_many(rate) for name, rate in rates.items()}

    def count_attempt(self, name: str, key: str) -> None:
        """Count one attempt.

        Raises:
            RateLimitExceededError: there were too many in the window already (RTE-002).
        """
        for rate in self._rates.get(name, ()):
            try:
                _count(self._limiter.limiter, rate, name, key)
            except StorageError as error:
                logger.warning("Attempts are counted in memory: %s", error)
                _count(self._by_itself, rate, name, key)

    def forget_attempts(self, name: str, key: str) -> None:
        """Begin to count anew."""
        for rate in self._rates.get(name, ()):
            self._by_itself.clear(rate, name, key)
            with contextlib.suppress(StorageError):
                self._limiter.limiter.clear(rate, name, key)


def _count(limiter: RateLimiter, rate: RateLimitItem, name: str, key: str) -> None:
    if not limiter.hit(rate, name, key):
        window = limiter.get_window_stats(rate, name, key)
        raise RateLimitExceededError(math.ceil(window.reset_time - time.time()))
