"""`todo doctor`: its findings and its exit status."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support import SECRET, MakeDatabase
from todo.cli import main
from todo.core.config import Settings

PASSWORD = "s3cret-pass"


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder, without settings of the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PORT", "0")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def empty_database_url(make_database: MakeDatabase) -> str:
    """Return the URL of a database without tables."""
    return await make_database(migrated=False)


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the database of the tests."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)


def examine(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    """Run `todo doctor --json`, and return the exit status and the findings."""
    try:
        status = main(["doctor", "--json"])
    except SystemExit as exit_:
        status = int(exit_.code or 0)
    output = capsys.readouterr()
    assert PASSWORD not in output.out + output.err
    assert SECRET not in output.out + output.err
    return status, json.loads(output.out)


def of(findings: list[dict[str, Any]], level: str) -> list[tuple[str, str]]:
    """Return the check and the message of the findings of one level."""
    return [(finding["check"], finding["message"]) for finding in findings if finding["level"] == level]


@contextmanager
def silent_server() -> Iterator[int]:
    """Open a port that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.spec("OPR-010", "TRA-012")
@pytest.mark.usefixtures("database")
def test_healthy_installation_has_only_good_findings(capsys: pytest.CaptureFixture[str]) -> None:
    status, findings = examine(capsys)

    assert status == 0
    assert {finding["check"] for finding in findings} == {
        *("settings", "open files", "port", "migrations", "database", "change log", "clock", "distribution"),
        *("rate limits", "mail"),
    }
    assert {finding["level"] for finding in findings} == {"ok"}
    [message] = [finding["message"] for finding in findings if finding["check"] == "change log"]
    assert re.fullmatch(r"About [\d,]+ changes in [\d.]+ MiB, kept for 180 days", message)


@pytest.mark.spec("OPR-010")
def test_findings_for_a_person_have_a_line_each_and_a_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKERS", "2")

    assert main(["doctor"]) == 0

    lines = capsys.readouterr().out.splitlines()
    index = lines.index("warning  rate limits: Each of the 2 workers counts attempts by itself")
    assert lines[index + 1] == "         → Set RATE_LIMIT_STORAGE_URI=redis://host:6379/0."


@pytest.mark.spec("OPR-013")
def test_nothing_is_created_without_a_data_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, findings = examine(capsys)

    assert status == 0
    assert ("database", "The embedded database does not exist yet. `todo serve` creates it") in of(findings, "ok")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.spec("OPR-011")
def test_each_wrong_setting_is_a_problem(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    monkeypatch.setenv("WORKERS", "0")

    status, findings = examine(capsys)

    assert status == 1
    assert [message.partition(" ")[0] for _, message in of(findings, "problem")] == ["PORT", "WORKERS"]


@pytest.mark.spec("OPR-011")
def test_misspelt_and_risky_settings_are_warnings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ENVIRONMENT": "production", "COOKIE_SECURE": "false", "DEBUG": "true"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("JWT_SECRET", "x")

    status, findings = examine(capsys)

    assert status == 0
    assert of(findings, "warning") == [
        ("settings", "JWT_SECRET is not a setting of this service"),
        ("settings", "DEBUG is on in production"),
        ("settings", "COOKIE_SECURE is off in production"),
    ]


@pytest.mark.spec("OPR-012")
def test_files_that_other_users_can_access_are_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    secret = folder / "jwt_secret_key"
    secret.write_text(SECRET)
    secret.chmod(0o644)
    (tmp_path / ".env").write_text("WORKERS=1\n")
    (tmp_path / ".env").chmod(0o640)

    status, findings = examine(capsys)

    assert status == 1
    remedies = {finding["remedy"] for finding in findings if finding["check"] == "files" and finding["level"] != "ok"}
    assert remedies == {
        f"Run: chmod 700 {folder}",
        f"Run: chmod 600 {secret}",
        f"Run: chmod 600 {tmp_path / '.env'}",
    }


@pytest.mark.spec("OPR-014")
def test_unreachable_services_are_problems_and_passwords_are_not_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "DATABASE_URL": f"postgresql://todo:{PASSWORD}@127.0.0.1:1/todo",
        "JWT_SECRET_KEY": SECRET,
        "RATE_LIMIT_STORAGE_URI": f"redis://:{PASSWORD}@127.0.0.1:1/0",
        "SMTP_URL": f"smtp://todo:{PASSWORD}@127.0.0.1:1",
        "MAIL_FROM": "todo@example.com",
        "PUBLIC_URL": "https://todo.example.com",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    status, findings = examine(capsys)

    assert status == 1
    assert [check for check, _ in of(findings, "problem")] == ["database", "rate limits", "mail"]


@pytest.mark.spec("OPR-014")
@pytest.mark.usefixtures("database")
def test_redis_that_does_not_respond_is_a_problem(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todo.cli.doctor.services.REDIS_SECONDS", 0.2)
    with silent_server() as port:
        monkeypatch.setenv("RATE_LIMIT_STORAGE_URI", f"redis://127.0.0.1:{port}/0")
        status, findings = examine(capsys)

    assert status == 1
    assert [check for check, _ in of(findings, "problem")] == ["rate limits"]


@pytest.mark.spec("OPR-014")
def test_database_without_migrations_is_a_problem(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, empty_database_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)

    status, findings = examine(capsys)

    assert status == 1
    assert [check for check, _ in of(findings, "problem")] == ["migrations"]


@pytest.mark.spec("OPR-015")
def test_port_of_another_program_is_a_problem(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todo.cli.service_manager.PROBE_SECONDS", 0.2)
    with silent_server() as port:
        monkeypatch.setenv("PORT", str(port))
        status, findings = examine(capsys)

    assert status == 1
    assert of(findings, "problem") == [("port", f"127.0.0.1:{port} cannot be used: Address already in use")]


@pytest.mark.spec("OPR-014")
def test_password_in_the_options_of_the_database_is_not_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://u@127.0.0.1:1/x?password={PASSWORD}&sslpassword={PASSWORD}")
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)

    _, findings = examine(capsys)

    [(_, message)] = of(findings, "problem")
    assert "password=***" in message.replace("%2A", "*")


@pytest.mark.spec("OPR-011")
@pytest.mark.parametrize("url", ["postgresql://u:p@127.0.0.1:99999/x", "postgresql://u@[bad/x"])
def test_impossible_address_of_a_database_is_a_problem_of_the_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    _, findings = examine(capsys)

    assert [message.partition(" ")[0] for _, message in of(findings, "problem")] == ["DATABASE_URL"]
