"""Messages of `todo serve` to systemd."""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live.conftest import HTTP, Start
from todo.cli import service_manager
from todo.cli.service_manager import ServiceManager

WATCHDOG_MICROSECONDS = "400000"


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """Return the socket on which systemd receives messages."""
    address = str(tmp_path / "notify") if request.param == "file" else f"\0todo-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(address)
        receiver.settimeout(30)
        yield receiver


def address_of(systemd: socket.socket) -> str:
    """Return the value of NOTIFY_SOCKET."""
    name = systemd.getsockname()
    return name if isinstance(name, str) else "@" + name[1:].decode()


def receive(systemd: socket.socket) -> str:
    return systemd.recv(1000).decode()


def receive_until(systemd: socket.socket, message: str) -> None:
    """Receive messages up to this one."""
    while receive(systemd) != message:
        pass


@pytest.fixture
def listen() -> Iterator[Callable[[], int]]:
    """Return a function that opens a port, which accepts connections and never responds."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]


@pytest.mark.spec("INS-001")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_service_reports_that_it_is_ready_alive_and_stopping(
    start: Start, systemd: socket.socket, workers: str
) -> None:
    service = start(NOTIFY_SOCKET=address_of(systemd), WATCHDOG_USEC=WATCHDOG_MICROSECONDS, WORKERS=workers)

    ready = receive(systemd)
    assert ready.startswith("READY=1\nSTATUS=serving at 127.0.0.1 port ")
    assert HTTP.get(f"{service.url}/health").status_code == 200
    assert [receive(systemd) for _ in range(2)] == ["WATCHDOG=1"] * 2
    service.stop()
    receive_until(systemd, "STOPPING=1")


@pytest.mark.spec("INS-001")
def test_child_processes_get_no_variables_of_systemd(start: Start, systemd: socket.socket) -> None:
    service = start(NOTIFY_SOCKET=address_of(systemd), WATCHDOG_USEC=WATCHDOG_MICROSECONDS, WORKERS="2")
    receive(systemd)

    children = Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text().split()

    assert len(children) >= 2
    for child in children:
        names = {entry.partition(b"=")[0] for entry in Path(f"/proc/{child}/environ").read_bytes().split(b"\0")}
        assert names.isdisjoint({b"NOTIFY_SOCKET", b"WATCHDOG_USEC"})


@pytest.mark.spec("INS-002")
def test_service_that_does_not_respond_is_not_reported_as_ready(
    systemd: socket.socket, listen: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_manager, "PROBE_SECONDS", 0.1)
    systemd.settimeout(0.5)

    with ServiceManager(address_of(systemd)).watching("127.0.0.1", listen()), pytest.raises(TimeoutError):
        receive(systemd)


@pytest.mark.spec("INS-002")
def test_watchdog_gets_no_message_when_the_service_stops_responding(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    responses = iter([True, True])
    monkeypatch.setattr(service_manager, "responds", lambda *_: next(responses, False))
    manager = ServiceManager(address_of(systemd), watchdog_seconds=0.1)

    with manager.watching("127.0.0.1", 1):
        messages = [receive(systemd).partition("\n")[0] for _ in range(2)]
        systemd.settimeout(0.5)
        with pytest.raises(TimeoutError):
            receive(systemd)

    assert messages == ["READY=1", "WATCHDOG=1"]


@pytest.mark.spec("INS-001")
def test_without_systemd_nothing_is_probed() -> None:
    threads = threading.active_count()

    with ServiceManager().watching("127.0.0.1", 1):
        assert threading.active_count() == threads
    ServiceManager().report_stopping()


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "²"}, None),
        ({"WATCHDOG_USEC": "9" * 400}, None),
        ({}, None),
    ],
)
def test_watchdog_of_another_process_or_without_a_time_is_ignored(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], seconds: float | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert ServiceManager.from_environment()._watchdog_seconds == seconds
    assert not {"WATCHDOG_USEC", "WATCHDOG_PID"} & set(os.environ)
