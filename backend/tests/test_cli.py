"""The `todo` command, run in this process: its output, its exit status and its migrations."""

import json
import logging
import os
import signal
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support import SECRET
from todo.cli import main
from todo.core.config import Settings


@pytest.fixture(autouse=True)
def isolated_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run a test in an empty folder and without the settings of the environment. Restore logging and signals."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PORT", "0")
    monkeypatch.chdir(tmp_path)
    handlers, level, on_sigterm = logging.root.handlers[:], logging.root.level, signal.getsignal(signal.SIGTERM)
    yield tmp_path
    logging.root.handlers[:], logging.root.level = handlers, level
    signal.signal(signal.SIGTERM, on_sigterm)


def run(*arguments: str) -> int:
    """Run the command and return its exit status."""
    try:
        return main(arguments)
    except SystemExit as exit_:
        return int(exit_.code or 0)


@pytest.mark.spec("OPS-055")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"PORT": "eighty"}, "PORT should be a valid integer", id="not a number"),
        pytest.param({"DB_POOL_MAX": "0"}, "DB_POOL_MAX should be greater than or equal to 1", id="too small"),
        pytest.param({"JWT_SECRET_KEY": "short"}, "JWT_SECRET_KEY should be at least 64 hex", id="short secret"),
        pytest.param({"DATABASE_URL": "mysql://x"}, "DATABASE_URL should look like postgresql", id="wrong database"),
        pytest.param({"DATABASE_URL": "postgresql://localhost/todo"}, "JWT_SECRET_KEY should be set", id="no secret"),
        pytest.param(
            {"DATABASE_URL": "postgresql://todo:secret@127.0.0.1:1/todo", "JWT_SECRET_KEY": SECRET},
            "The database postgresql://todo:***@127.0.0.1:1/todo cannot be used",
            id="unreachable database",
        ),
        pytest.param({"DATA_DIR": "/proc/todo"}, "The data folder /proc/todo cannot be used", id="unusable folder"),
        pytest.param(
            {"DATA_DIR": "/proc/todo"}, "Set DATABASE_URL to a PostgreSQL server that you run", id="no database"
        ),
        pytest.param(
            {"DATABASE_URL": "postgresql://127.0.0.1:1/todo?sslmod=on", "JWT_SECRET_KEY": SECRET},
            "cannot be used",
            id="misspelt option",
        ),
    ],
)
def test_serve_reports_an_unusable_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: dict[str, str], message: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    status = run("serve")

    output = capsys.readouterr().err
    assert status == 1
    assert message in output
    assert "Traceback" not in output
    assert "secret@" not in output


def test_migrate_upgrades_and_downgrades_the_embedded_database(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("migrate", "up") == 0
    assert run("migrate", "status") == 0
    assert "pending: nothing" in capsys.readouterr().out

    assert run("migrate", "down", "base") == 0
    assert run("migrate", "status") == 1
    assert "current: nothing" in capsys.readouterr().out


def test_migrate_names_an_unknown_revision(capsys: pytest.CaptureFixture[str]) -> None:
    status = run("migrate", "up", "nonesuch")

    assert status == 1
    assert "nonesuch" in capsys.readouterr().err


def test_openapi_prints_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("openapi") == 0

    assert json.loads(capsys.readouterr().out)["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    "command",
    [
        "",
        "serve",
        "migrate",
        "migrate up",
        "user",
        "user create",
        "backup",
        "restore",
        "healthcheck",
        "doctor",
        "openapi",
    ],
)
def test_every_command_has_a_help_text(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert run(*command.split(), "--help") == 0

    assert capsys.readouterr().out.startswith(f"usage: todo {command}".rstrip())


@pytest.mark.spec("OPR-002")
def test_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"todo {version('todo-service')}\n"


@pytest.mark.spec("OPR-016")
def test_env_file_has_settings_that_the_environment_overrides(
    isolated_process: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    env_file = isolated_process / "todo.env"
    env_file.write_text('APP_NAME="To $do"\nDATA_DIR=/nowhere\n# a comment\n')
    monkeypatch.setattr(os, "environ", dict(os.environ))

    assert run("--env-file", str(env_file), "openapi") == 0

    assert json.loads(capsys.readouterr().out)["info"]["title"] == "To $do"
    assert os.environ["DATA_DIR"] == str(isolated_process / "data")


@pytest.mark.spec("OPR-016")
def test_env_file_that_cannot_be_read_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--env-file", "/nowhere/todo.env", "openapi") == 1
    assert "The file /nowhere/todo.env cannot be read" in capsys.readouterr().err


@pytest.mark.spec("OPR-017")
@pytest.mark.parametrize(
    "command", ["user list", "user invite", "backup todo.backup", "migrate status", "migrate down"]
)
def test_command_without_a_database_creates_none(
    isolated_process: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert run(*command.split()) == 1
    assert f"The data folder {isolated_process / 'data'} has no database." in capsys.readouterr().err
    assert not (isolated_process / "data").exists()


@pytest.mark.spec("OPR-016")
def test_unreadable_dotenv_is_an_error_that_names_it(
    isolated_process: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", ".env")

    monkeypatch.setattr("pydantic_settings.sources.providers.dotenv.DotEnvSettingsSource._load_env_vars", refuse)

    assert run("openapi") == 1
    assert f"The file {isolated_process / '.env'} cannot be read by this user" in capsys.readouterr().err
