"""The needs of an installation: cores, connections, memory, disk, WAL, streams and servers.

    .venv/bin/python -m benchmarks.model

The command runs in `backend/`. It reads the CPU time of requests (`results/usual.json`) and the sizes of a generated
year (`results/year.json`), and prints the table of docs/scale.md. `--help` lists the options that describe your users.
"""

import argparse
import json
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks.load import Measurement
from benchmarks.report import median_of
from benchmarks.run import RESULTS
from benchmarks.year import DAY

USERS = (10_000, 100_000, 1_000_000)
READS = {"list": 38, "filter": 6, "search": 2, "get one": 6, "me": 4}
"""The reads of an active user on a day, by operation of the benchmark. 18 of the lists stand for syncs of other
devices, one after each write.
"""
COST_OF_WRITE = {"create": "create", "complete": "patch", "edit": "patch", "tag": "patch", "delete": "patch"}
"""By write of `DAY`, the operation of the benchmark whose cost it has."""
GIB = 2**30


@dataclass(frozen=True)
class Profile:
    """How users behave.

    Attributes:
        active: the share of the users that use the service on a day.
        busiest_hour: the share of a day's requests in its busiest hour.
        listening: the share of the users with an open event stream in the busiest hour.
        log_ins: log-ins of an active user on a day, each with a password.
        years: years of data that are kept.
    """

    active: float = 0.4
    busiest_hour: float = 0.12
    listening: float = 0.2
    log_ins: float = 0.1
    years: float = 1


@dataclass(frozen=True)
class Capacity:
    """The capacity of a machine, and the measured needs of the service.

    Attributes:
        utilization: the share of a core that is used in the busiest hour.
        database_cores: cores of the PostgreSQL server.
        disk: bytes of its disk.
        connections: connections that it accepts.
        wal: bytes of WAL that it can write and copy in a day.
        pool: connections of a process, with the one that listens for changes.
        process: bytes of a process without streams.
        stream: bytes of an event stream.
        streams: event streams of a process (`MAX_STREAMS`).
        cached: the share of the data that is in the memory of PostgreSQL.
    """

    utilization: float = 0.5
    database_cores: int = 32
    disk: int = 2048 * GIB
    connections: int = 500
    wal: int = 500 * GIB
    pool: int = 11
    process: int = 100 * 2**20
    stream: int = 20 * 2**10
    streams: int = 10_000
    cached: float = 0.25


PROFILE, CAPACITY = Profile(), Capacity()


class Results(NamedTuple):
    """Measured costs: the CPU time of a request in µs by operation, and a generated year."""

    service: dict[str, float]
    database: dict[str, float]
    year: dict[str, Any]

    @property
    def user_year(self) -> float:
        """The bytes that a year of an active user leaves in the database."""
        stored = sum(int(table["bytes"]) for table in self.year["tables"].values())
        return stored / int(self.year["users"]) * 365 / int(self.year["days"])


class Need(NamedTuple):
    """The needs of an installation. Memory, disk and WAL are in bytes, and WAL is that of a day."""

    requests: float
    service_cores: float
    database_cores: float
    processes: int
    connections: int
    streams: int
    service_memory: float
    database_memory: float
    disk: float
    wal: float
    servers: int


def read_results() -> Results:
    """Return the results of the last runs."""
    usual = json.loads((RESULTS / "usual.json").read_text())
    year = json.loads((RESULTS / "year.json").read_text())
    measured = {name: [Measurement(**values) for values in servers["service"]] for name, servers in usual.items()}
    return Results(
        {name: median_of(measurements, "server") for name, measurements in measured.items()},
        {name: median_of(measurements, "database") for name, measurements in measured.items()},
        year,
    )


def need(users: int, results: Results, profile: Profile = PROFILE, capacity: Capacity = CAPACITY) -> Need:
    """Return the needs of a number of users in the busiest hour."""
    day = {**READS}
    for write, number in DAY.items():
        day[COST_OF_WRITE[write]] = day.get(COST_OF_WRITE[write], 0) + number
    active, a_second = users * profile.active, profile.busiest_hour / 3600
    service, database = (
        sum(number * cost[operation] for operation, number in day.items())
        / 1e6
        * active
        * a_second
        / capacity.utilization
        for cost in (results.service, results.database)
    )
    streams = math.ceil(users * profile.listening)
    processes = max(math.ceil(service), math.ceil(streams / capacity.streams), 1)
    connections = processes * capacity.pool
    disk = active * results.user_year * profile.years
    wal = active * sum(DAY.values()) * results.year["wal_bytes_per_write"]
    servers = max(
        *(math.ceil(database / capacity.database_cores), math.ceil(disk / capacity.disk)),
        *(math.ceil(connections / capacity.connections), math.ceil(wal / capacity.wal)),
    )
    return Need(
        requests=active * sum(day.values()) * a_second,
        service_cores=service,
        database_cores=database,
        processes=processes,
        connections=connections,
        streams=streams,
        service_memory=processes * capacity.process + streams * capacity.stream,
        database_memory=disk * capacity.cached,
        disk=disk,
        wal=wal,
        servers=servers,
    )


def limits(results: Results, profile: Profile = PROFILE, capacity: Capacity = CAPACITY) -> dict[str, int]:
    """Return by resource of one PostgreSQL server how many users use it up, the scarcest first."""
    million = need(1_000_000, results, profile, capacity)
    used = {
        "cores": million.database_cores / capacity.database_cores,
        "connections": million.connections / capacity.connections,
        "disk": million.disk / capacity.disk,
        "WAL": million.wal / capacity.wal,
    }
    return {name: int(1_000_000 / share) for name, share in sorted(used.items(), key=lambda item: -item[1])}


def table(results: Results, profile: Profile = PROFILE) -> str:
    """Return the needs of `USERS` and the limits of one server, as Markdown."""
    needs = [need(users, results, profile) for users in USERS]
    rows = {
        "requests/s in the busiest hour": [f"{one.requests:,.0f}" for one in needs],
        "cores for the service": [f"{one.service_cores:,.1f}" for one in needs],
        "processes (`WORKERS`, all machines)": [f"{one.processes:,}" for one in needs],
        "memory of the service, GiB": [f"{one.service_memory / GIB:,.1f}" for one in needs],
        "event streams": [f"{one.streams:,}" for one in needs],
        "cores for PostgreSQL": [f"{one.database_cores:,.1f}" for one in needs],
        "connections": [f"{one.connections:,}" for one in needs],
        "memory of PostgreSQL, GiB": [f"{one.database_memory / GIB:,.1f}" for one in needs],
        "disk after a year, GiB": [f"{one.disk / GIB:,.0f}" for one in needs],
        "WAL of a day, GiB": [f"{one.wal / GIB:,.1f}" for one in needs],
        "PostgreSQL servers (shards)": [f"{one.servers}" for one in needs],
    }
    lines = [f"| users | {' | '.join(f'{users:,}' for users in USERS)} |", "|---" * (len(USERS) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(values)} |" for name, values in rows.items()]
    reached = ", ".join(f"{name} {users:,}" for name, users in limits(results, profile).items())
    return "\n".join([*lines, "", f"Users that use up one PostgreSQL server: {reached}."])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compute the needs of an installation.")
    for name, default in vars(PROFILE).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=default)
    print(table(read_results(), Profile(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
