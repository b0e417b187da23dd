"""What is counted for Prometheus, and where it is read: on a port of its own, summed over all workers."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The library's own variable: where the processes keep their figures when there are several."""
LIVE_FIGURES = re.compile(r"gauge_live\w+_(\d+)\.db")
UNMATCHED = "unmatched"
"""The route of requests for paths that do not exist, so that nobody can make up names for figures."""

REQUESTS = Counter("todo_requests", "Requests answered.", ["method", "route", "status"])
DURATION = Histogram(
    "todo_request_duration_seconds",
    "From a request's head to the end of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LOGINS = Counter("todo_logins", "Attempts to log in.", ["outcome"])
RATE_LIMITED = Counter("todo_rate_limited", "Attempts refused for being too many.", ["name"])
CONNECTIONS = Gauge("todo_db_connections_max", "How many connections the pool may have.", multiprocess_mode="livesum")
CONNECTIONS_BUSY = Gauge("todo_db_connections_busy", "Connections at work.", multiprocess_mode="livesum")
CONNECTIONS_AWAITED = Gauge("todo_db_connections_awaited", "Requests without one.", multiprocess_mode="livesum")
CONNECTIONS_REFUSED = Counter("todo_db_connections_refused", "Requests that waited for a connection in vain.")

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request; `route` is the path's template, never the path."""
    requests, duration = _figures(method if method in KNOWN_METHODS else "other", route, status)
    requests.inc()
    duration.observe(seconds)


@cache
def _figures(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, str(status)), DURATION.labels(method, route)


@contextmanager
def serving_metrics(host: str, port: int, workers: int) -> Iterator[int]:
    """Serve the figures at `http://host:port/metrics` for the length of a block, and lend the port; 0 takes a free one.

    With several workers each keeps its figures in a folder that is gone afterwards; they find it in the environment.

    Raises:
        OSError: the port is taken.
    """
    with tempfile.TemporaryDirectory(prefix="todo-metrics-") as folder:
        registry = REGISTRY
        if workers > 1:
            os.environ[MULTIPROCESS_FOLDER] = folder
            registry = CollectorRegistry()
            registry.register(_OfTheLiving(MultiProcessCollector(None, folder), Path(folder)))  # type: ignore[no-untyped-call]
        server, thread = start_http_server(port, host, registry)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _OfTheLiving(Collector):
    """Sums the figures of several processes, without what those that have ended were doing."""

    def __init__(self, collector: MultiProcessCollector, folder: Path) -> None:
        self._collector = collector
        self._folder = folder

    def collect(self):  # type: ignore[no-untyped-def]  # the library's own type is private
        for path in self._folder.glob("gauge_live*.db"):
            found = LIVE_FIGURES.fullmatch(path.name)
            if found and not Path(f"/proc/{found[1]}").exists():
                path.unlink(missing_ok=True)
        return self._collector.collect()  # type: ignore[no-untyped-call]
