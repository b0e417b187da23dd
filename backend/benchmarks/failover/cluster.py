"""The cluster: etcd on three machines, Patroni on two of them, and two services on different ways to PostgreSQL."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.failover.machines import FILES, Machines, accepts_connections, find_postgres

NODES = ("db1", "db2")
ETCD_BESIDE = {"db1": "etcd1", "db2": "etcd2"}
"""The name that a machine with PostgreSQL has as a member of etcd."""
PATHS = {"two hosts in DATABASE_URL": "app1", "HAProxy and PgBouncer": "app2"}
"""The ways to PostgreSQL, and the machine of the service that uses each."""
SERVICE_PORT = 8000
REST_PORT = 8008
FRONT_PORT = 8080


@dataclass(frozen=True)
class Cluster:
    """Starts, observes and harms the programs."""

    machines: Machines

    def start(self) -> None:
        """Start all programs in the order of `docs/scale.md`, and return when both services respond."""
        for machine in ("etcd1", "etcd2", "etcd3"):
            self.start_etcd(machine)
        for machine in NODES:
            self.start_patroni(machine)
        self.machines.wait("The first synchronous standby", self.is_in_step)
        self._create_database()
        self._start_redis()
        self._start_proxies()
        self.start_service("app1", RATE_LIMIT_ENABLED="false")
        self.start_service("app2", RATE_LIMIT_ENABLED="false", DATABASE_URL=self._pooled_url())

    def start_etcd(self, machine: str) -> None:
        """Start the etcd of a machine."""
        self._start_with_env(machine, "etcd", "/usr/bin/etcd")

    def start_patroni(self, machine: str) -> None:
        """Start the Patroni of a machine, which starts PostgreSQL."""
        self._start_with_env(machine, "patroni", "/usr/bin/patroni", self.machines.file(machine, "patroni.yml"))

    def _start_with_env(self, machine: str, name: str, *command: str | Path) -> None:
        variables = self.machines.file(machine, f"{name}.env")
        self.machines.start(machine, name, FILES / "with-env", machine, variables, *command)

    def _create_database(self) -> None:
        psql = (find_postgres() or Path()) / "psql"
        hosts = ",".join(self.machines.address(machine) for machine in NODES)
        script = self.machines.file("app1", "create-database.sql")
        self.machines.run(
            "app1",
            *(psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={script}"),
            f"host={hosts} user=postgres dbname=postgres target_session_attrs=read-write",
            PGPASSWORD=self.machines.secret("CHANGE_SUPERUSER_PASSWORD"),
        )
        self.machines.run("app1", *self._todo("app1"), "migrate", "up")

    def _start_redis(self) -> None:
        start_redis(self.machines)

    def _start_proxies(self) -> None:
        configuration = self.machines.file("app2", "haproxy-postgres.cfg")
        self.machines.start("app2", "haproxy", "/usr/sbin/haproxy", "-db", "-f", configuration)
        self.machines.file("app2", "userlist.txt")
        self.machines.start("app2", "pgbouncer", "/usr/sbin/pgbouncer", self.machines.file("app2", "pgbouncer.ini"))
        start_front(self.machines)

    def _pooled_url(self) -> str:
        password = self.machines.secret("CHANGE_TODO_PASSWORD")
        return f"postgresql+asyncpg://todo:{password}@{self.machines.address('app2')}:6432/todo?statement_cache_size=0"

    def _todo(self, machine: str) -> list[str | Path]:
        return [Path(sys.executable).with_name("todo"), "--env-file", self.machines.file(machine, "todo.env")]

    def start_service(self, machine: str, **settings: str) -> None:
        """Start the service of a machine, and return when it is ready."""
        start_service(self.machines, machine, **settings)

    def url(self, machine: str) -> str:
        """Return the URL of the service of a machine."""
        return f"http://{self.machines.address(machine)}:{SERVICE_PORT}"

    def front_url(self) -> str:
        """Return the URL of HAProxy in front of both services."""
        return f"http://{self.machines.address('front')}:{FRONT_PORT}"

    def roles(self) -> dict[str, str]:
        """Return the role of each node that runs, from the first Patroni that responds."""
        for machine in NODES:
            try:
                with urlopen(f"http://{self.machines.address(machine)}:{REST_PORT}/cluster", timeout=2) as response:
                    members = json.load(response)["members"]
            except (URLError, OSError, ValueError, KeyError):
                continue
            return {member["name"]: member["role"] for member in members if member["state"] in ("running", "streaming")}
        return {}

    def is_in_step(self) -> bool:
        """Tell whether one node is the primary and the other one its synchronous standby."""
        return sorted(self.roles().values()) == ["leader", "sync_standby"]

    def has_leader(self) -> bool:
        """Tell whether a node is the primary."""
        return "leader" in self.roles().values()

    def find(self, role: str) -> str:
        """Return the node with a role."""
        return next(name for name, current in self.roles().items() if current == role)

    def switch_over(self, candidate: str) -> None:
        """Make a standby the primary, as an operator does, and return when the old primary follows it."""
        configuration = self.machines.file("db1", "patroni.yml")
        leader = self.find("leader")
        options = ("--leader", leader, "--candidate", candidate, "--force")
        self.machines.run("db1", "/usr/bin/patronictl", "-c", configuration, "switchover", *options)

    def pids(self, node: str) -> list[int]:
        """Return the processes of PostgreSQL, Patroni and etcd on the machine of a node."""
        programs = [(node, "patroni"), (ETCD_BESIDE[node], "etcd")]
        return self.machines.postgres_pids(node) + [self.machines.processes[program].pid for program in programs]

    def restart(self, node: str) -> None:
        """Start etcd and Patroni on the machine of a node again after they were killed."""
        for (machine, name), start in (
            ((ETCD_BESIDE[node], "etcd"), self.start_etcd),
            ((node, "patroni"), self.start_patroni),
        ):
            self.machines.processes[machine, name].wait()
            start(machine)


def start_redis(machines: Machines) -> None:
    """Start Redis."""
    machines.start("redis", "redis", "/usr/bin/redis-server", machines.file("redis", "redis.conf"))


def start_front(machines: Machines) -> None:
    """Start HAProxy in front of both services."""
    machines.file("front", "unavailable.http")
    configuration = machines.file("front", "haproxy-services.cfg")
    machines.start("front", "haproxy", "/usr/sbin/haproxy", "-db", "-f", configuration)


def start_service(machines: Machines, machine: str, **settings: str) -> None:
    """Start the service of a machine with its `todo.env`, and return when it accepts connections."""
    environment = machines.file(machine, "todo.env")
    command = [Path(sys.executable).with_name("todo"), "--env-file", environment, "serve"]
    address = machines.address(machine)
    with (machines.folder / machine / "service.log").open("ab") as log:
        machines.processes[machine, "service"] = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=machines.folder / machine,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PORT": str(SERVICE_PORT)} | settings,
            start_new_session=True,
        )
    machines.wait(f"The start of the service on {machine}", lambda: accepts_connections(address, SERVICE_PORT))
    time.sleep(0.1)
