"""The data folder of the embedded PostgreSQL: its lock, its pid file, and the processes that work in it."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from todo.core.postgres.process import EmbeddedPostgresError

PROCESSES = Path("/proc")
EXECUTABLE = "postgres"
DELETED = " (deleted)"
"""Linux adds this to the path of a removed executable, for example after an upgrade of the package."""
LOG_MAX_BYTES = 10_000_000
"""The size at which the log of PostgreSQL is moved to a second file, which replaces the previous one."""


class DataFolderInUseError(EmbeddedPostgresError):
    """Another process runs the server of this data folder."""


@dataclass(frozen=True)
class PidFile:
    """The file `postmaster.pid`, which PostgreSQL writes into its cluster.

    Attributes:
        pid: the process of the server.
        socket_folder: the folder of the server's Unix socket; empty while the server starts.
        is_ready: whether the server accepts connections.
    """

    pid: int
    socket_folder: str
    is_ready: bool


def acquire_lock(path: Path) -> int:
    """Lock a file for this process and return its descriptor. The kernel releases the lock when the process ends.

    Raises:
        DataFolderInUseError: another process has the lock.
        OSError: the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(descriptor, 20).decode() or "unknown"
        os.close(descriptor)
        raise DataFolderInUseError(
            f"The data folder {path.parent} is in use by another service (process {owner}). "
            "Stop that service, or set DATA_DIR to another folder."
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def read_pid_file(cluster: Path) -> PidFile | None:
    """Return the pid file of a cluster, or None if it is missing or damaged."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        # The lines are the pid, the cluster, the start time, the port, the socket folder, …, and the status.
        return PidFile(
            pid=int(lines[0]),
            socket_folder=lines[4] if len(lines) > 4 else "",  # noqa: PLR2004 -- see above
            is_ready=lines[-1].strip() == "ready",
        )
    except (OSError, ValueError, IndexError):
        return None


def find_processes(cluster: Path) -> list[int]:
    """Return the processes of PostgreSQL that work in a cluster. Other programs there, such as a shell, are not found.

    Without `/proc` (macOS) only the server itself is found, by its pid file.
    """
    if not PROCESSES.is_dir():
        pid_file = read_pid_file(cluster)
        return [pid_file.pid] if pid_file is not None and _is_server(pid_file.pid, cluster) else []
    pids = []
    for process in PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_inside = (process / "cwd").readlink() == cluster.resolve()
            if is_inside and (process / "exe").readlink().name.removesuffix(DELETED) == EXECUTABLE:
                pids.append(int(process.name))
    return pids


def _is_server(pid: int, cluster: Path) -> bool:
    """Tell whether `ps` shows a process as the server of a cluster."""
    ps = ["ps", "-ww", "-p", str(pid), "-o"]
    name, arguments = (
        subprocess.run([*ps, column], capture_output=True, text=True, check=False).stdout.strip()
        for column in ("comm=", "args=")
    )
    return Path(name).name == EXECUTABLE and str(cluster) in arguments


def send_signal(signal_: signal.Signals, *pids: int) -> None:
    """Send a signal to processes. Processes that have ended are skipped."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_)


def rotate_log(path: Path) -> None:
    """Move the log to `….1` if it is too long. The server keeps the file open, so the file is copied and emptied."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_MAX_BYTES:
            shutil.copyfile(path, path.with_name(f"{path.name}.1"))
            os.truncate(path, 0)
