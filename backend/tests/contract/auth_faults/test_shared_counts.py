"""Counts of several workers, and of Redis."""

import asyncio
import logging
import socket
from collections.abc import Iterator

import pytest

from todo.core.limits.counters import RedisCounters, RedisUnavailableError
from todo.core.limits.rate_limits import RateLimits, warn_about_separate_counts


@pytest.mark.spec("AUT-009")
def test_several_workers_that_count_in_memory_are_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    warn_about_separate_counts(4, "memory://")

    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "RATE_LIMIT_STORAGE_URI" in record.getMessage()
    assert "4" in record.getMessage()


@pytest.mark.spec("AUT-009")
@pytest.mark.parametrize(
    ("workers", "storage_uri"),
    [(1, "memory://"), (4, "redis://localhost:6379/0"), (4, "rediss://localhost"), (2, "redis+unix:///run/redis")],
)
def test_counts_that_are_shared_need_no_warning(
    caplog: pytest.LogCaptureFixture, workers: int, storage_uri: str
) -> None:
    warn_about_separate_counts(workers, storage_uri)

    assert caplog.records == []


@pytest.fixture
def silent_redis() -> Iterator[int]:
    """Return the port of a server that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        yield port


@pytest.mark.spec("AUT-010")
@pytest.mark.parametrize("scheme", ["redis://", "redis://user:secret@"])
async def test_event_loop_runs_while_redis_is_silent(silent_redis: int, scheme: str) -> None:
    limits = RateLimits(f"{scheme}127.0.0.1:{silent_redis}/0", {"login": "5/minute"})
    attempt = asyncio.create_task(limits.count_attempt("login", "203.0.113.7"))
    turns = 0
    while not attempt.done():
        await asyncio.sleep(0.001)
        turns += 1
    await limits.close()

    # A blocked event loop comes back once.
    assert turns > 3


@pytest.mark.spec("AUT-010")
async def test_unknown_host_of_redis_costs_a_bounded_time() -> None:
    counters = RedisCounters("redis://redis.invalid:6379/0")

    async def never(_: object) -> None:
        await asyncio.sleep(10)

    with pytest.raises(RedisUnavailableError):
        async with asyncio.timeout(0.5):
            await counters.run(never)
    await counters.close()
