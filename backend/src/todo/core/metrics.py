"""Prometheus metrics, served on a separate port and summed over all workers."""

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
"""prometheus_client's environment variable for the folder in which several processes store their metrics."""
LIVE_GAUGE_FILE = re.compile(r"gauge_live\w+_(\d+)\.db")
"""The name of a file with the gauges of one process. The group is the process id."""
UNMATCHED = "unmatched"
"""The route label of requests for unknown paths. With the path as label, clients could create any number of metrics."""

REQUESTS = Counter("todo_requests", "Requests.", ["method", "route", "status"])
DURATION = Histogram(
    "todo_request_duration_seconds",
    "Seconds from the head of a request to the end of its response.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LOGINS = Counter("todo_logins", "Attempts to log in.", ["outcome"])
RATE_LIMITED = Counter("todo_rate_limited", "Attempts over a rate limit.", ["name"])
MAILS = Counter("todo_mails", "Attempts to send a mail.", ["outcome"])
MAILS_WAITING = Gauge("todo_mails_waiting", "Mails that wait to be sent.", multiprocess_mode="livemostrecent")
CONNECTIONS = Gauge("todo_db_connections_max", "Size of the connection pools.", multiprocess_mode="livesum")
CONNECTIONS_BUSY = Gauge("todo_db_connections_busy", "Connections in use.", multiprocess_mode="livesum")
CONNECTIONS_AWAITED = Gauge(
    "todo_db_connections_awaited", "Requests waiting for a connection.", multiprocess_mode="livesum"
)
CONNECTIONS_REFUSED = Counter("todo_db_connections_refused", "Requests that got no connection in time.")
STREAMS_OPEN = Gauge("todo_event_streams", "Open event streams.", multiprocess_mode="livesum")
STREAMS_ENDED = Counter("todo_event_streams_ended", "Event streams that ended.", ["reason"])
EVENTS_SENT = Counter("todo_events_sent", "Events sent to streams.")
EVENT_LAG = Histogram(
    "todo_event_lag_seconds",
    "Seconds from a change to its event.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
)

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(method: str, route: str, status: int, seconds: float | None) -> None:
    """Count a request and its duration.

    Args:
        method: the method.
        route: the template of the path, not the path.
        status: the status of the response.
        seconds: the duration; None for a stream, which is as long as its client wants.
    """
    requests, duration = _metrics_of(method if method in KNOWN_METHODS else "other", route, status)
    requests.inc()
    if seconds is not None:
        duration.observe(seconds)


@cache
def _metrics_of(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, str(status)), DURATION.labels(method, route)


@contextmanager
def serving_metrics(host: str, port: int, workers: int) -> Iterator[int]:
    """Serve the metrics at `http://host:port/metrics` for the length of a block, and yield the port.

    Port 0 is any free port. Several workers store their metrics in a temporary folder, which the environment names.

    Raises:
        OSError: the port is in use.
    """
    with tempfile.TemporaryDirectory(prefix="todo-metrics-") as folder:
        registry = REGISTRY
        if workers > 1:
            os.environ[MULTIPROCESS_FOLDER] = folder
            registry = CollectorRegistry()
            registry.register(LiveProcessCollector(MultiProcessCollector(None, folder), Path(folder)))  # type: ignore[no-untyped-call]
        server, thread = start_http_server(port, host, registry)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class LiveProcessCollector(Collector):
    """Sums the metrics of several processes, without the gauges of processes that have ended."""

    def __init__(self, collector: MultiProcessCollector, folder: Path) -> None:
        self._collector = collector
        self._folder = folder

    def collect(self):  # type: ignore[no-untyped-def]  # the library does not export the type
        """Delete the gauges of processes that have ended, and return the sums of the others."""
        for path in self._folder.glob("gauge_live*.db"):
            match = LIVE_GAUGE_FILE.fullmatch(path.name)
            if match and not Path(f"/proc/{match[1]}").exists():
                path.unlink(missing_ok=True)
        return self._collector.collect()  # type: ignore[no-untyped-call]
