"""Commands of docs/operate.md for systemd and for an examination, as written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.conftest import environment, require
from tests.support import SECRET

OPERATE = (Path(__file__).parents[3] / "docs" / "operate.md").read_text()
DOCTOR = re.search(r"^```sh run=doctor\n(.*?)^```", OPERATE, re.MULTILINE | re.DOTALL)
ROTATION = re.search(r"- \*\*Under systemd\*\*.*?```sh\n(.*?)  ```", OPERATE, re.DOTALL)


def run_script(script: str, folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a script with the command `todo`, and with a `systemctl` that does nothing."""
    systemctl = folder / "systemctl"
    systemctl.write_text("#!/bin/sh\n")
    systemctl.chmod(0o755)
    path = f"{folder}:{Path(sys.executable).parent}:{environment()['PATH']}"
    command = [require("bash", "dash", "sh"), "-eu", "-c", script]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(PATH=path, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


@pytest.mark.spec("OPR-010")
def test_doctor_runs_as_documented(tmp_path: Path) -> None:
    assert DOCTOR is not None

    output = run_script(DOCTOR[1], tmp_path, DATA_DIR=str(tmp_path / "data")).stdout

    assert output.startswith("ok       settings: All settings are valid\n")
    assert '"check": "settings"' in output


@pytest.mark.spec("INS-003")
def test_secret_is_rotated_under_systemd_as_documented(tmp_path: Path) -> None:
    assert ROTATION is not None
    env_file, secret = tmp_path / "todo.env", tmp_path / "jwt_secret_key"
    env_file.write_text("DATA_DIR=/var/lib/todo\n")
    secret.write_text(SECRET)
    script = (
        ROTATION[1].replace("/etc/todo/todo.env", str(env_file)).replace("/var/lib/todo/jwt_secret_key", str(secret))
    )

    run_script(script, tmp_path)

    assert env_file.read_text() == f"DATA_DIR=/var/lib/todo\nJWT_SECRET_KEY_PREVIOUS={SECRET}\n"
    assert not secret.exists()
