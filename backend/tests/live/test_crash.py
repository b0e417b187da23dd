"""A write whose answer never arrived is repeated with its key, whatever became of the service meanwhile."""

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


def send_and_read_nothing(client: httpx.Client, key: str) -> None:
    """Ask for a task with a key, and hang up without waiting for the answer."""
    request = client.build_request("POST", "tasks", json={"title": TITLE}, headers={"Idempotency-Key": key})
    head = [f"POST {request.url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    with socket.create_connection((request.url.host, request.url.port or 80)) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + request.content)


def count_committed(service: Service, email: str = "ada@example.com") -> int:
    """Return how many tasks of somebody's everybody but the service itself sees in its database."""

    async def count() -> int:
        url = find_running(service.data_dir)
        assert url is not None, service.said()
        connection = await asyncpg.connect(**connect_arguments(url))
        try:
            tasks: int = await connection.fetchval(COUNT_TASKS, email)
            return tasks
        finally:
            await connection.close()

    return asyncio.run(count())


def retry(client: httpx.Client, key: str) -> httpx.Response:
    """Ask for the same again, and wait for the answer."""
    return client.post("/tasks", json={"title": TITLE}, headers={"Idempotency-Key": key})


def titles(client: httpx.Client) -> list[str]:
    """Return the titles of all tasks."""
    return [task["title"] for task in client.get("/tasks").json()["items"]]


@pytest.mark.spec("IDK-007")
def test_repeats_the_answer_that_a_crash_swallowed(start: Start, log_in: LogIn) -> None:
    service, key = start(), str(uuid4())
    client = log_in(service)
    send_and_read_nothing(client, key)
    wait_until(lambda: count_committed(service) == 1, service)

    service.stop(signal.SIGKILL)
    again = start(service.data_dir)
    client.base_url = httpx.URL(f"{again.url}/api/v1")
    answer = retry(client, key)

    assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, "true")
    assert (answer.json()["title"], answer.headers["ETag"]) == (TITLE, '"1"')
    assert titles(client) == [TITLE]


@pytest.mark.spec("IDK-007")
def test_repeats_the_answer_that_a_client_hung_up_on(service: Service, log_in: LogIn) -> None:
    key = str(uuid4())
    email = f"{key}@example.com"
    client = log_in(service, email)

    send_and_read_nothing(client, key)
    wait_until(lambda: count_committed(service, email) == 1, service)
    answer = retry(client, key)

    assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, "true")
    assert titles(client) == [TITLE]


@pytest.mark.spec("IDK-007")
def test_writes_either_all_or_nothing_when_it_crashes_at_any_moment(start: Start, log_in: LogIn) -> None:
    service = start()
    client = log_in(service)
    keys = [str(uuid4()) for _ in range(20)]
    for key in keys:
        send_and_read_nothing(client, key)

    service.stop(signal.SIGKILL)
    again = start(service.data_dir)
    client.base_url = httpx.URL(f"{again.url}/api/v1")
    answers = [retry(client, key) for key in keys]

    assert {answer.status_code for answer in answers} == {201}
    assert len({json.dumps(answer.json()["id"]) for answer in answers}) == len(keys)
    assert titles(client) == [TITLE] * len(keys)
