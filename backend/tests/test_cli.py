"""The `todo` command in this process: what it says, does to a database, and returns."""

import json
import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import SECRET
from todo.cli import main
from todo.core.config import Settings


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to be in, no settings but these, and everything of the process as it was afterwards."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PORT", "0")
    monkeypatch.chdir(tmp_path)
    handlers, level, on_term = logging.root.handlers[:], logging.root.level, signal.getsignal(signal.SIGTERM)
    yield tmp_path
    logging.root.handlers[:], logging.root.level = handlers, level
    signal.signal(signal.SIGTERM, on_term)


def run(*arguments: str) -> int:
    """Run the command and return its exit status, however it ends."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        pytest.param({"PORT": "eighty"}, "PORT should be a valid integer", id="no number"),
        pytest.param({"DB_POOL_MAX": "0"}, "DB_POOL_MAX should be greater than or equal to 1", id="too small"),
        pytest.param({"JWT_SECRET_KEY": "short"}, "JWT_SECRET_KEY should be at least 64 hex", id="short secret"),
        pytest.param({"DATABASE_URL": "mysql://x"}, "DATABASE_URL should look like postgresql", id="wrong database"),
        pytest.param(
            {"DATABASE_URL": "postgresql://localhost/todo"}, "JWT_SECRET_KEY should be set", id="no secret of its own"
        ),
        pytest.param(
            {"DATABASE_URL": "postgresql://todo:secret@127.0.0.1:1/todo", "JWT_SECRET_KEY": SECRET},
            "The database postgresql://todo:***@127.0.0.1:1/todo cannot be used",
            id="database away",
        ),
        pytest.param({"DATA_DIR": "/proc/todo"}, "The data folder /proc/todo cannot be used", id="impossible folder"),
    ],
)
def test_says_what_is_wrong_and_how_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: dict[str, str], complaint: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    status = run("serve")

    said = capsys.readouterr().err
    assert status == 1
    assert complaint in said
    assert "Traceback" not in said
    assert "secret@" not in said


def test_migrates_the_embedded_database_up_and_down(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("migrate", "up") == 0
    assert run("migrate", "status") == 0
    assert "pending: nothing" in capsys.readouterr().out

    assert run("migrate", "down", "base") == 0
    assert run("migrate", "status") == 1
    assert "current: nothing" in capsys.readouterr().out


def test_names_an_unknown_revision(capsys: pytest.CaptureFixture[str]) -> None:
    status = run("migrate", "up", "nonesuch")

    assert status == 1
    assert "nonesuch" in capsys.readouterr().err


def test_prints_the_openapi_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("openapi") == 0

    assert json.loads(capsys.readouterr().out)["openapi"].startswith("3.1")


@pytest.mark.parametrize("command", ["", "serve", "migrate", "migrate up", "openapi"])
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert run(*command.split(), "--help") == 0

    assert capsys.readouterr().out.startswith(f"usage: todo {command}".rstrip())
