"""The primary is lost, and an operator promotes its synchronous standby while clients write.

Without other tests at the same time, the limits are shorter.
"""

import os
import signal
import time

import pytest
from benchmarks.failover.writers import Outcome, Writers

from tests.live.conftest import Service, Start, run_todo, wait_until
from tests.live.failover.conftest import PRIMARY, STANDBY, Pair, assert_nothing_lost
from tests.support import SECRET

WRITES = 100
"""How many writes are acknowledged before a fault and after it."""
IS_ALONE = "PYTEST_XDIST_WORKER" not in os.environ
GAP_SECONDS = 5.0 if IS_ALONE else 25.0
"""The limit for the time until the next acknowledged write. Parallel tests use the processors too."""
START_SECONDS = 20.0 if IS_ALONE else 60.0


def serve_pair(start: Start, pair: Pair) -> Service:
    """Start the service with both servers in DATABASE_URL."""
    url = pair.url(PRIMARY, STANDBY)
    migrated = run_todo("migrate", "up", cwd=pair.folder, DATABASE_URL=url)
    assert migrated.returncode == 0, migrated.stderr
    return start_on(start, url)


def start_on(start: Start, url: str) -> Service:
    """Start the service with short timeouts."""
    return start(
        DATABASE_URL=url,
        JWT_SECRET_KEY=SECRET,
        RATE_LIMIT_ENABLED="false",
        DB_POOL_TIMEOUT="2",
        DB_STATEMENT_TIMEOUT="1",
    )


def wait_for_writes(outcome: Outcome, service: Service) -> None:
    """Return when WRITES more writes are acknowledged."""
    expected = len(outcome.acknowledged) + WRITES
    wait_until(lambda: len(outcome.acknowledged) >= expected, service)


def first_write_after(outcome: Outcome, moment: float) -> float:
    """Return how many seconds after a moment the first write was acknowledged."""
    return min(at for at in outcome.acknowledged_at if at > moment) - moment


@pytest.mark.timeout(120)
@pytest.mark.spec("FAI-010")
def test_promotion_loses_no_acknowledged_write_and_needs_no_restart(start: Start, pair: Pair) -> None:
    service = serve_pair(start, pair)

    with Writers(service.url).writing() as outcome:
        wait_for_writes(outcome, service)
        pair.send(PRIMARY, signal.SIGKILL)
        pair.promote()
        promoted_at = time.monotonic()
        wait_for_writes(outcome, service)

    assert_nothing_lost(outcome)
    assert first_write_after(outcome, promoted_at) < GAP_SECONDS
    assert "The database is at " in service.read_log()


@pytest.mark.timeout(120)
@pytest.mark.spec("FAI-011")
def test_frozen_first_host_is_passed_over(start: Start, pair: Pair) -> None:
    service = serve_pair(start, pair)

    with Writers(service.url).writing() as outcome:
        wait_for_writes(outcome, service)
        pair.send(PRIMARY, signal.SIGSTOP)
        frozen_at = time.monotonic()
        pair.promote()
        wait_for_writes(outcome, service)

    assert_nothing_lost(outcome)
    # The statements that were running take 2 seconds, and the connections to the frozen host 1 second.
    assert first_write_after(outcome, frozen_at) < 2 * GAP_SECONDS
    assert "(does not respond)" in service.read_log()


@pytest.mark.timeout(120)
@pytest.mark.spec("FAI-011")
def test_service_starts_with_a_frozen_first_host(start: Start, pair: Pair) -> None:
    url = pair.url(PRIMARY, STANDBY)
    assert run_todo("migrate", "up", cwd=pair.folder, DATABASE_URL=url).returncode == 0
    pair.promote()
    pair.send(PRIMARY, signal.SIGSTOP)
    started_at = time.monotonic()

    service = start_on(start, url)

    # Each of the connections before the first request asks the frozen host first, for 5 seconds at most.
    assert time.monotonic() - started_at < START_SECONDS
    assert "(does not respond)" in service.read_log()
