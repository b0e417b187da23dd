"""The README's tours, run as they are written against a running service."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.conftest import Service, environment, require

README = Path(__file__).parents[3] / "README.md"
BLOCK = re.compile(r"^```sh tour=(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOURS = dict(BLOCK.findall(README.read_text()))


@pytest.mark.parametrize("program", ["curl", "httpie"])
def test_the_tour_runs_as_written(service: Service, tmp_path: Path, program: str) -> None:
    shell = require("bash", "dash", "sh")
    binaries = Path(sys.executable).parent
    if program == "curl":
        require("curl")
    # Else each call leaves a process behind that looks for news of HTTPie, elsewhere.
    (tmp_path / "config.json").write_text('{"disable_update_warnings": true}')
    path = f"{binaries}:{environment()['PATH']}"
    script = TOURS[program].replace("http://localhost:8000", service.url)

    done = subprocess.run(
        [shell, "-eu", "-c", script],
        cwd=tmp_path,
        env=environment(PATH=path, HOME=str(tmp_path), HTTPIE_CONFIG_DIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    said = done.stdout
    assert done.returncode == 0, said + done.stderr
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
        assert expected in re.sub(r'": ', '":', said), said
    assert said.count('"Pay the rent"') == 3, "two answers and a list of one: " + said
    assert set(re.findall(r'"code": ?"(\w+)"', said)) == {"INVALID_PRIORITY", "PRECONDITION_FAILED"}, said
