"""Metrics, log records and traces of a running service."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import asyncpg
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.live.conftest import HTTP, LogIn, Service, Start, wait_until
from tests.support import PASSWORD, Json
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import find_running

METRICS_URL = re.compile(r"metrics: +(http://\S+)")
METRIC = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


class Collector:
    """Receives traces of OpenTelemetry and keeps them."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.url = ""

    def spans(self) -> list[Json]:
        """Return the name, trace and attributes of each received span."""
        spans = []
        for body in list(self.bodies):
            request = ExportTraceServiceRequest()
            request.ParseFromString(body)
            for scoped in (scoped for resource in request.resource_spans for scoped in resource.scope_spans):
                for span in scoped.spans:
                    attributes = {item.key: item.value.string_value for item in span.attributes}
                    spans.append({"name": span.name, "trace": span.trace_id, "attributes": attributes})
        return spans


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        collector.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def read_metrics(service: Service) -> dict[tuple[str, str], float]:
    """Return the metrics that Prometheus reads, by name and labels."""
    url = METRICS_URL.search(service.read_log())
    assert url is not None, service.read_log()
    return {(name, labels): float(value) for name, labels, value in METRIC.findall(HTTP.get(url[1]).text)}


def read_log_records(service: Service) -> list[Json]:
    """Return the log records in JSON."""
    return [json.loads(line) for line in service.read_log().splitlines() if line.startswith("{")]


async def check_busy_connections(service: Service, client: httpx.Client) -> None:
    """Check that the metrics count the connection of a request that waits for a lock."""

    def has_busy(count: int) -> bool:
        return read_metrics(service)["todo_db_connections_busy", ""] == count

    locker = await asyncpg.connect(**connect_arguments(str(find_running(service.data_dir))))
    async with locker.transaction():
        await locker.execute("LOCK TABLE tasks")
        listing = asyncio.create_task(asyncio.to_thread(client.get, "/tasks"))
        await asyncio.to_thread(wait_until, lambda: has_busy(1), service)
    assert (await listing).status_code == 200
    await asyncio.to_thread(wait_until, lambda: has_busy(0), service)
    await locker.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.mark.spec("OBS-002", "OBS-003", "OBS-004", "OBS-005", "OBS-006")
def test_metrics_log_and_traces_show_requests_and_no_secrets(start: Start, log_in: LogIn, collector: Collector) -> None:
    service = start(
        WORKERS="2",
        METRICS_PORT="0",
        LOG_FORMAT="json",
        DEBUG="true",
        RATE_LIMIT_LOGIN="3/minute",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="100",
    )
    client = log_in(service)
    access_token = client.headers["Authorization"].removeprefix("Bearer ")
    secrets = {
        PASSWORD,
        access_token,
        client.cookies["refresh_token"],
        (service.data_dir / "jwt_secret_key").read_text(),
    }
    token = client.post("/auth/tokens", json={"name": "cron", "scopes": ["tasks:read"]}).json()["token"]
    task = client.post("/tasks", json={"title": "A very private title"}, headers={"X-Request-ID": "my-own-id"}).json()
    for _ in range(10):
        client.get(f"/tasks/{task['id']}", headers={"Connection": "close"})
    client.get("/tasks", params={"q": "private search"}, headers={"Authorization": f"Bearer {token}"})
    client.post("/auth/refresh")
    secrets |= {token, client.cookies["refresh_token"], "wrong horse battery", "A very private title", "private search"}
    for _ in range(5):
        client.post("/auth/login", data={"username": "ada@example.com", "password": "wrong horse battery"})
    client.post("/tasks", json={"title": "wrong horse battery" * 20})
    HTTP.get(f"{service.url}/nowhere%0d%0aINFO%20forged")

    metrics = read_metrics(service)
    assert metrics["todo_requests_total", 'method="GET",route="/api/v1/tasks/{task_id}",status="200"'] == 10
    assert metrics["todo_request_duration_seconds_count", 'method="GET",route="/api/v1/tasks/{task_id}"'] == 10
    assert metrics["todo_requests_total", 'method="GET",route="unmatched",status="404"'] == 1
    assert metrics["todo_logins_total", 'outcome="accepted"'] == 1
    assert metrics["todo_rate_limited_total", 'name="login"'] > 0
    wait_until(lambda: read_metrics(service)["todo_db_connections_max", ""] == 2 * 5, service)
    asyncio.run(check_busy_connections(service, client))

    [record] = [record for record in read_log_records(service) if record.get("request_id") == "my-own-id"]
    assert record["duration_ms"] > 0
    assert {name: record[name] for name in ("method", "path", "route", "status", "user_id", "client", "level")} == {
        "method": "POST",
        "path": "/api/v1/tasks",
        "route": "/api/v1/tasks",
        "status": 201,
        "user_id": task["user_id"],
        "client": "127.0.0.1",
        "level": "INFO",
    }
    assert [line for line in service.read_log().splitlines() if line.startswith("INFO forged")] == []
    assert [secret for secret in secrets if secret in service.read_log()] == []

    wait_until(lambda: "POST /api/v1/tasks" in {span["name"] for span in collector.spans()}, service)
    spans = collector.spans()
    [*_, insert] = [span for span in spans if "INSERT INTO tasks" in span["attributes"].get("db.statement", "")]
    assert "POST /api/v1/tasks" in {span["name"] for span in spans if span["trace"] == insert["trace"]}
    assert [secret for secret in secrets if secret in str(spans)] == []
