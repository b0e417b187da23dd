"""`backend/scripts/failover`: starts a cluster on loopback, harms it while clients write, and writes the table.

`docs/scale.md` explains the cluster and the results.
"""

import argparse
import json
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.failover.cluster import PATHS, Cluster
from benchmarks.failover.faults import FAULTS, PRIMARY_BEFORE
from benchmarks.failover.machines import PACKAGES, find_missing_packages, find_postgres, machines_in
from benchmarks.failover.writers import Outcome, Writers

RESULTS = Path(__file__).parents[1] / "results"
LIMIT_SECONDS = 600
QUIET_SECONDS = 3
"""How long clients write before a fault."""
RECOVERY_SECONDS = 90
"""How long the cluster may take until both nodes are in step again."""
HEAD = """\
| fault | way to PostgreSQL | longest gap | 5xx | slowest refusal | acknowledged | lost |
|---|---|---|---|---|---|---|"""


class FailoverError(Exception):
    """The cluster cannot run, or lost a write. The message has the reason."""


@dataclass(frozen=True)
class Measurement:
    """The outcome of one fault for the clients of one service."""

    fault: str
    path: str
    outcome: Outcome

    def row(self) -> str:
        """Return a row of the table."""
        outcome = self.outcome
        refusal = f"{outcome.slowest_refusal:.1f} s" if outcome.refusals else ""
        cells = (outcome.longest_gap, outcome.refusals, refusal, len(outcome.acknowledged), outcome.lost)
        return (
            f"| {self.fault} | {self.path} | {cells[0]:.1f} s | {cells[1]} | {cells[2]} | {cells[3]:,} | {cells[4]} |"
        )

    def raw(self) -> dict[str, object]:
        """Return the numbers for the JSON file."""
        outcome = self.outcome
        return {
            "fault": self.fault,
            "path": self.path,
            "longest_gap_seconds": round(outcome.longest_gap, 2),
            "statuses": {str(status): count for status, count in sorted(outcome.statuses.items())},
            "broken_connections": outcome.broken,
            "slowest_refusal_seconds": round(outcome.slowest_refusal, 2),
            "without_retry_after": outcome.without_retry_after,
            "acknowledged": len(outcome.acknowledged),
            "lost": outcome.lost,
        }

    def problem(self) -> str | None:
        """Return what breaks the promise of `docs/scale.md`, or None."""
        outcome = self.outcome
        if outcome.lost:
            return f"{outcome.lost} acknowledged tasks are lost"
        if set(outcome.statuses) - {200, 201, 503} or outcome.without_retry_after:
            return f"the statuses are {dict(outcome.statuses)}, {outcome.without_retry_after} without Retry-After"
        return None


def main() -> None:
    """Run the command."""
    options = _parser().parse_args()
    if missing := find_missing_packages(*PACKAGES):
        sys.exit(f"failover: install {' '.join(missing)} (apt-get install --no-install-recommends {' '.join(missing)})")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A background job of a script ignores SIGINT from its start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="todo-failover-"))
    folder.chmod(0o755)
    try:
        with machines_in(folder) as machines:
            cluster = Cluster(machines)
            print(f"starting etcd, Patroni, HAProxy, PgBouncer, Redis and two services in {folder} ...", flush=True)
            cluster.start()
            if options.serve:
                _wait(cluster)
            else:
                _measure(cluster, [fault for fault in FAULTS if options.only in fault])
    except (FailoverError, RuntimeError) as error:
        sys.exit(f"failover: {error}")
    except KeyboardInterrupt:
        print("stopped")
    shutil.rmtree(folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Harm a cluster on loopback while clients write.", prog="failover")
    parser.add_argument("--serve", action="store_true", help="start the cluster and wait for Ctrl-C")
    parser.add_argument("--only", default="", metavar="TEXT", help="the faults with this text in their name")
    return parser


def _wait(cluster: Cluster) -> None:
    """Print where the programs are, as lines for a shell, and wait for Ctrl-C."""
    folder = cluster.machines.folder
    print(f"front={cluster.front_url()}")
    print(f"state='patronictl -c {folder}/db1/patroni.yml'")
    print(f"folder={folder}")
    print(f"# services: {' '.join(map(cluster.url, PATHS.values()))}; logs: {folder}/*/*.log; Ctrl-C stops all")
    sys.stdout.flush()
    threading.Event().wait()


def _measure(cluster: Cluster, faults: list[str]) -> None:
    started_at = time.monotonic()
    services = [cluster.machines.processes[machine, "service"] for machine in PATHS.values()]
    print(HEAD)
    measurements: list[Measurement] = []
    for fault in faults:
        if time.monotonic() - started_at > LIMIT_SECONDS - RECOVERY_SECONDS:
            raise FailoverError(f"no time is left for: {fault}")
        for measurement in _measure_fault(cluster, fault):
            print(measurement.row(), flush=True)
            measurements.append(measurement)
    if any(service.poll() is not None for service in services):
        raise FailoverError(f"a service ended. The logs are in {cluster.machines.folder}")
    if faults == list(FAULTS):
        _save(measurements)
    if problems := [f"{item.fault}, {item.path}: {problem}" for item in measurements if (problem := item.problem())]:
        raise FailoverError("\n".join(problems))


def _measure_fault(cluster: Cluster, name: str) -> list[Measurement]:
    fault = FAULTS[name]
    primary = PRIMARY_BEFORE.get(fault)
    if primary is not None and cluster.find("leader") != primary:
        cluster.switch_over(primary)
        cluster.machines.wait("The recovery of the cluster", cluster.is_in_step, RECOVERY_SECONDS)
        # The service finds the new primary.
        time.sleep(QUIET_SECONDS)
    writers = {path: Writers(cluster.url(machine)) for path, machine in PATHS.items()}
    with ExitStack() as writing:
        for each in writers.values():
            writing.enter_context(each.writing())
        time.sleep(QUIET_SECONDS)
        fault(cluster)
        _wait_for_writes(cluster, list(writers.values()))
        cluster.machines.wait("The recovery of the cluster", cluster.is_in_step, RECOVERY_SECONDS)
        time.sleep(QUIET_SECONDS)
    return [Measurement(name, path, each.outcome) for path, each in writers.items()]


def _wait_for_writes(cluster: Cluster, writers: list[Writers]) -> None:
    """Return when each service acknowledges writes again."""
    counts = [len(each.outcome.acknowledged) for each in writers]
    cluster.machines.wait(
        "The next write",
        lambda: all(len(each.outcome.acknowledged) > count for each, count in zip(writers, counts, strict=True)),
        RECOVERY_SECONDS,
    )


def _save(measurements: list[Measurement]) -> None:
    postgres = find_postgres() or Path("postgres")
    version = subprocess.run([postgres / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    note = f"{version.strip()}, {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, all programs on one machine."
    table = "\n".join([HEAD, *(measurement.row() for measurement in measurements)])
    (RESULTS / "failover.md").write_text(f"{table}\n\n{note}\n")
    raw = {"note": note, "measurements": [measurement.raw() for measurement in measurements]}
    (RESULTS / "failover.json").write_text(json.dumps(raw, indent=1) + "\n")


if __name__ == "__main__":
    main()
