"""The CPU time of several checkouts of the service, in alternating rounds.

    .venv/bin/python -m benchmarks.compare ../../before/backend .

Each argument is the `backend` folder of a checkout in which `scripts/bootstrap` was run. Each checkout has its own
PostgreSQL, and is measured by its own programs of this folder. A noisy machine affects all of them alike.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import IO

from benchmarks import run
from benchmarks.load import drive
from benchmarks.seed import seed
from todo.core.database import migrator
from todo.core.postgres.server import DATABASE, EmbeddedPostgres

FIRST_PORT = 8710
PEOPLE = 200
OPERATIONS = "me,get one,list,filter,search,create,patch"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="Compare the CPU time of checkouts.", prog="benchmarks.compare")
    parser.add_argument("checkouts", nargs="*", help="the backend folders")
    parser.add_argument("--only", help="operations, separated by commas", default=OPERATIONS)
    parser.add_argument("--rounds", type=int, default=8, help="rounds of each operation; the checkouts alternate")
    parser.add_argument("--seconds", type=int, default=2, help="duration of a round")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        _serve(options.serve)
        return
    if not options.checkouts:
        parser.error("name at least one backend folder")
    print(f"| operation | {' | '.join(f'{name}: CPU µs | of it PostgreSQL' for name in options.checkouts)} | ratio |")
    print(f"|---{'|---' * (2 * len(options.checkouts) + 1)}|")
    with ExitStack() as stack:
        processes = [stack.enter_context(_start(name, number)) for number, name in enumerate(options.checkouts)]
        for operation in options.only.split(","):
            rounds = [
                [_ask(process, operation, options.seconds) for process in processes] for _ in range(1 + options.rounds)
            ]
            columns = [zip(*costs, strict=True) for costs in zip(*rounds[1:], strict=True)]
            medians = [f"{median(parts):,.0f}" for column in columns for parts in column]
            ratio = median(costs[-1][0] / costs[0][0] for costs in rounds[1:])
            print("|", " | ".join([operation, *medians, f"{ratio:.2f}"]), "|", flush=True)


def _start(checkout: str, number: int) -> subprocess.Popen[str]:
    """Run this program as the server of a checkout, and wait until it is ready."""
    command = [str(Path(checkout).absolute() / ".venv/bin/python"), __file__, f"--serve={FIRST_PORT + number}"]
    environment = os.environ | {"PYTHONPATH": str(Path(checkout).absolute())}
    process = subprocess.Popen(
        command, cwd=checkout, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert _output(process).readline(), f"{checkout} did not start"
    return process


def _ask(process: subprocess.Popen[str], operation: str, seconds: int) -> list[float]:
    """Return the CPU microseconds of a request, and those of PostgreSQL in it."""
    assert process.stdin is not None
    process.stdin.write(json.dumps([operation, seconds]) + "\n")
    process.stdin.flush()
    costs: list[float] = json.loads(_output(process).readline())
    return costs


def _output(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def _serve(port: int) -> None:
    """Serve the checkout of the working folder, and measure it as often as the standard input asks."""
    run.PORTS["service"] = port
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        migrator.upgrade(postgres.url())
        people, _ = asyncio.run(seed(postgres.admin_url(DATABASE), run.SECRET, PEOPLE, 0, 0))
        with run.serving("service", postgres.url(), 1) as (process, _):
            print("ready", flush=True)
            for line in sys.stdin:
                operation, seconds = json.loads(line)
                address, cluster = f"http://127.0.0.1:{port}", Path(folder) / "postgres"
                measurement = drive(operation, people, address, process, cluster, seconds)
                print(json.dumps([measurement.cpu, measurement.database]), flush=True)


if __name__ == "__main__":
    main()
