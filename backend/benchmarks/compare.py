"""The CPU time of several checkouts of the service, in alternating rounds.

    .venv/bin/python -m benchmarks.compare ../../before/backend .

Run it in `backend/`. Each argument is the `backend` folder of a checkout in which `scripts/bootstrap` was run, the
oldest first. Each checkout has its own PostgreSQL with its own test data. All get the same requests, those of this
checkout. They take turns, so a noisy machine affects all of them alike. The ratio is that of the last checkout to the
first, the median over the rounds.
"""

import argparse
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.load import OPERATIONS, drive, require_wrk
from benchmarks.seed import Person

FIRST_PORT = 8710
PEOPLE = 200
DEFAULT = "me,get one,list,filter,search,create,patch"


class Checkout(NamedTuple):
    """A checkout that serves: its address, the process of its service, the folder of its PostgreSQL, and its users."""

    address: str
    process: int
    cluster: Path
    people: list[Person]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description="Compare the CPU time of checkouts.", prog="benchmarks.compare")
    parser.add_argument("checkouts", nargs="+", help="the backend folders, the oldest first")
    parser.add_argument("--only", help="operations, separated by commas", default=DEFAULT)
    parser.add_argument("--rounds", type=int, default=8, help="rounds of each operation; the checkouts alternate")
    parser.add_argument("--seconds", type=int, default=2, help="duration of a round")
    options = parser.parse_args()
    if unknown := set(options.only.split(",")) - OPERATIONS.keys():
        parser.error(f"unknown operations: {', '.join(sorted(unknown))}")
    require_wrk()
    print(f"| operation | {' | '.join(f'{name}: CPU µs | of it PostgreSQL' for name in options.checkouts)} | ratio |")
    print(f"|---{'|---' * (2 * len(options.checkouts) + 1)}|")
    with ExitStack() as stack:
        checkouts = [
            stack.enter_context(_serving(Path(name).absolute(), FIRST_PORT + number))
            for number, name in enumerate(options.checkouts)
        ]
        for operation in options.only.split(","):
            rounds = [
                [_measure(checkout, operation, options.seconds) for checkout in checkouts]
                for _ in range(1 + options.rounds)
            ]
            columns = [zip(*costs, strict=True) for costs in zip(*rounds[1:], strict=True)]
            medians = [f"{median(parts):,.0f}" for column in columns for parts in column]
            ratio = median(costs[-1][0] / costs[0][0] for costs in rounds[1:])
            print("|", " | ".join([operation, *medians, f"{ratio:.2f}"]), "|", flush=True)


@contextmanager
def _serving(folder: Path, port: int) -> Iterator[Checkout]:
    """Run `checkout.py` with the packages and programs of a checkout."""
    python = str(folder / ".venv/bin/python")
    # A process that compiles its modules itself can be slower than one that reads them.
    subprocess.run([python, "-m", "compileall", "-q", "src"], cwd=folder, check=True)
    with subprocess.Popen(
        [python, Path(__file__).with_name("checkout.py"), str(port), str(PEOPLE)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            started: dict[str, Any] = json.loads(process.stdout.readline())
            people = [Person(**person) for person in started["people"]]
            yield Checkout(f"http://127.0.0.1:{port}", started["process"], Path(started["cluster"]), people)
        finally:
            process.stdin.close()


def _measure(checkout: Checkout, operation: str, seconds: int) -> tuple[float, float]:
    """Return the CPU microseconds of a request, and those of PostgreSQL in it."""
    address, process, cluster, people = checkout
    measurement = drive(operation, people, address, process, cluster, seconds)
    return measurement.cpu, measurement.database


if __name__ == "__main__":
    main()
