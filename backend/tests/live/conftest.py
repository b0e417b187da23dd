"""Running services, and helpers of the tests that use them."""

import contextlib
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

import httpx
import pytest
from aiosmtpd.controller import Controller

from tests.smtp import Inbox, text_of, token_in
from tests.support import PASSWORD, MakeDatabase
from todo.cli import main

START_SECONDS = 60.0
STOP_SECONDS = 30.0
DELIVERY_SECONDS = 20
"""How long the delivery of a mail may take."""
ADDRESS = re.compile(r"^serving .* at (http://\S+)$", re.MULTILINE)

FORKS = multiprocessing.get_context("forkserver")
"""Forks each service from a process with all imports, because the imports take a second."""
FORKS.set_forkserver_preload(["todo.__main__", "todo.main"])
HTTP = httpx.Client(verify=False, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
"""A client for single requests. `httpx.get` reads all certificates of the machine for each request."""


@dataclass
class Service:
    """A `todo serve` process: its address, its data folder and its log."""

    process: BaseProcess
    url: str
    data_dir: Path
    log: Path

    def read_log(self) -> str:
        """Return the standard output and the standard error so far."""
        return self.log.read_text()

    def stop(self, stop_signal: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, and return the exit status."""
        if self.process.is_alive():
            os.kill(self.pid, stop_signal)
        self.process.join(STOP_SECONDS)
        status = self.process.exitcode
        assert status is not None, f"the service does not stop:\n{self.read_log()}"
        return status

    @property
    def pid(self) -> int:
        """Return the process id."""
        assert self.process.pid is not None
        return self.process.pid


class Start(Protocol):
    """Starts `todo serve` and waits for its first response. Settings are environment variables."""

    def __call__(self, data_dir: Path | None = None, **settings: str) -> Service: ...


class LogIn(Protocol):
    """Registers a user if necessary, and returns a client that is logged in."""

    def __call__(self, service: Service, email: str = ...) -> httpx.Client: ...


def environment(**settings: str) -> dict[str, str]:
    """Return the environment for a command: these settings, and a few variables of the tests, such as PATH.

    With the default port 0 the kernel picks a free port at the start.
    """
    inherited = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH") if name in os.environ
    }
    return inherited | {"BCRYPT_ROUNDS": "4", "PORT": "0"} | settings


def run_todo(*arguments: str, cwd: Path, stdin: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `todo` with these arguments and this standard input, and wait for its end."""
    return subprocess.run(
        [sys.executable, "-m", "todo", *arguments],
        cwd=cwd,
        env=environment(**settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def start(tmp_path: Path, initialized_data_dir: Path) -> Iterator[Start]:
    """Start services for one test. The default data folder is initialized and has no users."""
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
    """A running service that all tests share. The path of its data folder has a space and a comma."""
    with _starter(tmp_path_factory.mktemp("a folder, with a space")) as start_service:
        yield start_service(RATE_LIMIT_ENABLED="false")


@contextlib.contextmanager
def _starter(folder: Path) -> Iterator[Start]:
    """Yield a function that starts services. At the end, kill all services that still run."""
    services: list[Service] = []

    def start_service(data_dir: Path | None = None, **settings: str) -> Service:
        data_dir = data_dir or folder / "data"
        log = folder / f"service-{len(services)}.log"
        log.touch()
        process = FORKS.Process(target=_serve, args=(folder, log, environment(DATA_DIR=str(data_dir), **settings)))
        process.start()
        service = Service(process, "", data_dir, log)
        services.append(service)
        wait_until(lambda: ADDRESS.search(service.read_log()) is not None, service)
        service.url = ADDRESS.findall(service.read_log())[0]
        wait_until(lambda: is_alive(service), service)
        return service

    try:
        yield start_service
    finally:
        for service in services:
            service.stop(signal.SIGKILL)


def _serve(folder: Path, log: Path, environment: dict[str, str]) -> None:
    """Run `todo serve` in this process, with this folder and environment, and write its output to the log."""
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
    """Log users in. The clients are closed at the end of the test.

    On the service that all tests share, use an e-mail address of your own: the tours of the documents create accounts.
    """
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
    """The URL of a database without tables."""
    return await make_database(migrated=False)


def is_alive(service: Service) -> bool:
    """Tell whether the service responds to `/health`."""
    try:
        return HTTP.get(f"{service.url}/health").status_code == 200
    except httpx.TransportError:
        return False


def find_processes(folder: Path) -> dict[str, str]:
    """Return the names of the processes with this working folder, by process id."""
    processes = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder.resolve():
                processes[process.name] = (process / "comm").read_text().strip()
        except OSError:
            continue
    return processes


def wait_until(condition: Callable[[], bool], service: Service) -> None:
    """Return when the condition holds. Fail when the service ends, or after START_SECONDS."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert service.process.is_alive(), service.read_log()
        assert time.monotonic() < deadline, service.read_log()
        time.sleep(0.02)


def require(*programs: str) -> str:
    """Return the path of the first installed program. If none is installed, skip the test, or fail it in CI."""
    for program in programs:
        if (found := shutil.which(program)) is not None:
            return found
    message = f"this test needs one of: {', '.join(programs)}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Serve SMTP in a thread."""
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=0, server_hostname="localhost")
    # The controller connects to its port when it starts, and does not know a port that the kernel picks.
    controller.loop.run_until_complete(_listen(controller, inbox))
    thread = threading.Thread(target=controller.loop.run_forever)
    thread.start()
    yield inbox
    controller.loop.call_soon_threadsafe(controller.loop.stop)
    thread.join()
    assert controller.server is not None
    controller.server.close()
    controller.loop.close()


async def _listen(controller: Controller, inbox: Inbox) -> None:
    controller.server = await controller.loop.create_server(controller.factory, "127.0.0.1", 0)
    inbox.port = controller.server.sockets[0].getsockname()[1]


def wait_for_mail(inbox: Inbox, service: Service, recipient: str = "") -> str:
    """Wait for the first mail with a token, to this recipient if there is one, and return the token."""

    def tokens() -> list[str]:
        return [token_in(mail) for mail in inbox.mails if recipient in mail["To"] and "#token=" in text_of(mail)]

    wait_until(lambda: bool(tokens()), service)
    return tokens()[0]
