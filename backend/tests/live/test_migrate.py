"""`todo migrate`, `todo openapi` and their help."""

import json
from pathlib import Path

import pytest

from tests.live.conftest import Service, todo


def test_migrates_the_embedded_database_up_and_down(tmp_path: Path) -> None:
    data_dir = str(tmp_path / "data")

    up = todo("migrate", "up", cwd=tmp_path, DATA_DIR=data_dir)
    current = todo("migrate", "status", cwd=tmp_path, DATA_DIR=data_dir)
    down = todo("migrate", "down", "base", cwd=tmp_path, DATA_DIR=data_dir)
    empty = todo("migrate", "status", cwd=tmp_path, DATA_DIR=data_dir)

    assert up.returncode == 0, up.stderr
    assert "pending: nothing" in current.stdout
    assert down.returncode == 0, down.stderr
    assert empty.returncode == 1
    assert "current: nothing" in empty.stdout


def test_is_a_guest_of_a_running_service(service: Service, tmp_path: Path) -> None:
    status = todo("migrate", "status", cwd=tmp_path, DATA_DIR=str(service.data_dir))

    assert status.returncode == 0, status.stderr
    assert "pending: nothing" in status.stdout
    assert service.process.poll() is None


def test_names_an_unknown_revision(tmp_path: Path) -> None:
    outcome = todo("migrate", "up", "nonesuch", cwd=tmp_path, DATA_DIR=str(tmp_path / "data"))

    assert outcome.returncode == 1
    assert "nonesuch" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_prints_the_openapi_document(tmp_path: Path) -> None:
    outcome = todo("openapi", cwd=tmp_path)

    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout)["openapi"].startswith("3.1")


@pytest.mark.parametrize("command", ["", "serve", "migrate", "migrate up", "openapi"])
def test_every_command_explains_itself(tmp_path: Path, command: str) -> None:
    outcome = todo(*command.split(), "--help", cwd=tmp_path)

    assert outcome.returncode == 0
    assert outcome.stdout.startswith(f"usage: todo {command}".rstrip())
