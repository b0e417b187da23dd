"""What a data folder tells of its PostgreSQL: whose it is, whether it runs, and what is left of an earlier one."""

import contextlib
import fcntl
import os
import signal
import socket
import threading
import time
from pathlib import Path

from todo.core.postgres_process import EmbeddedPostgresError

PORT = 5432
"""Names the socket's file; nothing listens on it."""
WAIT_SECONDS = 60.0
POLL_SECONDS = 0.01
UNNOTICED_SECONDS = 1.0
"""How long the processes of a server that was killed have to notice it; one in the middle of a statement does not."""


class DataFolderInUseError(EmbeddedPostgresError):
    """Another process runs the server of this data folder."""


def take_folder(path: Path) -> int:
    """Lock this file for our process and return its descriptor; the kernel gives it back however we end.

    Raises:
        DataFolderInUseError: another process has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(descriptor, 20).decode() or "unknown"
        os.close(descriptor)
        raise DataFolderInUseError(
            f"The data folder {path.parent} is in use by another service (process {owner}). "
            "Stop that one, or set DATA_DIR to another folder."
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def read_pid_file(cluster: Path) -> list[str]:
    """Return the lines of `postmaster.pid`: process, folder, start, port, socket folder, …, status; or none."""
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def accepts(cluster: Path, pid: int) -> bool:
    """Tell whether this process is the cluster's server and takes connections."""
    fields = read_pid_file(cluster)
    if fields[:1] != [str(pid)] or fields[-1].strip() != "ready":
        return False
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(f"{fields[4]}/.s.PGSQL.{PORT}")
        return True
    return False


def end_leftovers(cluster: Path, stopping: threading.Event) -> None:
    """Wait for a server that outlived its owner: it is stopping, or is told to now, for the lock is ours.

    Processes that outlived their server are killed if need be, since no other can start beside them. Returns early
    when `stopping` is set.

    Raises:
        EmbeddedPostgresError: they do not end.
    """
    fields = read_pid_file(cluster)
    began = time.monotonic()
    while workers := _processes_working_in(cluster):
        waited = time.monotonic() - began
        if fields and int(fields[0]) in workers:
            _send(signal.SIGINT, int(fields[0]))
        elif waited > UNNOTICED_SECONDS:
            _send(signal.SIGKILL, *workers)
        if waited > WAIT_SECONDS:
            raise EmbeddedPostgresError(f"An earlier PostgreSQL does not stop. End process {workers[0]}, then retry.")
        if stopping.wait(POLL_SECONDS):
            return
    if fields and Path("/proc/self").exists():
        # After a crash a stranger may have the old server's number by now, and PostgreSQL would take it for that.
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def _processes_working_in(cluster: Path) -> list[int]:
    """Return the processes whose working folder is the cluster, which every process of a PostgreSQL has."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == cluster.resolve():
                found.append(int(process.name))
    return found


def _send(signal_: signal.Signals, *processes: int) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal_)
