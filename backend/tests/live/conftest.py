"""A running `todo serve` to talk to, and programs that talk to it."""

import contextlib
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from tests.support import PASSWORD, MakeDatabase
from todo.cli import main

START_SECONDS = 60.0
STOP_SECONDS = 30.0
ADDRESS = re.compile(r"^serving .* at (http://\S+)$", re.MULTILINE)


FORKS = multiprocessing.get_context("forkserver")
"""A start takes a second of imports. They are done once; each service is a copy of a process that has done them."""
FORKS.set_forkserver_preload(["todo.__main__", "todo.main"])
HTTP = httpx.Client(verify=False, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
"""For single requests: `httpx.get` would read all certificates of the machine for each."""


@dataclass
class Service:
    """A `todo serve` process, its address, and what it has said so far."""

    process: BaseProcess
    url: str
    data_dir: Path
    log: Path

    def said(self) -> str:
        """Return what it wrote to standard error and output."""
        return self.log.read_text()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit status."""
        if self.process.is_alive():
            os.kill(self.pid, how)
        self.process.join(STOP_SECONDS)
        status = self.process.exitcode
        assert status is not None, f"it does not stop:\n{self.said()}"
        return status

    @property
    def pid(self) -> int:
        """Return the number of the process."""
        assert self.process.pid is not None
        return self.process.pid


class Start(Protocol):
    """Starts `todo serve` and waits for its first answer; settings as environment variables."""

    def __call__(self, data_dir: Path | None = None, **settings: str) -> Service: ...


class LogIn(Protocol):
    """Gives a client of somebody with an account, registered now or before."""

    def __call__(self, service: Service, email: str = ...) -> httpx.Client: ...


def environment(**settings: str) -> dict[str, str]:
    """Return an environment for a command: ours without settings that somebody may have made, and these.

    The kernel picks the port unless one is given, so that nobody takes it between the choice and the start.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH") if name in os.environ}
    return kept | {"BCRYPT_ROUNDS": "4", "PORT": "0"} | settings


def todo(*arguments: str, cwd: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `todo` to its end."""
    command = [sys.executable, "-m", "todo", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment(**settings), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def start(tmp_path: Path, initialized_data_dir: Path) -> Iterator[Start]:
    """Start services for one test, the first of them on a folder without users."""
    shutil.copytree(initialized_data_dir, tmp_path / "data")
    with _starter(tmp_path) as start_service:
        yield start_service


@pytest.fixture(scope="module")
def start_for_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start services for the tests of one module."""
    with _starter(tmp_path_factory.mktemp("module")) as start_service:
        yield start_service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service for tests that do not harm it; its data folder has a space in its name."""
    with _starter(tmp_path_factory.mktemp("a folder, with a space")) as start_service:
        yield start_service(RATE_LIMIT_ENABLED="false")


@contextlib.contextmanager
def _starter(folder: Path) -> Iterator[Start]:
    """Lend a way to start services; what still runs at the end is killed, and its PostgreSQL ends with it."""
    services: list[Service] = []

    def start_service(data_dir: Path | None = None, **settings: str) -> Service:
        data_dir = data_dir or folder / "data"
        log = folder / f"service-{len(services)}.log"
        log.touch()
        process = FORKS.Process(target=_serve, args=(folder, log, environment(DATA_DIR=str(data_dir), **settings)))
        process.start()
        service = Service(process, "", data_dir, log)
        services.append(service)
        wait_until(lambda: ADDRESS.search(service.said()) is not None, service)
        service.url = ADDRESS.findall(service.said())[0]
        wait_until(lambda: answers(service), service)
        return service

    try:
        yield start_service
    finally:
        for service in services:
            service.stop(signal.SIGKILL)


def _serve(folder: Path, log: Path, environment: dict[str, str]) -> None:
    """Become `todo serve` in this folder and environment, with all that it says in the log."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = os.fdopen(0)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), stream.fileno())
    sys.exit(main(["serve"]))


@pytest.fixture
def log_in() -> Iterator[LogIn]:
    """Log people in, with clients that are closed at the end of the test."""
    with contextlib.ExitStack() as clients:

        def log_in_to(service: Service, email: str = "ada@example.com") -> httpx.Client:
            client = clients.enter_context(httpx.Client(base_url=f"{service.url}/api/v1", timeout=30, verify=False))
            client.post("/auth/register", json={"email": email, "password": PASSWORD})
            login = client.post("/auth/login", data={"username": email, "password": PASSWORD})
            client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
            return client

        yield log_in_to


@pytest.fixture
async def empty_database(make_database: MakeDatabase) -> str:
    """The address of a database without a table."""
    return await make_database(migrated=False)


def answers(service: Service) -> bool:
    """Tell whether the service is alive."""
    try:
        return HTTP.get(f"{service.url}/health").status_code == 200
    except httpx.TransportError:
        return False


def wait_until(condition: Callable[[], bool], service: Service) -> None:
    """Wait for a condition of a running service."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert service.process.is_alive(), service.said()
        assert time.monotonic() < deadline, service.said()
        time.sleep(0.02)


def require(*programs: str) -> str:
    """Return the first of these programs that is installed; without any, skip, or fail where CI must have them."""
    for program in programs:
        if (found := shutil.which(program)) is not None:
            return found
    message = f"this test needs one of: {', '.join(programs)}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
