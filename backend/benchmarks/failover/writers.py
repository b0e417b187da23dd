"""Clients that create tasks, each with an `external_id`, and remember which ones were acknowledged."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

THREADS = 4
PAUSE_SECONDS = 0.02
RETRY_SECONDS = 0.1
"""Shorter than Retry-After, so that gaps are measured exactly."""
TIMEOUT_SECONDS = 40
PASSWORD = "correct horse battery"  # noqa: S105 -- a user of this run


@dataclass
class Outcome:
    """The responses that the writers of one service got. Times are those of `time.monotonic`."""

    acknowledged: list[str] = field(default_factory=list)
    acknowledged_at: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    broken: int = 0
    slowest_refusal: float = 0.0
    lost: int = 0

    @property
    def longest_gap(self) -> float:
        """The longest time without an acknowledged write, in seconds."""
        times = sorted(self.acknowledged_at)
        return max((later - earlier for earlier, later in itertools.pairwise(times)), default=0.0)

    @property
    def refusals(self) -> int:
        """The number of responses of the class 5xx."""
        return sum(count for status, count in self.statuses.items() if status >= 500)  # noqa: PLR2004


class Writers:
    """Threads that write through one service until they are stopped. Each repeats a task until it is acknowledged."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=TIMEOUT_SECONDS)
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self.outcome = Outcome()
        self._log_in()

    def _log_in(self) -> None:
        email = f"{uuid4().hex}@example.com"
        self._client.post("/auth/register", json={"email": email, "password": PASSWORD}).raise_for_status()
        response = self._client.post("/auth/login", data={"username": email, "password": PASSWORD})
        response.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {response.json()['access_token']}"

    @contextmanager
    def writing(self) -> Iterator[Outcome]:
        """Write in threads during the block. At the end, read all tasks and count the lost ones."""
        threads = [threading.Thread(target=self._write, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        try:
            yield self.outcome
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join()
        self.outcome.lost = len(set(self.outcome.acknowledged) - self.read_ids())
        self._client.close()

    def _write(self, number: int) -> None:
        for count in itertools.count():
            while not self._stopped.is_set() and not self._create(f"{number}-{count}"):
                time.sleep(RETRY_SECONDS)
            if self._stopped.is_set():
                return
            time.sleep(PAUSE_SECONDS)

    def _create(self, external_id: str) -> bool:
        """Create a task, or find it created by an earlier attempt; return whether this was acknowledged."""
        started_at = time.monotonic()
        try:
            response = self._client.post("/tasks", json={"title": external_id, "external_id": external_id})
        except httpx.TransportError:
            with self._lock:
                self.outcome.broken += 1
            return False
        ended_at = time.monotonic()
        with self._lock:
            self.outcome.statuses[response.status_code] += 1
            if response.is_success:
                self.outcome.acknowledged.append(external_id)
                self.outcome.acknowledged_at.append(ended_at)
            else:
                self.outcome.slowest_refusal = max(self.outcome.slowest_refusal, ended_at - started_at)
                self.outcome.without_retry_after += "Retry-After" not in response.headers
        return response.is_success

    def read_ids(self) -> set[str]:
        """Return the external ids of all stored tasks."""
        ids: set[str] = set()
        for page in itertools.count(1):
            items = self._client.get("/tasks", params={"limit": 100, "page": page}).raise_for_status().json()["items"]
            ids |= {item["external_id"] for item in items}
            if not items:
                break
        return ids
