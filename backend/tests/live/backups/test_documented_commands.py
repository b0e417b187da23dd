"""The commands of the chapter "Back up and restore" in docs/operate.md, run as written."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.backups.conftest import State, read_state
from tests.live.conftest import environment, require
from tests.services.backups.support import verify
from tests.support import SECRET

OPERATE = Path(__file__).parents[3] / "docs" / "operate.md"
COMMANDS = dict(re.findall(r"^```sh backup=([\w-]+)\n(.*?)^```", OPERATE.read_text(), re.MULTILINE | re.DOTALL))
PROGRAMS = {
    "ssh": '#!/bin/sh\nshift\nexec sh -c "$1"\n',
    # Runs the command of `docker compose exec` and `docker compose run` on this machine.
    "docker": "#!/bin/sh\nshift\ncase $1 in exec|run) ;; *) exit 0 ;; esac\n"
    'while [ "$1" != todo ]; do shift; done\nshift\nexec "$@"\n',
}
"""Replacements of programs that connect to other machines."""


def run_documented(name: str, folder: Path, data_dir: Path, *arguments: str) -> str:
    """Run commands of the chapter in a folder and return their output."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for program, script in PROGRAMS.items():
        (programs / program).write_text(script)
        (programs / program).chmod(0o755)
    path = f"{programs}:{Path(sys.executable).parent}:{environment()['PATH']}"
    process = subprocess.run(
        [require("bash"), "-euo", "pipefail", "-c", COMMANDS[name], name, *arguments],
        cwd=folder,
        env=environment(PATH=path, DATA_DIR=str(data_dir)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@pytest.fixture(scope="module")
def state(filled_data_dir: Path) -> State:
    """The rows and the secret of the data folder that is backed up."""
    return read_state(filled_data_dir)


@pytest.mark.spec("BAK-020")
@pytest.mark.parametrize("create", ["create", "stream", "containers"])
@pytest.mark.parametrize("restore", ["restore", "restore-containers"])
def test_documented_backup_is_restored(
    filled_data_dir: Path, state: State, tmp_path: Path, create: str, restore: str
) -> None:
    run_documented(create, tmp_path, filled_data_dir)
    run_documented(restore, tmp_path, tmp_path / "elsewhere")

    assert read_state(tmp_path / "elsewhere") == state


@pytest.mark.spec("BAK-020")
def test_documented_backup_is_checked_and_opened(filled_data_dir: Path, state: State, tmp_path: Path) -> None:
    run_documented("create", tmp_path, filled_data_dir)
    run_documented("check", tmp_path, tmp_path / "unused")

    assert run_documented("secret", tmp_path, tmp_path / "unused").strip() == state[1]
    opened = run_documented("open", tmp_path, tmp_path / "unused")

    assert '"revision"' in opened
    assert "plants" in opened
    assert not (tmp_path / "unused").exists()


@pytest.mark.spec("BAK-020")
def test_documented_backup_without_tasks_is_opened(initialized_data_dir: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    shutil.copytree(initialized_data_dir, data_dir)
    (data_dir / "jwt_secret_key").write_text(SECRET)
    run_documented("create", tmp_path, data_dir)

    assert '"revision"' in run_documented("open", tmp_path, data_dir)


@pytest.mark.spec("BAK-020")
def test_documented_encryption_is_decrypted_by_the_service(filled_data_dir: Path, tmp_path: Path) -> None:
    run_documented("encrypt", tmp_path, filled_data_dir)

    assert verify(tmp_path / "todo.backup", (tmp_path / "passphrase").read_text().strip()).manifest.tables


@pytest.mark.spec("BAK-020")
def test_nightly_script_keeps_the_backups_of_two_weeks(filled_data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    subprocess.run(["touch", "-d", "20 days ago", tmp_path / "backups" / "todo-2026-11-01.backup"], check=True)

    run_documented("nightly", tmp_path, filled_data_dir, str(tmp_path / "backups"))

    [backup] = (tmp_path / "backups").iterdir()
    assert verify(backup).manifest.tables


def test_every_documented_command_is_run() -> None:
    tested = {"create", "stream", "encrypt", "restore", "check", "secret", "containers", "restore-containers"}

    assert set(COMMANDS) == tested | {"nightly", "open", "decrypt"}
