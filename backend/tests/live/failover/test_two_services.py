"""Two services behind HAProxy, with Redis for the rate limits."""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
from benchmarks.failover.cluster import FRONT_PORT, SERVICE_PORT, start_front, start_redis, start_service
from benchmarks.failover.machines import Machines
from benchmarks.failover.writers import PASSWORD, THREADS, Writers

from tests.live.conftest import require
from tests.live.failover.conftest import assert_nothing_lost
from tests.support import MakeDatabase

SERVICES = ("app1", "app2")
GAP_SECONDS = 2.0 if "PYTEST_XDIST_WORKER" not in os.environ else 10.0
"""The limit for the longest time without an acknowledged write. Parallel tests use the processors too."""


@pytest.fixture
async def front(machines: Machines, make_database: MakeDatabase) -> str:
    """The URL of HAProxy in front of two services with rate limits."""
    require("/usr/sbin/haproxy")
    require("/usr/bin/redis-server")
    url = await make_database()
    start_redis(machines)
    await asyncio.gather(
        *(asyncio.to_thread(start_service, machines, name, DATABASE_URL=url, BCRYPT_ROUNDS="4") for name in SERVICES)
    )
    start_front(machines)
    address = f"http://{machines.address('front')}:{FRONT_PORT}"
    await asyncio.to_thread(machines.wait, "The start of HAProxy", lambda: is_ready(address))
    return address


def is_ready(url: str) -> bool:
    """Tell whether a service is ready behind a URL."""
    try:
        return httpx.get(f"{url}/ready").status_code == 200
    except httpx.TransportError:
        return False


def api(machines: Machines, machine: str) -> str:
    """Return the URL of the API of one service."""
    return f"http://{machines.address(machine)}:{SERVICE_PORT}/api/v1"


async def register(client: httpx.AsyncClient, front: str) -> None:
    """Create an account and log the client in."""
    account = {"email": "ada@example.com", "password": PASSWORD}
    await client.post(f"{front}/api/v1/auth/register", json=account)
    form = {"username": account["email"], "password": PASSWORD}
    login = await client.post(f"{front}/api/v1/auth/login", data=form)
    client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"


async def wait_for_task(lines: AsyncIterator[str], task_id: int) -> None:
    """Read a stream until it has an event of the task."""
    async with asyncio.timeout(10):
        async for line in lines:
            if line.startswith("data:") and json.loads(line.removeprefix("data:"))["id"] == task_id:
                return


async def kill_in_stream(client: httpx.AsyncClient, machines: Machines, machine: str) -> None:
    """Open a stream of a service, and kill the service after the first line."""
    async with client.stream("GET", f"{api(machines, machine)}/events") as stream:
        async for _ in stream.aiter_lines():
            machines.processes[machine, "service"].kill()


@pytest.mark.spec("FAI-012")
def test_killed_service_breaks_only_requests_in_flight(machines: Machines, front: str) -> None:
    with Writers(front).writing() as outcome:
        time.sleep(2)
        machines.processes["app1", "service"].kill()
        killed_at = time.monotonic()
        time.sleep(3)

    assert_nothing_lost(outcome)
    assert outcome.broken + outcome.refusals <= THREADS
    assert max(outcome.acknowledged_at) > killed_at + 2
    assert outcome.longest_gap < GAP_SECONDS


@pytest.mark.spec("FAI-013")
def test_error_of_haproxy_has_the_format_of_the_service(machines: Machines, front: str) -> None:
    for machine in SERVICES:
        machines.stop(machine, "service")

    response = httpx.get(f"{front}/api/v1/tasks")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["code"] == "SERVICE_UNAVAILABLE"


@pytest.mark.spec("FAI-014")
def test_rate_limits_are_shared(machines: Machines, front: str) -> None:
    assert is_ready(front)
    form = {"username": "nobody@example.com", "password": PASSWORD}

    statuses = [
        httpx.post(f"{api(machines, SERVICES[number % 2])}/auth/login", data=form).status_code for number in range(8)
    ]

    assert statuses == [401] * 5 + [429] * 3


@pytest.mark.spec("FAI-014")
def test_client_address_passes_through_haproxy(front: str) -> None:
    form = {"username": "nobody@example.com", "password": PASSWORD}
    header = {"X-Forwarded-For": "198.51.100.1"}

    statuses = [httpx.post(f"{front}/api/v1/auth/login", data=form, headers=header).status_code for _ in range(6)]

    # HAProxy adds the address of the connection, so a client cannot choose an address for each attempt.
    assert statuses == [401] * 5 + [429]


@pytest.mark.spec("FAI-015")
async def test_idempotency_key_works_across_services(machines: Machines, front: str) -> None:
    async with httpx.AsyncClient() as client:
        await register(client, front)
        responses = await asyncio.gather(
            *(
                client.post(
                    f"{api(machines, machine)}/tasks",
                    json={"title": f"Water the plants {number}"},
                    headers={"Idempotency-Key": f"key-{number}"},
                )
                for number in range(10)
                for machine in SERVICES
            )
        )
        total = (await client.get(f"{api(machines, 'app1')}/tasks")).json()["total"]

    assert {response.status_code for response in responses} == {201}
    assert Counter(response.headers.get("Idempotency-Replayed") for response in responses) == {None: 10, "true": 10}
    assert total == 10


@pytest.mark.spec("FAI-020")
async def test_stream_and_sync_have_the_changes_of_both_services(machines: Machines, front: str) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        await register(client, front)
        token = (await client.get(f"{api(machines, 'app1')}/sync")).json()["next"]

        async with client.stream("GET", f"{front}/api/v1/events") as stream:
            lines = stream.aiter_lines()
            for machine in SERVICES:
                created = await client.post(f"{api(machines, machine)}/tasks", json={"title": machine})
                await wait_for_task(lines, created.json()["id"])
        pages = [
            (await client.get(f"{api(machines, machine)}/sync", params={"since": token})).json() for machine in SERVICES
        ]

    assert [[item["data"]["title"] for item in page["items"]] for page in pages] == [["app1", "app2"]] * 2


@pytest.mark.spec("FAI-020")
async def test_wait_for_changes_ends_with_a_change_of_the_other_service(machines: Machines, front: str) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        await register(client, front)
        token = (await client.get(f"{front}/api/v1/sync")).json()["next"]
        waiting = asyncio.create_task(
            client.get(f"{api(machines, 'app1')}/sync", params={"since": token, "wait": "15"})
        )
        await asyncio.sleep(0.5)
        started_at = time.monotonic()
        await client.post(f"{api(machines, 'app2')}/tasks", json={"title": "Water"})
        page = (await waiting).json()

    assert [item["data"]["title"] for item in page["items"]] == ["Water"]
    assert time.monotonic() - started_at < 10


@pytest.mark.spec("FAI-020")
async def test_stream_continues_on_the_other_service_after_a_kill(machines: Machines, front: str) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        await register(client, front)
        position = (await client.get(f"{front}/api/v1/sync")).json()["next"]
        with pytest.raises(httpx.TransportError):
            await kill_in_stream(client, machines, "app1")
        missed = await client.post(f"{api(machines, 'app2')}/tasks", json={"title": "Missed"})

        async with client.stream("GET", f"{front}/api/v1/events", headers={"Last-Event-ID": position}) as stream:
            await wait_for_task(stream.aiter_lines(), missed.json()["id"])
