"""The limit of open files. Each test starts a process."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
from todo.http.protocol.limits import allow_connections
from todo.core.config import Settings
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(allow_connections(Settings(_env_file=None, max_connections=300)))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def run_with(soft: int, hard: int) -> tuple[list[str], str]:
    """Return the lines that the program prints with these limits, and its warnings."""
    command = [sys.executable, "-c", PROGRAM.format(soft=soft, hard=hard)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return result.stdout.split(), result.stderr


@pytest.mark.spec("PRO-014")
def test_raises_the_limit_to_what_the_connections_need() -> None:
    lines, warnings = run_with(100, 2000)

    assert (lines, warnings) == (["300", "455"], "")


@pytest.mark.spec("PRO-014")
def test_lowers_the_number_of_connections_to_the_limit_and_warns() -> None:
    lines, warnings = run_with(100, 256)

    assert lines == ["101", "256"]
    assert "accepts 101 connections instead of MAX_CONNECTIONS (300)" in warnings


@pytest.mark.spec("PRO-014")
def test_keeps_a_limit_that_is_high_enough() -> None:
    lines, _ = run_with(1000, 2000)

    assert lines == ["300", "1000"]
