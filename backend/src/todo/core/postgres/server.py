"""A PostgreSQL server that the service starts, stops and restarts itself (ADR 0009).

The server listens on a Unix socket in a folder of mode 0700, so it needs no password and no port. The process that
holds the lock on a data folder runs its server, and the server ends with that process.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from sqlalchemy import URL

from todo.core.postgres.data_folder import acquire_lock, find_processes, read_pid_file, rotate_log, send_signal
from todo.core.postgres.owner import OWNER, ensure_owner
from todo.core.postgres.process import (
    Binaries,
    EmbeddedPostgresError,
    find_binaries,
    inherited_environment,
    plan_privileges,
)

PORT = 5432
"""Part of the name of the socket. The server does not listen on this port."""
DATABASE = "todo"
SUPERUSER = "postgres"
MAINTENANCE_DATABASE = "postgres"
SOCKET_PATH_MAX_BYTES = 107
WAIT_SECONDS = 60.0
"""How long the server may take to begin to start, and to stop after each signal. Recovery has no limit."""
RECOVERY_REPORT_SECONDS = 10.0
"""How long a start may take before it is reported that the server recovers."""
POLL_SECONDS = 0.01
ORPHAN_GRACE_SECONDS = 1.0
"""How long processes that outlived their server may take to end. A process does not end while it runs a statement."""
INITDB_OPTIONS = ("-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
BUILTIN_LOCALE_OPTIONS = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
BUILTIN_LOCALE_SINCE = 17
# The service logs errors of statements itself. PostgreSQL's log would also have the values that users entered.
SERVER_OPTIONS = ("listen_addresses=", "unix_socket_permissions=0700", f"port={PORT}", "log_min_messages=log",
                  "log_checkpoints=off", "timezone=UTC", "log_timezone=UTC")  # fmt: skip
# glibc returns freed memory to the system after each statement, and fetches it again for the next one. While PostgreSQL
# keeps 4 MiB, a short read takes it about a tenth less time.
KEPT_MEMORY = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(4 * 2**20))
UNSAFE_BUT_FAST_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Options for tests. Writes are faster, but a crash of the machine can lose them."""


class EmbeddedPostgres:
    """The server of a data folder. It runs from `start` to `stop`, or for the length of a `with` block.

    Args:
        data_dir: the folder of the cluster, the lock and the log; created with mode 0700 if it is missing.
        options: additional `name=value` settings of the server.
        report: is called with a short message before a step that may take long.
    """

    def __init__(
        self, data_dir: Path, options: tuple[str, ...] = (), report: Callable[[str], None] = lambda _: None
    ) -> None:
        self._root = data_dir.absolute()
        self._cluster = self._root / "postgres"
        self._log = self._root / "postgres.log"
        self._options = options
        self._report = report
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, and return when it accepts connections. The first start creates the cluster.

        Raises:
            DataFolderInUseError: another process runs the server of this data folder.
            EmbeddedPostgresError: PostgreSQL cannot run. The message has the reason and the remedy.
        """
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = acquire_lock(self._root / "lock")
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data folder {self._root} cannot be used ({error.strerror}). "
                "Set DATABASE_URL to a PostgreSQL server that you run, or DATA_DIR to another folder."
            ) from error
        self._report("starting the embedded PostgreSQL")
        try:
            self._stop_orphan()
            binaries = find_binaries(self._read_cluster_major())
            self._privileges = plan_privileges(binaries.folder, self._root)
            if not self._cluster.exists():
                self._create_cluster(binaries)
            self._privileges.hand_over(self._cluster)
            self._launch(binaries)
            ensure_owner(self.admin_url(), self.admin_url(DATABASE), DATABASE)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server, which closes all connections and writes all data, and release the data folder."""
        if self._process is not None:
            for stop_signal in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                self._process.send_signal(stop_signal)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(WAIT_SECONDS)
                    break
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def is_running(self) -> bool:
        """Tell whether the server was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def restart(self, is_cancelled: Callable[[], bool]) -> None:
        """Start the server again after it ended unexpectedly.

        Args:
            is_cancelled: is called while the server recovers; True ends the wait.

        Raises:
            EmbeddedPostgresError: the server does not start. The message has its output.
        """
        self._stop_orphan()
        self._launch(find_binaries(self._read_cluster_major()), is_cancelled)

    def rotate_log(self) -> None:
        """Bound the size of the server's log."""
        rotate_log(self._log)

    def url(self) -> str:
        """Return the URL of the database of the service, with the role that owns it.

        Raises:
            EmbeddedPostgresError: the server does not run.
        """
        return self._url(OWNER, DATABASE)

    def admin_url(self, database: str = MAINTENANCE_DATABASE) -> str:
        """Return the URL of a database, as a superuser.

        Raises:
            EmbeddedPostgresError: the server does not run.
        """
        return self._url(SUPERUSER, database)

    def _url(self, role: str, database: str) -> str:
        pid_file = read_pid_file(self._cluster)
        if pid_file is None:
            raise EmbeddedPostgresError(f"No PostgreSQL runs in {self._root}.")
        return _make_url(pid_file.socket_folder, role, database)

    def _read_cluster_major(self) -> int | None:
        try:
            return int((self._cluster / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def _stop_orphan(self) -> None:
        """Stop an earlier server that outlived its owner. This process has the lock, so the server has no owner.

        Processes that outlived their server are killed, because a new server cannot start beside them.
        """
        pid_file = read_pid_file(self._cluster)
        started_at = time.monotonic()
        while pids := find_processes(self._cluster):
            waited_seconds = time.monotonic() - started_at
            if pid_file is not None and pid_file.pid in pids:
                send_signal(signal.SIGINT, pid_file.pid)
            elif waited_seconds > ORPHAN_GRACE_SECONDS:
                send_signal(signal.SIGKILL, *pids)
            if waited_seconds > WAIT_SECONDS:
                raise EmbeddedPostgresError(f"An earlier PostgreSQL does not stop. End process {pids[0]}, then retry.")
            time.sleep(POLL_SECONDS)
        if Path("/proc/self").exists():
            # After a crash another program may have this pid, and PostgreSQL would mistake it for the old server.
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _create_cluster(self, binaries: Binaries) -> None:
        """Create the cluster in another folder and rename that, so an interruption leaves no incomplete cluster."""
        self._report(f"creating a PostgreSQL {binaries.major} database in {self._root}")
        unfinished = self._root / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._privileges.hand_over(unfinished)
        locale = BUILTIN_LOCALE_OPTIONS if binaries.major >= BUILTIN_LOCALE_SINCE else ()
        self._run(binaries, ["initdb", "-D", str(unfinished), *INITDB_OPTIONS, *locale])
        unfinished.rename(self._cluster)

    def _run(self, binaries: Binaries, command: list[str]) -> None:
        completed = subprocess.run(
            [binaries.folder / command[0], *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd=self._root,
            env=inherited_environment(),
            preexec_fn=self._privileges.drop,
        )
        if completed.returncode != 0:
            raise EmbeddedPostgresError(f"{command[0]} failed: {completed.stderr.strip() or completed.stdout.strip()}")

    def _launch(self, binaries: Binaries, is_cancelled: Callable[[], bool] = lambda: False) -> None:
        quoted_folder = str(self._prepare_socket_folder()).replace('"', '""')
        options = [f'unix_socket_directories="{quoted_folder}"', *SERVER_OPTIONS, *self._options]
        self.rotate_log()
        with self._log.open("ab") as log:
            log_start = log.tell()
            self._process = subprocess.Popen(
                [binaries.folder / "postgres", "-D", self._cluster, *(f"--{option}" for option in options)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._root,
                env=inherited_environment() | KEPT_MEMORY,
                # Ctrl-C in the terminal must not reach the server, because the service stops the server last.
                start_new_session=True,
                preexec_fn=self._privileges.drop,  # noqa: PLW1509 -- `drop` only makes system calls and needs no lock
            )
        if not self._wait_until_ready(self._process, is_cancelled):
            output = self._log.read_bytes()[log_start:].decode(errors="replace").strip()
            raise EmbeddedPostgresError(f"PostgreSQL does not start. Its output:\n{output}")

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]", is_cancelled: Callable[[], bool]) -> bool:
        """Return True when the server accepts connections; False if it ended, does not begin or the wait is cancelled.

        Recovery after a crash can take many minutes. The pid file then has the process id of the server.
        """
        started_at = time.monotonic()
        is_reported = False
        while not _accepts_connections(self._cluster, process.pid):
            waited_seconds = time.monotonic() - started_at
            pid_file = read_pid_file(self._cluster)
            has_begun = pid_file is not None and pid_file.pid == process.pid
            if process.poll() is not None or is_cancelled() or (waited_seconds > WAIT_SECONDS and not has_begun):
                return False
            if waited_seconds > RECOVERY_REPORT_SECONDS and not is_reported:
                self._report("PostgreSQL recovers its data after a crash; this can take minutes")
                is_reported = True
            time.sleep(POLL_SECONDS)
        return True

    def _prepare_socket_folder(self) -> Path:
        """Return the folder of the socket; a temporary folder if PostgreSQL cannot use the data folder's path."""
        folder = self._root / "run"
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}.lock")) > SOCKET_PATH_MAX_BYTES or "," in str(folder):
            digest = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"todo-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        self._privileges.hand_over(folder)
        state = folder.lstat()
        if state.st_uid != self._privileges.uid or state.st_mode & 0o077:
            raise EmbeddedPostgresError(
                f"{folder} belongs to another user, or other users have access to it. Remove it, then retry."
            )
        return folder


def find_running(data_dir: Path) -> str | None:
    """Return the URL of the database of the server that another process runs in a data folder, or None."""
    cluster = data_dir.absolute() / "postgres"
    pid_file = read_pid_file(cluster)
    if pid_file is None or not _accepts_connections(cluster, pid_file.pid):
        return None
    return _make_url(pid_file.socket_folder, OWNER, DATABASE)


def _make_url(socket_folder: str, role: str, database: str) -> str:
    query = {"host": socket_folder, "port": str(PORT)}
    return URL.create("postgresql+asyncpg", username=role, database=database, query=query).render_as_string()


def _accepts_connections(cluster: Path, pid: int) -> bool:
    """Tell whether a process is the server of a cluster and accepts connections."""
    pid_file = read_pid_file(cluster)
    if pid_file is None or pid_file.pid != pid or not pid_file.is_ready:
        return False
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(f"{pid_file.socket_folder}/.s.PGSQL.{PORT}")
        return True
    return False
