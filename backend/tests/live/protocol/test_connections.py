"""The limit of the number of connections, and idle connections."""

import contextlib
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.conftest import Service, Start, is_alive, wait_until
from tests.live.protocol.raw_client import RawClient, connect, request

HEALTH = request("GET", "/health")
LIMIT = 5


@pytest.fixture(scope="module")
def small(start_for_module: Start) -> Service:
    """A service with few connections that stay idle for a second."""
    return start_for_module(
        RATE_LIMIT_ENABLED="false", MAX_CONNECTIONS=str(LIMIT), KEEP_ALIVE_TIMEOUT="1", REQUEST_TIMEOUT="3"
    )


@contextlib.contextmanager
def connect_many(service: Service, number: int) -> Iterator[list[RawClient]]:
    """Yield connections; they open one after the other."""
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(number):
            clients.append(stack.enter_context(connect(service)))
            time.sleep(0.02)
        yield clients


@pytest.mark.spec("PRO-012")
def test_rejects_a_connection_above_the_limit_while_all_others_have_requests(small: Service) -> None:
    slow = request("POST", "/api/v1/auth/register", "Content-Type: application/json", "Content-Length: 100")
    with connect_many(small, LIMIT) as clients:
        for client in clients:
            client.send(slow)
        time.sleep(0.1)
        with connect(small) as excess:
            rejected = excess.ask(HEALTH)

            assert excess.read_rest() == b""
        statuses = [client.ask(b"x" * 100).status for client in clients]

    assert (rejected.status, rejected.json["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert rejected.headers["retry-after"] == "5"
    assert statuses == [422] * LIMIT


@pytest.mark.spec("PRO-012")
def test_closes_a_connection_above_the_limit_that_sends_nothing(small: Service) -> None:
    slow = request("POST", "/api/v1/auth/register", "Content-Type: application/json", "Content-Length: 100")
    with connect_many(small, LIMIT) as clients:
        for client in clients:
            client.send(slow)
        time.sleep(0.1)
        with connect(small) as excess:
            began = time.monotonic()

            assert excess.read_rest() == b""
    assert 0.5 < time.monotonic() - began < 2.5


@pytest.mark.spec("PRO-013")
def test_closes_the_longest_idle_connection_for_a_new_one(small: Service) -> None:
    with connect_many(small, LIMIT) as clients:
        for client in clients:
            client.ask(HEALTH)
            time.sleep(0.02)
        with connect(small) as new:
            statuses = [new.ask(HEALTH).status, *(client.ask(HEALTH).status for client in clients[1:])]

        assert clients[0].read_rest() == b""
    assert statuses == [200] * LIMIT


@pytest.mark.spec("PRO-013")
def test_closes_a_silent_connection_for_a_new_one(small: Service) -> None:
    with connect_many(small, LIMIT) as clients, connect(small) as new:
        assert new.ask(HEALTH).status == 200
        assert clients[0].read_rest() == b""
        assert clients[1].ask(HEALTH).status == 200


@pytest.mark.spec("PRO-014")
def test_recovers_without_a_traceback_when_no_file_can_be_opened(start: Start) -> None:
    service = start(RATE_LIMIT_ENABLED="false")
    files = len(list(Path(f"/proc/{service.pid}/fd").iterdir()))
    resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (files + 8, files + 8))

    with connect_many(service, 1) as [client]:
        with connect_many(service, 40):
            asset = client.ask(request("GET", "/docs/assets/redoc.standalone.js"))
        wait_until(lambda: is_alive(service), service)

    assert "Traceback" not in service.read_log()
    assert (asset.status, asset.json["code"]) == (503, "SERVICE_UNAVAILABLE")


@pytest.mark.spec("PRO-015")
def test_keeps_an_idle_connection_for_the_keep_alive_timeout(small: Service) -> None:
    with connect(small) as client:
        client.ask(HEALTH)
        time.sleep(0.7)
        client.ask(HEALTH)
        began = time.monotonic()

        assert client.read_rest() == b""
    assert 0.9 < time.monotonic() - began < 1.9


@pytest.mark.spec("PRO-015")
def test_keeps_an_idle_connection_for_longer_than_a_proxy_by_default(service: Service) -> None:
    with connect(service) as client:
        client.ask(HEALTH)
        time.sleep(6)

        assert client.ask(HEALTH).status == 200


@pytest.mark.spec("PRO-015")
def test_closes_a_connection_that_only_sends_empty_lines(small: Service) -> None:
    with connect(small) as client:
        client.ask(HEALTH)
        client.send(b"\r\n")
        began = time.monotonic()

        assert client.read_rest() == b""
    assert time.monotonic() - began < 5
