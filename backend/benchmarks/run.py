"""The benchmark of the service and the limit, on one database, in alternating rounds.

`backend/scripts/bench --help` lists the options. `README.md` in this folder explains the results.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from benchmarks import report
from benchmarks.load import OPERATIONS, Measurement, drive, memory_of, require_wrk
from benchmarks.seed import Person, seed
from todo.core.database import migrator
from todo.core.postgres.server import DATABASE, EmbeddedPostgres

SECRET = "5eed" * 16
RESULTS = Path(__file__).parent / "results"
PORTS = {"limit": 8701, "service": 8702}
COMMANDS = {
    "limit": ["-m", "uvicorn", "benchmarks.limit:app", "--no-access-log", "--log-level=warning", "--port=8701"],
    "service": ["-m", "todo", "serve"],
}
SERVERS = ("limit", "service")


def main() -> None:
    """Measure, print the table, and save the results if asked to."""
    options = _parser().parse_args()
    require_wrk()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        url = postgres.url()
        migrator.upgrade(url)
        large, others = (100_000, 1800 - options.people) if options.large else (0, 0)
        people, largest = asyncio.run(seed(postgres.admin_url(DATABASE), SECRET, options.people, large, others))
        with serving("limit", url, 1) as limit, serving("service", url, options.workers) as service:
            processes = {"limit": limit[0], "service": service[0]}
            compare_bodies(people[0])
            cluster = Path(folder) / "postgres"
            rounds = _measure(options, people, processes, cluster)
            if largest:
                measured = _measure(options, largest, processes, cluster)
                rounds |= {f"{operation}, 100,000 tasks": measurements for operation, measurements in measured.items()}
            memory = memory_of(processes["service"])
        table = report.table(rounds, cold_start=service[1], memory=memory)
    print(table)
    if options.save:
        report.save(RESULTS, "large" if options.large else "usual", rounds, table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the CPU time of the service and of the limit.", prog="bench")
    parser.add_argument("--only", help="operations, separated by commas", default=",".join([*OPERATIONS, "mixed"]))
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each operation; the servers alternate")
    parser.add_argument("--seconds", type=int, default=4, help="duration of a round")
    parser.add_argument("--people", type=int, default=200, help="users with 500 tasks each")
    parser.add_argument("--large", action="store_true", help="a million tasks, 100,000 of them of one user")
    parser.add_argument("--workers", type=int, default=1, help="processes of the service")
    parser.add_argument("--save", action="store_true", help="write the results to benchmarks/results")
    parser.add_argument("--tiny", action=Tiny, nargs=0, default=False, help="a check that the script works")
    return parser


class Tiny(argparse.Action):
    """Sets the other options to their smallest values."""

    def __call__(self, _parser: object, options: argparse.Namespace, *_: object) -> None:
        """Set the options."""
        options.tiny, options.only, options.rounds, options.seconds, options.people = True, "me,mixed", 1, 1, 3


@contextmanager
def serving(name: str, url: str, workers: int) -> Iterator[tuple[int, float]]:
    """Run a server, and yield its process id and the seconds from the start to the first response."""
    settings = {"DATABASE_URL": url, "JWT_SECRET_KEY": SECRET, "RATE_LIMIT_ENABLED": "false", "WORKERS": str(workers)}
    environment = os.environ | settings | {"PORT": str(PORTS[name])}
    started_at = time.monotonic()
    process = subprocess.Popen([sys.executable, *COMMANDS[name]], env=environment, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                urlopen(f"http://127.0.0.1:{PORTS[name]}/health").close()
                break
            except URLError:
                assert process.poll() is None, f"the {name} ended"
                time.sleep(0.005)
        yield process.pid, time.monotonic() - started_at
    finally:
        process.terminate()
        process.wait()


def compare_bodies(person: Person) -> None:
    """Check that both servers return the same body for each GET."""
    for name, (method, path, _) in OPERATIONS.items():
        if method != "GET":
            continue
        url_path = path.format(id=person.first_task, digit=3)
        limit_body, service_body = ({**_read(server, url_path, person), "next_cursor": None} for server in SERVERS)
        assert limit_body == service_body, f"{name}: {limit_body} is not {service_body}"


def _read(server: str, path: str, person: Person) -> dict[str, object]:
    request = Request(
        f"http://127.0.0.1:{PORTS[server]}/api/v1{path}", headers={"Authorization": f"Bearer {person.token}"}
    )
    with urlopen(request) as response:
        body: dict[str, object] = json.load(response)
        return body


def _measure(
    options: argparse.Namespace, people: list[Person], processes: dict[str, int], cluster: Path
) -> dict[str, dict[str, list[Measurement]]]:
    """Return the measurements of each operation and server, one a round."""
    rounds: dict[str, dict[str, list[Measurement]]] = {}
    for operation in options.only.split(","):
        rounds[operation] = {server: [] for server in SERVERS}
        for server in SERVERS:
            _drive(operation, people, server, processes, cluster, options.seconds)
        for _ in range(options.rounds):
            for server in SERVERS:
                measurement = _drive(operation, people, server, processes, cluster, options.seconds)
                rounds[operation][server].append(measurement)
    return rounds


def _drive(
    operation: str, people: list[Person], server: str, processes: dict[str, int], cluster: Path, seconds: int
) -> Measurement:
    return drive(operation, people, f"http://127.0.0.1:{PORTS[server]}", processes[server], cluster, seconds)


if __name__ == "__main__":
    main()
