"""Streams of a service whose PostgreSQL crashes and comes back."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import httpx
import pytest

from tests.live.conftest import LogIn, Start, wait_until
from tests.live.events.support import LiveStream, live_stream
from tests.live.test_kill import kill_postgres
from tests.routers.events.support import ReceivedEvent
from tests.support import Json

ROUNDS = 2
EVENT_SECONDS = 15


class Listener:
    """A thread that reads a stream, and opens it again with `Last-Event-ID` when it ends, as browsers do."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._stopped = threading.Event()
        self.created: list[int] = []
        self.resyncs = 0

    def _listen(self) -> None:
        headers: dict[str, str] = {}
        while not self._stopped.is_set():
            try:
                with live_stream(self._client, EVENT_SECONDS, headers=headers) as stream:
                    self._read(stream, headers)
            except (httpx.TransportError, AssertionError):
                time.sleep(0.1)

    def _read(self, stream: LiveStream, headers: dict[str, str]) -> None:
        while not self._stopped.is_set() and (event := stream.next_event()) is not None:
            self._note(event)
            if event.id is not None:
                headers["Last-Event-ID"] = event.id

    def _note(self, event: ReceivedEvent) -> None:
        self.resyncs += event.name == "resync"
        if event.name == "change":
            assert event.data is not None
            self.created.append(event.data["id"])

    @contextmanager
    def listening(self) -> Iterator[None]:
        thread = threading.Thread(target=self._listen, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()


def create_task(client: httpx.Client) -> Json | None:
    """Create a task, and return None if the database is unavailable."""
    response = client.post("/tasks", json={"title": "Water the plants"})
    assert response.status_code in (201, 503), response.text
    return response.json() if response.status_code == 201 else None


@pytest.mark.timeout(120)
@pytest.mark.spec("EVT-018")
def test_stream_stays_open_while_postgres_crashes_and_comes_back(start: Start, log_in: LogIn) -> None:
    service = start(RATE_LIMIT_ENABLED="false")
    client = log_in(service)

    with live_stream(client, EVENT_SECONDS) as stream:
        for _ in range(ROUNDS):
            before = create_task(client)
            event = stream.next_event()
            assert before is not None
            assert event is not None
            assert event.data is not None
            assert event.data["id"] == before["id"]

            kill_postgres(service, start)
            created: list[Json] = []
            wait_until(partial(create_task_into, client, created), service)
            event = next_change(stream)
            assert event.data == {"type": "task", "id": created[0]["id"], "action": "create"}
    assert "Traceback" not in service.read_log()


def create_task_into(client: httpx.Client, created: list[Json]) -> bool:
    """Create a task and add it to `created`, unless the database is unavailable."""
    task = create_task(client)
    created += [] if task is None else [task]
    return task is not None


def next_change(stream: LiveStream) -> ReceivedEvent:
    """Return the next event that is no comment."""
    while True:
        event = stream.next_event()
        assert event is not None
        if not event.comment:
            return event


@pytest.mark.timeout(120)
@pytest.mark.spec("EVT-018")
def test_no_acknowledged_change_is_missing_after_a_crash_of_postgres(start: Start, log_in: LogIn) -> None:
    service = start(RATE_LIMIT_ENABLED="false")
    client = log_in(service)
    listening = Listener(log_in(service))
    acknowledged: list[Json] = []

    with listening.listening():
        time.sleep(0.5)
        for _ in range(ROUNDS):
            for _ in range(20):
                create_task_into(client, acknowledged)
            kill_postgres(service, start)
            for _ in range(5):
                wait_until(partial(create_task_into, client, acknowledged), service)
        expected = {task["id"] for task in acknowledged}
        wait_until(lambda: expected <= {*listening.created}, service)

    assert listening.resyncs == 0
    assert service.stop() == 0
