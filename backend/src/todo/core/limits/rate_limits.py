"""Limits on how often one may try to authenticate, counted in memory or in Redis (slowapi)."""

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

from todo.core.errors import Allowance, RateLimitExceededError
from todo.core.metrics import RATE_LIMITED

PATIENCE_SECONDS = 0.03
"""How long one question to Redis may take. A log-in asks three, so it waits less than 100 ms in all (FLR-010)."""
REST_SECONDS = 5.0
"""How long Redis is left alone once it did not answer."""
REDIS_OPTIONS: dict[str, Any] = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1, "wrap_exceptions": True}
"""Seconds, after which the thread that asks is free again."""

Answer = TypeVar("Answer")
IPV6_PREFIX = 64
"""Bits of an IPv6 address that tell one customer from another; the rest they choose themselves."""

logger = logging.getLogger(__name__)


class NoAnswerError(Exception):
    """Redis did not answer in time, or is left alone for a while."""


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

    def count_attempt(self, name: str, key: str) -> Allowance | None:
        """Count one attempt; return how many more there may be, None if they are not limited.

        Raises:
            RateLimitExceededError: there were too many in the window already (RTE-002).
        """
        rates = self._rates.get(name)
        return self._ask(lambda limiter: _count(limiter, rates, name, key)) if rates else None

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

    def _ask(self, question: Callable[[RateLimiter], Answer]) -> Answer:
        if self._shared is not None:
            with contextlib.suppress(NoAnswerError):
                return self._shared.ask(question)
        return question(self._by_itself)


class SharedCounters:
    """Counters in Redis, asked in a thread: neither its name server nor a slow answer holds up the event loop."""

    def __init__(self, storage_uri: str) -> None:
        self._limiter = Limiter(key_func=get_remote_address, storage_uri=storage_uri, storage_options=REDIS_OPTIONS)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="redis")
        self._rests_until = 0.0

    def ask(self, question: Callable[[RateLimiter], Answer]) -> Answer:
        """Ask; once there was no answer in time, the next questions are not asked at all for a while.

        Raises:
            NoAnswerError: there is none.
            RateLimitExceededError: that is the answer.
        """
        if time.monotonic() < self._rests_until:
            raise NoAnswerError
        asked = self._thread.submit(question, self._limiter.limiter)
        try:
            return asked.result(PATIENCE_SECONDS)
        except (StorageError, TimeoutError) as error:
            asked.cancel()
            self._rests_until = time.monotonic() + REST_SECONDS
            logger.warning("Attempts are counted in memory: %s", str(error) or "Redis does not answer")
            raise NoAnswerError from error

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def network_of(address: str | None) -> str:
    """Return what attempts from an address are counted by: it or, of IPv6, the network that one customer has."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)


def _count(limiter: RateLimiter, rates: Iterable[RateLimitItem], name: str, key: str) -> Allowance:
    allowances = []
    for rate in rates:
        admitted = limiter.hit(rate, name, key)
        window = limiter.get_window_stats(rate, name, key)
        left = Allowance(rate.amount, window.remaining, max(1, math.ceil(window.reset_time - time.time())))
        if not admitted:
            RATE_LIMITED.labels(name).inc()
            raise RateLimitExceededError(left)
        allowances.append(left)
    return min(allowances, key=lambda left: left.remaining)


def _forget(limiter: RateLimiter, rates: Iterable[RateLimitItem], name: str, key: str) -> None:
    for rate in rates:
        limiter.clear(rate, name, key)
