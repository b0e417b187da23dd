"""Whatever is killed under concurrent writes, and whenever: no acknowledged write is lost.

`KILL_ROUNDS=20 backend/scripts/test tests/live/test_kill.py` takes more than the few rounds of every day, and by
itself, so that how soon it serves again is measured too.
"""

import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.live.conftest import LogIn, Service, Start, answers, wait_until
from todo.core.postgres.server import find_running

ROUNDS = int(os.environ.get("KILL_ROUNDS", "2"))
WRITERS = 4
RECOVERY_SECONDS = 5.0 if "PYTEST_XDIST_WORKER" not in os.environ else 30.0
"""How soon it serves again; beside other tests the processors are not its own."""


class Writers:
    """Create tasks as fast as they can until told to stop, and remember which were acknowledged."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._over = threading.Event()
        self.acknowledged: list[str] = []
        self.refused: set[int] = set()

    def write(self, number: int) -> None:
        for count in itertools.count():
            if self._over.is_set():
                return
            title = f"{number}-{count}"
            try:
                answer = self._client.post("/tasks", json={"title": title})
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if answer.status_code == 201:
                self.acknowledged.append(title)
            else:
                self.refused.add(answer.status_code)

    def wait_for(self, writes: int, service: Service) -> None:
        """Return when this many more were acknowledged."""
        enough = len(self.acknowledged) + writes
        wait_until(lambda: len(self.acknowledged) >= enough, service)

    @contextmanager
    def writing(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.write, args=(number,), daemon=True) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(30)


def titles_of(client: httpx.Client) -> set[str]:
    """Return the titles of all tasks."""
    found: set[str] = set()
    for page in itertools.count(1):
        items = client.get("/tasks", params={"limit": 100, "page": page}).json()["items"]
        found |= {task["title"] for task in items}
        if not items:
            return found
    raise AssertionError


def kill_service(service: Service, start: Start) -> Service:
    """Kill the service, which takes its PostgreSQL along, and start it again at the same address."""
    service.stop(signal.SIGKILL)
    # Right away, while the old server may still be on its way out.
    return start(service.data_dir, PORT=service.url.rpartition(":")[2], RATE_LIMIT_ENABLED="false")


def kill_postgres(service: Service, _start: Start) -> Service:
    """Kill the service's PostgreSQL, and wait for the next one."""
    pid_file = service.data_dir / "postgres" / "postmaster.pid"
    pid = pid_file.read_text().split()[0]
    os.kill(int(pid), signal.SIGKILL)
    # Those that served connections go on for a moment without it.
    wait_until(lambda: pid not in processes_in(pid_file.parent) and find_running(service.data_dir) is not None, service)
    return service


@pytest.mark.timeout(60 + 10 * ROUNDS)
@pytest.mark.spec("FLR-006", "FLR-007")
@pytest.mark.parametrize("kill", [kill_service, kill_postgres])
def test_loses_no_acknowledged_write(start: Start, log_in: LogIn, kill: Callable[[Service, Start], Service]) -> None:
    service = start(RATE_LIMIT_ENABLED="false")
    client = log_in(service)
    writers = Writers(client)

    with writers.writing():
        for _ in range(ROUNDS):
            writers.wait_for(20, service)
            time.sleep(random.uniform(0, 0.3))
            killed = time.monotonic()
            service = kill(service, start)
            writers.wait_for(WRITERS + 1, service)
            assert time.monotonic() - killed < RECOVERY_SECONDS

    assert set(writers.acknowledged) <= titles_of(client)
    assert writers.refused <= {503}
    assert service.stop() == 0
    assert not list(processes_in(service.data_dir / "postgres"))


def processes_in(cluster: Path) -> Iterator[str]:
    """Return the processes whose working folder is this one."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == cluster.resolve():
                yield process.name
        except OSError:
            continue


@pytest.mark.spec("FLR-008")
def test_answers_while_postgres_is_frozen_and_afterwards(start: Start, log_in: LogIn) -> None:
    service = start(DB_STATEMENT_TIMEOUT="0.5", DB_CONNECTION_TIMEOUT="1", DB_POOL_MIN="1")
    client = log_in(service)
    frozen = list(processes_in(service.data_dir / "postgres"))

    for process in frozen:
        os.kill(int(process), signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = client.get("/tasks")
        took = time.monotonic() - began
        assert answers(service)
    finally:
        for process in frozen:
            os.kill(int(process), signal.SIGCONT)

    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5")
    assert took < 5
    wait_until(lambda: client.get("/tasks").status_code == 200, service)
