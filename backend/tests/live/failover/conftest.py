"""Two PostgreSQL servers in synchronous replication, and machines on loopback with the files of `deploy/ha`."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from benchmarks.failover.machines import Machines, machines_in
from benchmarks.failover.writers import Outcome

from todo.core.postgres.process import Privileges, find_binaries, plan_privileges

ADMIN = "postgres"
PRIMARY, STANDBY = "a", "b"
OPTIONS = ("fsync=off", "listen_addresses=", "wal_level=replica", "max_connections=30")
INITDB = ("-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-U", ADMIN)


@dataclass
class Pair:
    """A primary and its synchronous standby. Each listens on a socket in its own folder."""

    folder: Path
    privileges: Privileges
    binaries: Path
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def create(self) -> None:
        """Create both servers, and return when each commit waits for the standby."""
        self.run("initdb", "-D", self.data(PRIMARY), *INITDB)
        self.launch(PRIMARY)
        self.sql(PRIMARY, "CREATE DATABASE todo")
        self.run(
            "pg_basebackup",
            "-h",
            self.folder,
            "-p",
            port(PRIMARY),
            "-U",
            ADMIN,
            "-D",
            self.data(STANDBY),
            "-R",
            "-c",
            "fast",
        )
        self.launch(STANDBY)
        self.sql(PRIMARY, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.sql(PRIMARY, "SELECT pg_reload_conf()")
        while self.sql(PRIMARY, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1":
            pass

    def data(self, name: str) -> Path:
        """Return the data folder of a server."""
        return self.folder / name

    def url(self, *names: str) -> str:
        """Return the URL of the database with these servers as hosts."""
        folders = ",".join(str(self.folder) for _ in names)
        return f"postgresql://{ADMIN}@/todo?host={quote(folders)}&port={','.join(map(port, names))}"

    def launch(self, name: str) -> None:
        """Start a server, and return when it accepts connections."""
        own = (f"port={port(name)}", f"unix_socket_directories={self.folder}")
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.data(name), *(f"--{option}" for option in (*OPTIONS, *own))],
                stdout=log,
                stderr=log,
                preexec_fn=self.privileges.drop,  # noqa: PLW1509 -- `drop` only makes system calls
            )
        self.run("pg_ctl", "-D", self.data(name), "status")
        while self.call("pg_isready", "-h", self.folder, "-p", port(name)).returncode:
            assert self.processes[name].poll() is None, (self.folder / f"{name}.log").read_text()

    def promote(self) -> None:
        """Make the standby a primary, and return when it accepts writes."""
        self.run("pg_ctl", "promote", "-D", self.data(STANDBY), "--wait")

    def send(self, name: str, sent: signal.Signals) -> None:
        """Send a signal to all processes of a server."""
        for pid in self.pids(name):
            os.kill(pid, sent)

    def pids(self, name: str) -> list[int]:
        """Return the processes of a server, which work in its data folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").readlink() == self.data(name).resolve():
                    found.append(int(process.name))
            except OSError:
                continue
        return found

    def sql(self, name: str, statement: str) -> str:
        """Run a statement as a superuser and return its first value."""
        options = ("--no-psqlrc", "--tuples-only", "--no-align", "-h", self.folder, "-p", port(name), "-U", ADMIN)
        return self.run("psql", *options, "-c", statement, "postgres").strip()

    def run(self, program: str, *arguments: str | Path) -> str:
        """Run a program of PostgreSQL to its end and return its output."""
        completed = self.call(program, *arguments)
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed.stdout

    def call(self, program: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run a program of PostgreSQL to its end."""
        return subprocess.run(
            [self.binaries / program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            timeout=30,
            preexec_fn=self.privileges.drop,
        )

    def close(self) -> None:
        """Kill both servers."""
        for name, process in self.processes.items():
            self.send(name, signal.SIGKILL)
            process.wait()


def port(name: str) -> str:
    """Return the port of a server, which is a part of the name of its socket."""
    return {PRIMARY: "5432", STANDBY: "5433"}[name]


def assert_nothing_lost(outcome: Outcome) -> None:
    """Check that all acknowledged writes are stored, and that errors are 503 with Retry-After."""
    assert outcome.lost == 0
    assert set(outcome.statuses) <= {200, 201, 503}
    assert outcome.without_retry_after == 0


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two servers in synchronous replication."""
    folder = tmp_path / "pair"
    folder.mkdir()
    binaries = find_binaries(None).folder
    privileges = plan_privileges(binaries, folder)
    privileges.hand_over(folder)
    with closing(Pair(folder, privileges, binaries)) as servers:
        servers.create()
        yield servers


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    """Machines on loopback, whose programs stop at the end of the test."""
    with machines_in(tmp_path) as loopback:
        yield loopback
