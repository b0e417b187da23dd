"""Limits that are counted in Redis, when Redis is away or does not answer. No Redis is needed to see that."""

import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from todo.core.errors import RateLimitExceededError
from todo.core.limits import counters
from todo.core.limits.rate_limits import RateLimits

RATES = {"login": "5/minute;50/hour", "account": "10/minute"}
MakeLimits = Callable[[int], RateLimits]


@pytest.fixture
def black_hole() -> Iterator[socket.socket]:
    """An address where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        yield listener


@pytest.fixture
def nobody() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
async def make_limits() -> AsyncIterator[MakeLimits]:
    """Make limits that are counted in the Redis on this port."""
    async with AsyncExitStack() as made:

        def make(port: int) -> RateLimits:
            limits = RateLimits(f"redis://127.0.0.1:{port}/0", RATES)
            made.push_async_callback(limits.close)
            return limits

        yield make


async def log_in(limits: RateLimits) -> float:
    """Count what a log-in counts, and return how many seconds that took."""
    began = time.perf_counter()
    await limits.count_attempt("login", "203.0.113.7")
    await limits.count_password("ada", "203.0.113.7")
    await limits.forget_passwords("ada", "203.0.113.7")
    return time.perf_counter() - began


@pytest.mark.spec("FLR-010")
async def test_waits_less_than_100_ms_for_a_redis_that_does_not_answer(
    make_limits: MakeLimits, black_hole: socket.socket
) -> None:
    # Three times, for beside other tests the processors are not its own.
    times = []
    for _ in range(3):
        limits = make_limits(black_hole.getsockname()[1])
        times.append([await log_in(limits) for _ in range(5)])

    assert min(first for first, *_ in times) < 0.1
    assert min(sum(others) for _, *others in times) < 0.03


@pytest.mark.spec("FLR-010")
async def test_keeps_the_limits_in_memory_while_redis_is_away(make_limits: MakeLimits, nobody: int) -> None:
    limits = make_limits(nobody)
    for _ in range(5):
        await log_in(limits)

    with pytest.raises(RateLimitExceededError):
        await log_in(limits)


@pytest.mark.spec("FLR-010")
async def test_asks_redis_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch, make_limits: MakeLimits, black_hole: socket.socket
) -> None:
    monkeypatch.setattr(counters, "PAUSE_SECONDS", 0)
    limits = make_limits(black_hole.getsockname()[1])

    for _ in range(2):
        await log_in(limits)
        black_hole.accept()[0].close()
