"""The faults. Each is a function that harms the cluster and returns when the harm is over."""

import contextlib
import os
import signal
import time
from collections.abc import Callable

from benchmarks.failover.cluster import NODES, Cluster

FREEZE_SECONDS = 15
"""Shorter than Patroni's `ttl` of 20 seconds."""
LONG_FREEZE_SECONDS = 40
"""Longer than `ttl`."""


def kill_postgres(cluster: Cluster) -> None:
    """Kill the PostgreSQL of the primary. Its Patroni starts it again."""
    send(signal.SIGKILL, cluster.machines.postgres_pids(cluster.find("leader"))[:1])


def kill_machine(cluster: Cluster) -> None:
    """Kill PostgreSQL, Patroni and etcd of the primary, and start them again after the failover."""
    leader = cluster.find("leader")
    send(signal.SIGKILL, cluster.pids(leader))
    cluster.machines.wait(
        "The failover", lambda: "leader" in cluster.roles().values() and cluster.find("leader") != leader
    )
    cluster.restart(leader)


def switch_over(cluster: Cluster) -> None:
    """Make the standby the primary, as before the maintenance of a machine."""
    cluster.switch_over(cluster.find("sync_standby"))


def freeze_postgres(cluster: Cluster) -> None:
    """Freeze the PostgreSQL of the primary for less than `ttl`."""
    _freeze(cluster.machines.postgres_pids(cluster.find("leader")), FREEZE_SECONDS)


def freeze_first_host(cluster: Cluster) -> None:
    """Freeze the machine of the first host in DATABASE_URL, which is the standby."""
    _freeze(cluster.pids(NODES[0]), LONG_FREEZE_SECONDS)


def freeze_primary(cluster: Cluster) -> None:
    """Freeze the machine of the primary, which is the first host in DATABASE_URL, for longer than `ttl`."""
    _freeze(cluster.pids(NODES[0]), LONG_FREEZE_SECONDS)


def _freeze(pids: list[int], seconds: float) -> None:
    send(signal.SIGSTOP, pids)
    try:
        time.sleep(seconds)
    finally:
        send(signal.SIGCONT, pids)


def send(sent: signal.Signals, pids: list[int]) -> None:
    """Send a signal to processes. A process of PostgreSQL can end by itself at any moment."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sent)


Fault = Callable[[Cluster], None]
FAULTS: dict[str, Fault] = {
    "PostgreSQL of the primary killed": kill_postgres,
    "machine of the primary killed": kill_machine,
    "planned switchover": switch_over,
    f"PostgreSQL of the primary frozen for {FREEZE_SECONDS} s": freeze_postgres,
    f"machine of the standby, the first host, frozen for {LONG_FREEZE_SECONDS} s": freeze_first_host,
    f"machine of the primary, the first host, frozen for {LONG_FREEZE_SECONDS} s": freeze_primary,
}
PRIMARY_BEFORE: dict[Fault, str] = {freeze_first_host: NODES[1], freeze_primary: NODES[0]}
"""The node that has to be the primary before a fault."""
