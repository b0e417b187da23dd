"""The trial on one machine of `docs/scale.md`, as written."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from benchmarks.failover.machines import PACKAGES, find_postgres

from tests.live.conftest import require
from tests.live.failover.test_files import BACKEND, block

NAMES = ("front=", "state=", "folder=")
SCRIPT_SECONDS = 120


@pytest.fixture
def variables() -> Iterator[str]:
    """The three lines that `scripts/failover --serve` prints."""
    for program in PACKAGES:
        require(program)
    if find_postgres() is None:
        require("a postgresql in /usr/lib/postgresql")
    command = [sys.executable, "-m", "benchmarks.failover.run", "--serve"]
    with subprocess.Popen(command, cwd=BACKEND, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while len(lines) < len(NAMES):
            line = process.stdout.readline()
            assert line, "the cluster does not start"
            lines += [line] * line.startswith(NAMES)
        yield "".join(lines)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()


def run_script(script: str) -> "subprocess.CompletedProcess[str]":
    """Run a script with bash. If it takes too long, end it with its programs and return the output so far."""
    with subprocess.Popen(
        ["bash", "-euxo", "pipefail"],
        env={"PATH": f"/usr/sbin:{os.environ['PATH']}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, trace = process.communicate(script, timeout=SCRIPT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, trace = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, output, trace)


@pytest.mark.timeout(240)
@pytest.mark.spec("FAI-019")
def test_trial_leads_to_a_failover_without_loss(variables: str) -> None:
    completed = run_script(f"{variables}\n{block('try=use')}")

    assert completed.returncode == 0, completed.stdout + completed.stderr
    before, after = completed.stdout.split('"title":"Survive"', 1)
    assert "Sync Standby" in before
    assert '"total":2' in after
    leaders = re.findall(r"\| (db\d) .*Leader", completed.stdout)
    assert len(set(leaders)) == 2


@pytest.mark.spec("FAI-019")
def test_trial_installs_all_packages() -> None:
    packages = set(block("try=start").partition("\n")[0].split()) - {"apt-get", "install", "--no-install-recommends"}

    assert packages == {*PACKAGES.values(), "postgresql", "python3-etcd"}
