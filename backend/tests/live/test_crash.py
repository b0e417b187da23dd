"""A retry with the same idempotency key, after the client lost the response or the service was killed."""

import asyncio
import json
import signal
import socket
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.live.conftest import LogIn, Service, Start, wait_until
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import find_running

TITLE = "Water the plants"
COUNT_TASKS = "SELECT count(*) FROM tasks JOIN users ON users.id = tasks.user_id WHERE email = $1"


def send_without_reading(client: httpx.Client, key: str) -> None:
    """Send a POST of a task with a key, and close the connection without reading the response."""
    request = client.build_request("POST", "tasks", json={"title": TITLE}, headers={"Idempotency-Key": key})
    head = [f"POST {request.url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    with socket.create_connection((request.url.host, request.url.port or 80)) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + request.content)


def count_committed(service: Service, email: str = "ada@example.com") -> int:
    """Return the number of committed tasks of a user, read from the database."""

    async def count() -> int:
        url = find_running(service.data_dir)
        assert url is not None, service.read_log()
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            tasks: int = await connection.fetchval(COUNT_TASKS, email)
            return tasks
        finally:
            await connection.close()

    return asyncio.run(count())


def retry(client: httpx.Client, key: str) -> httpx.Response:
    """Send the request again, and return the response."""
    return client.post("/tasks", json={"title": TITLE}, headers={"Idempotency-Key": key})


def titles(client: httpx.Client) -> list[str]:
    """Return the titles on the first page of tasks."""
    return [task["title"] for task in client.get("/tasks").json()["items"]]


@pytest.mark.spec("IDK-007")
def test_response_is_replayed_after_a_crash(start: Start, log_in: LogIn) -> None:
    service, key = start(), str(uuid4())
    client = log_in(service)
    send_without_reading(client, key)
    wait_until(lambda: count_committed(service) == 1, service)

    service.stop(signal.SIGKILL)
    restarted = start(service.data_dir)
    client.base_url = httpx.URL(f"{restarted.url}/api/v1")
    response = retry(client, key)

    assert (response.status_code, response.headers.get("Idempotency-Replayed")) == (201, "true")
    assert (response.json()["title"], response.json()["version"]) == (TITLE, 1)
    assert response.headers["ETag"].startswith('"1-')
    assert titles(client) == [TITLE]


@pytest.mark.spec("IDK-007")
def test_response_is_replayed_after_a_lost_connection(service: Service, log_in: LogIn) -> None:
    key = str(uuid4())
    email = f"{key}@example.com"
    client = log_in(service, email)

    send_without_reading(client, key)
    wait_until(lambda: count_committed(service, email) == 1, service)
    response = retry(client, key)

    assert (response.status_code, response.headers.get("Idempotency-Replayed")) == (201, "true")
    assert titles(client) == [TITLE]


@pytest.mark.spec("IDK-007")
def test_crash_leaves_complete_writes_or_none(start: Start, log_in: LogIn) -> None:
    service = start()
    client = log_in(service)
    keys = [str(uuid4()) for _ in range(20)]
    for key in keys:
        send_without_reading(client, key)

    service.stop(signal.SIGKILL)
    restarted = start(service.data_dir)
    client.base_url = httpx.URL(f"{restarted.url}/api/v1")
    responses = [retry(client, key) for key in keys]

    assert {response.status_code for response in responses} == {201}
    assert len({json.dumps(response.json()["id"]) for response in responses}) == len(keys)
    assert titles(client) == [TITLE] * len(keys)
