"""The curl and HTTPie commands of README.md and docs/tour.md, run as written against a running service."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.conftest import Service, environment, require

BACKEND = Path(__file__).parents[2]
DOCUMENTS = (BACKEND.parent / "README.md", BACKEND / "docs" / "tour.md")
BLOCK = re.compile(r"^```sh tour=(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOURS: dict[str, str] = dict(block for document in DOCUMENTS for block in BLOCK.findall(document.read_text()))


def run_tour(name: str, service: Service, folder: Path) -> str:
    """Run the commands of a tour in an empty folder and return their standard output."""
    shell = require("bash", "dash", "sh")
    if name != "httpie":
        require("curl")
    # Without this setting each HTTPie command starts a background process that looks for updates on the internet.
    (folder / "config.json").write_text('{"disable_update_warnings": true}')
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"

    process = subprocess.run(
        [shell, "-eu", "-c", TOURS[name].replace("http://localhost:8000", service.url)],
        cwd=folder,
        env=environment(PATH=path, HOME=str(folder), HTTPIE_CONFIG_DIR=str(folder)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@pytest.mark.parametrize("program", ["curl", "httpie"])
def test_tour_runs_as_written(service: Service, tmp_path: Path, program: str) -> None:
    output = run_tour(program, service, tmp_path)

    for expected in (
        '"created_at"',
        '"current":true',
        '"Water the plants"',
        '"total":1',
        '"completed":true',
        '"version":3',
        '"Water the ferns"',
        '"access_token"',
        '"Successfully logged out"',
    ):
        assert expected in re.sub(r'": ', '":', output), output
    assert output.count('"Pay the rent"') == 3, "two responses and a list with one task: " + output
    assert set(re.findall(r'"code": ?"(\w+)"', output)) == {"INVALID_PRIORITY", "PRECONDITION_FAILED"}, output


def test_tour_of_the_second_factor_runs_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("totp", service, tmp_path)

    assert re.findall(r'"totp_enabled":(\w+)', output) == ["false", "true", "false"], output
    assert re.findall(r'"code":"(\w+)"', output) == ["TOTP_REQUIRED", "INVALID_TOTP_CODE"], output
    assert output.count('"access_token"') == 2, output
    assert len((tmp_path / "recovery-codes.txt").read_text().split()) == 10


def test_readme_runs_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("readme", service, tmp_path)

    assert '"email":"me@example.com"' in output
    assert output.count('"Water the plants"') == 2, "the created task and a list with one task: " + output
    assert '"total":1' in output
    assert '"code"' not in output
