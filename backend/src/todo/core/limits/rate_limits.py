"""Rate limits on attempts to authenticate, counted in memory or in Redis."""

import contextlib
import logging
import math
import time
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from limits import RateLimitItem, parse_many

from todo.core.errors import RateLimitExceededError, RateLimitState
from todo.core.limits.counters import Counters, LocalCounters, Operation, RedisCounters, RedisUnavailableError, Result
from todo.core.metrics import RATE_LIMITED

ACCOUNT, ACCOUNT_TOTAL, ACCOUNT_GUESSED = "account", "account_total", "account_guessed"
"""Names of the rate limits on passwords: by account and network, by account, and by account and network once the
second is exceeded."""
TOTP = "totp"
"""Name of the rate limit on the TOTP codes of a user, from all networks together."""
IPV6_PREFIX = 64
"""Bits of an IPv6 address that a provider assigns; the customer chooses the other bits."""

Rates = Sequence[RateLimitItem]

logger = logging.getLogger(__name__)


class RateLimits:
    """Counts attempts per name and key, such as a client's network, in fixed windows.

    Args:
        storage_uri: `memory://` counts in this process; `redis://…` counts for all processes together. While Redis is
            unavailable, attempts are counted in this process.
        rates: by name, a rate such as `5/minute` or `5/minute;50/hour`.
    """

    def __init__(self, storage_uri: str, rates: dict[str, str]) -> None:
        self._local = LocalCounters()
        self._redis = RedisCounters(storage_uri) if storage_uri.startswith("redis") else None
        self._rates = {name: parse_many(rate) for name, rate in rates.items()}

    async def count_attempt(self, name: str, key: str) -> RateLimitState | None:
        """Count one attempt and return the state of the limit, or None if the name has no limit.

        Raises:
            RateLimitExceededError: the window has no attempt left (RTE-002).
        """
        rates = self._rates.get(name)
        return await self._run(lambda counters: _count(counters, rates, name, key)) if rates else None

    async def count_password(self, account: str, network: str) -> None:
        """Count one attempt at the password of an account, whether the account exists or not (AUT-022, AUT-023).

        An account that is guessed at from many networks has a second, lower limit for each network. Its owner is not
        locked out, unless a guess comes from the owner's network (AUT-024, AUT-025).

        Raises:
            RateLimitExceededError: the account had too many attempts from this network.
        """
        pair = f"{account} {network}"

        async def count(counters: Counters) -> None:
            await self._count_if_limited(counters, ACCOUNT, pair)
            if not await _admits(counters, self._rates.get(ACCOUNT_TOTAL, ()), ACCOUNT_TOTAL, account):
                await self._count_if_limited(counters, ACCOUNT_GUESSED, pair)

        await self._run(count)

    async def forget_passwords(self, account: str, network: str) -> None:
        """Reset the counts of an account and a network after the right password, and take back its attempt.

        Attempts of the owner therefore do not show in the count of the account.
        """
        pair = f"{account} {network}"

        async def forget(counters: Counters) -> None:
            await self._clear(counters, pair)
            await _take_back(counters, self._rates.get(ACCOUNT_TOTAL, ()), ACCOUNT_TOTAL, account)

        await self._run(forget)
        if self._redis is not None:
            # Attempts may have been counted in memory before.
            await self._clear(self._local, pair)

    async def take_back_attempt(self, name: str, key: str) -> None:
        """Take back an attempt that `count_attempt` admitted."""
        await self._run(lambda counters: _take_back(counters, self._rates.get(name, ()), name, key))

    async def forget_attempts(self, name: str, key: str) -> None:
        """Reset the counts of a key."""

        async def forget(counters: Counters) -> None:
            for rate in self._rates.get(name, ()):
                await counters.clear(rate, name, key)

        await self._run(forget)
        if self._redis is not None:
            await forget(self._local)

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._redis is not None:
            await self._redis.close()

    async def _clear(self, counters: Counters, pair: str) -> None:
        for name in (ACCOUNT, ACCOUNT_GUESSED):
            for rate in self._rates.get(name, ()):
                await counters.clear(rate, name, pair)

    async def _count_if_limited(self, counters: Counters, name: str, key: str) -> None:
        if rates := self._rates.get(name):
            await _count(counters, rates, name, key)

    async def _run(self, operation: Operation[Result]) -> Result:
        if self._redis is not None:
            with contextlib.suppress(RedisUnavailableError):
                return await self._redis.run(operation)
        return await operation(self._local)


def warn_about_separate_counts(workers: int, storage_uri: str) -> None:
    """Log a warning if each of several processes counts attempts for itself (AUT-009)."""
    if workers > 1 and not storage_uri.startswith("redis"):
        logger.warning(
            "Each of the %d workers counts attempts in its own memory, so every rate limit is multiplied by %d. "
            "Set RATE_LIMIT_STORAGE_URI=redis://host:6379/0 to count for all workers together",
            workers,
            workers,
        )


def network_of(address: str | None) -> str:
    """Return the key that attempts from an address are counted by: an IPv4 address, or the network of an IPv6 one."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)


async def _count(counters: Counters, rates: Rates, name: str, key: str) -> RateLimitState:
    states = []
    for rate in rates:
        admitted = await counters.hit(rate, name, key)
        window = await counters.get_window_stats(rate, name, key)
        state = RateLimitState(rate.amount, window.remaining, max(1, math.ceil(window.reset_time - time.time())))
        if not admitted:
            RATE_LIMITED.labels(name).inc()
            raise RateLimitExceededError(state)
        states.append(state)
    return min(states, key=lambda state: state.remaining)


async def _take_back(counters: Counters, rates: Rates, name: str, key: str) -> None:
    for rate in rates:
        await counters.hit(rate, name, key, cost=-1)


async def _admits(counters: Counters, rates: Rates, name: str, key: str) -> bool:
    """Count an attempt, and tell whether all rates admit it."""
    return all([await counters.hit(rate, name, key) for rate in rates])
