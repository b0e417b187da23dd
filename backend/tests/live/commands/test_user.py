"""`todo user` beside a running service, and the commands of docs/operate.md as written."""

import fcntl
import json
import os
import re
import subprocess
import sys
import termios
import time
from pathlib import Path

import httpx
import pytest

from tests.live.conftest import LogIn, Service, Start, environment, require, run_todo
from tests.support import PASSWORD

OPERATE = Path(__file__).parents[3] / "docs" / "operate.md"
BLOCK = re.compile(r"^```sh accounts=(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS: dict[str, str] = dict(BLOCK.findall(OPERATE.read_text()))
PROMPTS = {b"assword: ": f"{PASSWORD}\n", b"Type yes to confirm: ": "yes\n"}
NEW_LOGIN = {"username": "ada@example.com", "password": PASSWORD}


@pytest.fixture
def service(start: Start) -> Service:
    """A service without users."""
    return start(RATE_LIMIT_ENABLED="false")


def list_statuses(client: httpx.Client, requests: int = 8) -> set[int]:
    """Send requests on separate connections, which reach all processes of a service."""
    headers = {"Authorization": client.headers["Authorization"], "Connection": "close"}
    return {client.get("/tasks", headers=headers).status_code for _ in range(requests)}


@pytest.mark.spec("USR-007", "USR-008", "USR-016")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_disabled_account_ends_within_five_seconds_in_every_process(
    start: Start, log_in: LogIn, tmp_path: Path, workers: str
) -> None:
    service = start(WORKERS=workers, RATE_LIMIT_ENABLED="false")
    client = log_in(service)
    assert list_statuses(client) == {200}

    disabled = run_todo("user", "disable", "ada@example.com", cwd=tmp_path, DATA_DIR=str(service.data_dir))
    disabled_at = time.monotonic()
    refreshed = client.post("/auth/refresh")
    rejected = client.post("/auth/login", data=NEW_LOGIN)
    while list_statuses(client) != {401}:
        assert time.monotonic() < disabled_at + 5

    assert disabled.returncode == 0, disabled.stderr
    assert (refreshed.status_code, rejected.status_code) == (401, 403)

    run_todo("user", "enable", "ada@example.com", cwd=tmp_path, DATA_DIR=str(service.data_dir))
    assert list_statuses(client) == {401}
    login = client.post("/auth/login", data=NEW_LOGIN)
    client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    assert list_statuses(client) == {200}
    assert "Traceback" not in service.read_log()


@pytest.mark.spec("USR-016")
def test_account_is_created_beside_a_running_service(service: Service, tmp_path: Path) -> None:
    created = run_todo(
        "user", "create", "eve@example.com", cwd=tmp_path, stdin=PASSWORD, DATA_DIR=str(service.data_dir)
    )

    assert (created.returncode, created.stdout) == (0, "Created the account eve@example.com.\n"), created.stderr
    login = httpx.post(
        f"{service.url}/api/v1/auth/login", data={"username": "eve@example.com", "password": PASSWORD}, verify=False
    )
    assert login.status_code == 200


@pytest.mark.spec("USR-010")
def test_list_is_printed_in_the_encoding_of_the_terminal(service: Service, tmp_path: Path) -> None:
    folder = str(service.data_dir)
    run_todo("user", "create", "小林@example.com", cwd=tmp_path, stdin=PASSWORD, DATA_DIR=folder)

    listed = run_todo("user", "list", cwd=tmp_path, DATA_DIR=folder, PYTHONIOENCODING="ascii")

    assert listed.returncode == 0, listed.stderr
    assert r"\u5c0f\u6797@example.com" in listed.stdout


def run_on_terminal(script: str, folder: Path, **settings: str) -> str:
    """Run a script on a new terminal, answer the prompts, and return what the terminal shows."""
    terminal, side_of_script = os.openpty()
    process = subprocess.Popen(
        [require("bash", "dash", "sh"), "-eu", "-c", script],
        cwd=folder,
        env=environment(**settings),
        stdin=side_of_script,
        stdout=side_of_script,
        stderr=side_of_script,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 -- only a system call
    )
    os.close(side_of_script)
    shown, answered = b"", 0
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the script has ended
            break
        for prompt, answer in PROMPTS.items():
            if shown[answered:].endswith(prompt):
                os.write(terminal, answer.encode())
                answered = len(shown)
    os.close(terminal)
    assert process.wait(60) == 0, shown.decode()
    return shown.decode()


def path_of_tests() -> str:
    """Return PATH with the folder of the command `todo`."""
    return f"{Path(sys.executable).parent}:{environment()['PATH']}"


@pytest.mark.spec("USR-015", "USR-016")
@pytest.mark.timeout(180)
def test_commands_of_the_documentation_run_on_a_terminal(service: Service, tmp_path: Path) -> None:
    shown = run_on_terminal(BLOCKS["terminal"], tmp_path, PATH=path_of_tests(), DATA_DIR=str(service.data_dir))

    for sentence in (
        "Created the account ada@example.com.",
        "Ada Lovelace",
        "Set a new password for ada@example.com.",
        "Disabled the account ada@example.com.",
        "Enabled the account ada@example.com.",
        "Deleted the account ada@example.com.",
        "One person can register with this code until",
    ):
        assert sentence in shown
    assert shown.count("Repeat the password: ") == 2
    assert PASSWORD not in shown, "the terminal shows no password"


@pytest.mark.spec("USR-015", "USR-018")
@pytest.mark.timeout(180)
def test_commands_of_the_documentation_run_in_a_script(service: Service, tmp_path: Path) -> None:
    require("openssl")
    process = subprocess.run(
        [require("bash", "dash", "sh"), "-eu", "-c", BLOCKS["script"]],
        cwd=tmp_path,
        env=environment(PATH=path_of_tests(), DATA_DIR=str(service.data_dir)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    assert "bob@example.com" in [account["email"] for account in json.loads((tmp_path / "accounts.json").read_text())]
    assert process.stdout.endswith("Deleted the account bob@example.com.\n")
