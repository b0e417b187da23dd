"""A kill of the service or of PostgreSQL during concurrent writes loses no acknowledged write.

`KILL_ROUNDS=20 backend/scripts/test tests/live/test_kill.py` runs 20 rounds instead of 2. Without other tests at the
same time, the limit for the recovery is 5 seconds instead of 30.
"""

import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.live.conftest import LogIn, Service, Start, find_processes, is_alive, wait_until
from todo.core.postgres.server import find_running

ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
WRITERS = 4
RECOVERY_SECONDS = 5.0 if "PYTEST_XDIST_WORKER" not in os.environ else 30.0
"""The limit for the time until the next acknowledged write. Parallel tests use the processors too."""


class Writers:
    """Threads that create tasks without a pause, and record the acknowledged titles."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._stopped = threading.Event()
        self.acknowledged: list[str] = []
        self.error_statuses: set[int] = set()

    def write(self, number: int) -> None:
        for count in itertools.count():
            if self._stopped.is_set():
                return
            title = f"{number}-{count}"
            try:
                response = self._client.post("/tasks", json={"title": title})
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if response.status_code == 201:
                self.acknowledged.append(title)
            else:
                self.error_statuses.add(response.status_code)

    def wait_for(self, writes: int, service: Service) -> None:
        """Return when this many more writes are acknowledged."""
        expected = len(self.acknowledged) + writes
        wait_until(lambda: len(self.acknowledged) >= expected, service)

    @contextmanager
    def writing(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.write, args=(number,), daemon=True) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join(30)


def titles_of(client: httpx.Client) -> set[str]:
    """Return the titles of all tasks."""
    titles: set[str] = set()
    for page in itertools.count(1):
        items = client.get("/tasks", params={"limit": 100, "page": page}).json()["items"]
        titles |= {task["title"] for task in items}
        if not items:
            return titles
    raise AssertionError


def kill_service(service: Service, start: Start) -> Service:
    """Kill the service, whose PostgreSQL ends too, and start it again at the same address."""
    service.stop(signal.SIGKILL)
    # The old PostgreSQL may still be stopping.
    return start(service.data_dir, PORT=service.url.rpartition(":")[2], RATE_LIMIT_ENABLED="false")


def kill_postgres(service: Service, _start: Start) -> Service:
    """Kill the PostgreSQL of the service, and wait for the restart."""
    pid_file = service.data_dir / "postgres" / "postmaster.pid"
    pid = pid_file.read_text().split()[0]
    os.kill(int(pid), signal.SIGKILL)
    # The postmaster was killed. Its child processes still run for a moment.
    wait_until(
        lambda: pid not in find_processes(pid_file.parent) and find_running(service.data_dir) is not None, service
    )
    return service


@pytest.mark.timeout(60 + 10 * ROUNDS)
@pytest.mark.spec("FLR-006", "FLR-007")
@pytest.mark.parametrize("kill", [kill_service, kill_postgres])
def test_kill_loses_no_acknowledged_write(
    start: Start, log_in: LogIn, kill: Callable[[Service, Start], Service]
) -> None:
    service = start(RATE_LIMIT_ENABLED="false")
    client = log_in(service)
    writers = Writers(client)

    with writers.writing():
        for _ in range(ROUNDS):
            writers.wait_for(20, service)
            time.sleep(random.uniform(0, 0.3))
            killed_at = time.monotonic()
            service = kill(service, start)
            writers.wait_for(WRITERS + 1, service)
            assert time.monotonic() - killed_at < RECOVERY_SECONDS

    assert set(writers.acknowledged) <= titles_of(client)
    assert writers.error_statuses <= {503}
    assert service.stop() == 0
    assert not find_processes(service.data_dir / "postgres")


@pytest.mark.spec("FLR-008")
def test_frozen_postgres_causes_503_until_it_continues(start: Start, log_in: LogIn) -> None:
    service = start(DB_STATEMENT_TIMEOUT="0.5", DB_CONNECTION_TIMEOUT="1", DB_POOL_MIN="1")
    client = log_in(service)
    pids = list(find_processes(service.data_dir / "postgres"))

    for pid in pids:
        os.kill(int(pid), signal.SIGSTOP)
    try:
        started_at = time.monotonic()
        response = client.get("/tasks")
        duration = time.monotonic() - started_at
        assert is_alive(service)
    finally:
        for pid in pids:
            os.kill(int(pid), signal.SIGCONT)

    assert (response.status_code, response.headers.get("Retry-After")) == (503, "5")
    assert duration < 5
    wait_until(lambda: client.get("/tasks").status_code == 200, service)
