"""A running service and a mail server: a forgotten password, and the commands of the chapter "Send mail"."""

import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.live.conftest import DELIVERY_SECONDS, LogIn, Service, Start, environment, require, wait_for_mail
from tests.smtp import PUBLIC_URL, SENDER, Inbox
from todo.core.config import load_settings

OPERATE = Path(__file__).parents[2] / "docs" / "operate.md"
BLOCK = re.compile(r"^```sh (?:run|settings)=([\w-]+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SNIPPETS: dict[str, str] = dict(BLOCK.findall(OPERATE.read_text()))
EMAIL, NEW_PASSWORD = "me@example.com", "staple and a longer one"


@pytest.fixture
def mailing_service(start: Start, inbox: Inbox) -> Service:
    """Start a service that sends mail."""
    return start(SMTP_URL=inbox.url, MAIL_FROM=SENDER, PUBLIC_URL=PUBLIC_URL, RATE_LIMIT_ENABLED="false")


def run_snippet(name: str, service_url: str = "", stdin: str = "") -> str:
    """Run a snippet of the chapter, and return its standard output."""
    shell = require("bash", "dash", "sh")
    script = SNIPPETS[name].replace("http://localhost:8000", service_url)
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    process = subprocess.run(
        [shell, "-eu", "-c", script],
        env=environment(PATH=path),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.spec("MAI-036")
def test_mail_leads_back_into_the_account(mailing_service: Service, inbox: Inbox, log_in: LogIn) -> None:
    require("curl")
    client = log_in(mailing_service, EMAIL)

    output = run_snippet("mail-try", mailing_service.url)
    token = wait_for_mail(inbox, mailing_service)
    reset = client.post("/auth/password-reset/confirm", json={"token": token, "new_password": NEW_PASSWORD})
    login = client.post("/auth/login", data={"username": EMAIL, "password": NEW_PASSWORD})

    assert "on its way" in output
    assert (reset.status_code, login.status_code) == (204, 200)
    assert token not in mailing_service.read_log()


@pytest.mark.spec("MAI-033")
def test_service_answers_while_the_mail_server_is_away(start: Start, log_in: LogIn) -> None:
    service = start(SMTP_URL="smtp://127.0.0.1:1", MAIL_FROM=SENDER, PUBLIC_URL=PUBLIC_URL, RATE_LIMIT_ENABLED="false")
    client = log_in(service, EMAIL)

    statuses = [client.post("/auth/password-reset", json={"email": EMAIL}).status_code for _ in range(3)]
    deadline = time.monotonic() + DELIVERY_SECONDS
    while "is tried again in 60 seconds" not in service.read_log():
        assert time.monotonic() < deadline, service.read_log()
        time.sleep(0.05)

    assert statuses == [202] * 3
    assert client.get("/auth/me").status_code == 200
    assert httpx.get(f"{service.url}/health").status_code == 200


def test_documented_settings_are_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in re.findall(r"^(\w+)='(.*)'$", SNIPPETS["mail"], re.MULTILINE):
        monkeypatch.setenv(name, value)

    settings = load_settings()

    assert settings.smtp_url is not None
    assert settings.mail_from == SENDER


def test_documented_command_encodes_a_password() -> None:
    assert run_snippet("mail-encode", stdin="p@ss:w/rd%\n") == "p%40ss%3Aw%2Frd%25\n"
