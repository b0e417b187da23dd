"""Streams of running services: several processes, log-outs, restarts and stops."""

import signal
import time
from uuid import uuid4

import httpx
import pytest

from tests.live.conftest import LogIn, Service, Start
from tests.live.events.support import live_stream
from tests.live.test_observability import read_metrics
from tests.support import SECRET, Json

REVOKED_SECONDS = 5


def create_task(client: httpx.Client) -> Json:
    response = client.post("/tasks", json={"title": "Water the plants"})
    assert response.status_code == 201, response.text
    task: Json = response.json()
    return task


@pytest.mark.spec("EVT-014")
def test_change_of_another_process_arrives_within_a_second(start: Start, log_in: LogIn, database_url: str) -> None:
    services = [start(DATABASE_URL=database_url, JWT_SECRET_KEY=SECRET, RATE_LIMIT_ENABLED="false") for _ in range(2)]
    listening, writing = map(log_in, services)

    with live_stream(listening) as stream:
        # The first comparison of the clocks wakes the stream too. It must not be the reason.
        time.sleep(2.5)
        for _ in range(3):
            began = time.monotonic()
            task = create_task(writing)
            event = stream.next_event()
            assert time.monotonic() - began < 1
            assert event is not None
            assert event.data == {"type": "task", "id": task["id"], "action": "create"}


@pytest.mark.spec("EVT-014")
def test_change_of_another_worker_arrives_within_a_second(start: Start, log_in: LogIn) -> None:
    service = start(WORKERS="2")
    listening = log_in(service)

    with live_stream(listening) as stream:
        time.sleep(2.5)
        for _ in range(8):
            # Each new connection can reach the other worker.
            with httpx.Client(base_url=listening.base_url, headers=listening.headers) as writing:
                began = time.monotonic()
                create_task(writing)
                assert stream.next_event() is not None
                assert time.monotonic() - began < 1


@pytest.mark.spec("EVT-009")
def test_log_out_ends_the_stream(service: Service, log_in: LogIn) -> None:
    email = f"{uuid4().hex}@example.com"
    listening, other = log_in(service, email), log_in(service, email)

    with live_stream(listening) as stream:
        assert other.post("/auth/logout-all").status_code == 204
        began = time.monotonic()
        assert stream.next_event() is None
        assert time.monotonic() - began < REVOKED_SECONDS


@pytest.mark.spec("EVT-013")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_streams_do_not_hold_up_the_stop(start: Start, log_in: LogIn, workers: str) -> None:
    service = start(WORKERS=workers)
    client = log_in(service)

    with live_stream(client) as one, live_stream(client) as another:
        began = time.monotonic()
        assert service.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 5
        assert one.next_event() is None
        assert another.next_event() is None
    assert "ERROR" not in service.read_log()
    assert "Traceback" not in service.read_log()


@pytest.mark.spec("EVT-015")
def test_metrics_count_streams_and_events(start: Start, log_in: LogIn) -> None:
    service = start(METRICS_PORT="0")
    client = log_in(service)
    with live_stream(client) as stream:
        create_task(client)
        stream.next_event()
        during = read_metrics(service)
    assert client.get("/tasks").status_code == 200
    time.sleep(0.5)
    after = read_metrics(service)

    assert during["todo_event_streams", ""] == 1
    assert during["todo_events_sent_total", ""] == 1
    assert during["todo_event_lag_seconds_count", ""] == 1
    assert during["todo_event_lag_seconds_sum", ""] < 1
    assert after["todo_event_streams", ""] == 0
    assert after["todo_event_streams_ended_total", 'reason="closed"'] == 1
    assert after["todo_requests_total", 'method="GET",route="/api/v1/events",status="200"'] == 1
    assert after["todo_request_duration_seconds_count", 'method="GET",route="/api/v1/events"'] == 0
