"""A real PostgreSQL of our own: found, initialised, started and stopped by the process that serves.

It listens on a Unix socket in a folder that only its owner can enter, so it needs no password and no port. Whoever
holds the lock on a data folder runs the server of that folder, and the server dies with its process.
"""

import contextlib
import fcntl
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

from todo.core.postgres.process import Binaries, EmbeddedPostgresError, find_binaries, plan_privileges

PORT = 5432
"""Names the socket's file; nothing listens on it."""
DATABASE = "todo"
SUPERUSER = "postgres"
SOCKET_PATH_MAX_BYTES = 107
WAIT_SECONDS = 60.0
POLL_SECONDS = 0.01
UNNOTICED_SECONDS = 1.0
"""How long the processes of a server that was killed have to notice it; one in the middle of a statement does not."""
INITDB_OPTIONS = ("-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
BUILTIN_LOCALE_OPTIONS = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
BUILTIN_LOCALE_SINCE = 17
# Errors of statements are ours to log; PostgreSQL's log would repeat them with the values that people typed.
SERVER_OPTIONS = ("listen_addresses=", "unix_socket_permissions=0700", f"port={PORT}", "log_min_messages=log",
                  "log_checkpoints=off", "timezone=UTC", "log_timezone=UTC")  # fmt: skip
THROW_AWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Options for tests: each write is the cheaper for what a crash of the machine may lose."""


class DataFolderInUseError(EmbeddedPostgresError):
    """Another process runs the server of this data folder."""


class EmbeddedPostgres:
    """The server of one data folder, from `start` to `stop`; as a context manager, for the length of a block.

    Args:
        data_dir: where it lives; made when missing, for the owner alone.
        options: further `name=value` settings of the server.
        report: is told, in a few words, of each step that may take long.
    """

    def __init__(
        self, data_dir: Path, options: tuple[str, ...] = (), report: Callable[[str], None] = lambda _: None
    ) -> None:
        self._root = data_dir.absolute()
        self._cluster = self._root / "postgres"
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
        """Return once the server accepts connections; the first time, make its cluster and database.

        Raises:
            DataFolderInUseError: another process runs the server of this folder.
            EmbeddedPostgresError: PostgreSQL cannot run here; the message says what to do.
        """
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _lock(self._root / "lock")
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data folder {self._root} cannot be used ({error.strerror}). Set DATA_DIR to another."
            ) from error
        try:
            self._end_orphan()
            binaries = find_binaries(self._major_on_disk())
            self._privileges = plan_privileges(binaries.folder, self._root)
            if not self._cluster.exists():
                self._initialise(binaries)
            self._privileges.hand_over(self._cluster)
            self._launch(binaries)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Disconnect all clients, write everything, end the server and give the folder back."""
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
        """Tell whether the server that was started has not ended."""
        return self._process is not None and self._process.poll() is None

    def restart(self) -> None:
        """Start the server again after it ended by itself.

        Raises:
            EmbeddedPostgresError: it does not start; the message has what it said.
        """
        self._end_orphan()
        self._launch(find_binaries(self._major_on_disk()))

    def url(self, database: str = DATABASE) -> str:
        """Return the address of one of this running server's databases."""
        return _url(_read_pid_file(self._cluster)[4], database)

    def _major_on_disk(self) -> int | None:
        try:
            return int((self._cluster / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def _end_orphan(self) -> None:
        """Wait for a server that outlived its process: it is stopping, or is told to now, for the lock is ours.

        Processes that outlived their server are killed if need be, since no other can start beside them.
        """
        fields = _read_pid_file(self._cluster)
        began = time.monotonic()
        while workers := _processes_working_in(self._cluster):
            waited = time.monotonic() - began
            if fields and int(fields[0]) in workers:
                _send(signal.SIGINT, int(fields[0]))
            elif waited > UNNOTICED_SECONDS:
                _send(signal.SIGKILL, *workers)
            if waited > WAIT_SECONDS:
                raise EmbeddedPostgresError(
                    f"An earlier PostgreSQL does not stop. End process {workers[0]}, then retry."
                )
            time.sleep(POLL_SECONDS)
        if fields and Path("/proc/self").exists():
            # After a crash a stranger may have the old server's number by now, and PostgreSQL would take it for that.
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _initialise(self, binaries: Binaries) -> None:
        """Make the cluster beside its place and move it there whole, so that a kill leaves all or nothing."""
        self._report(f"making a PostgreSQL {binaries.major} database in {self._root}")
        unfinished = self._root / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._privileges.hand_over(unfinished)
        locale = BUILTIN_LOCALE_OPTIONS if binaries.major >= BUILTIN_LOCALE_SINCE else ()
        self._run(binaries, ["initdb", "-D", str(unfinished), *INITDB_OPTIONS, *locale])
        self._run(
            binaries,
            ["postgres", "--single", "-D", str(unfinished), "postgres"],
            f"CREATE DATABASE {DATABASE};\n",
        )
        unfinished.rename(self._cluster)

    def _run(self, binaries: Binaries, command: list[str], stdin: str = "") -> None:
        done = subprocess.run(
            [binaries.folder / command[0], *command[1:]],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=self._root,
            env=_environment(),
            preexec_fn=self._privileges.drop,
        )
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")

    def _launch(self, binaries: Binaries) -> None:
        folder = self._socket_folder()
        quoted = str(folder).replace('"', '""')
        options = [f'unix_socket_directories="{quoted}"', *SERVER_OPTIONS, *self._options]
        log_path = self._root / "postgres.log"
        with log_path.open("ab") as log:
            start_of_log = log.tell()
            # A session of its own: a Ctrl-C in the terminal is for the service, which stops this server last.
            self._process = subprocess.Popen(
                [binaries.folder / "postgres", "-D", self._cluster, *(f"--{option}" for option in options)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._root,
                env=_environment(),
                start_new_session=True,
                preexec_fn=self._privileges.drop,  # noqa: PLW1509 -- it makes system calls only, and takes no lock
            )
        deadline = time.monotonic() + WAIT_SECONDS
        while not _accepts(self._cluster, self._process.pid):
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = log_path.read_bytes()[start_of_log:].decode(errors="replace").strip()
                raise EmbeddedPostgresError(f"PostgreSQL does not start. It said:\n{said}")
            time.sleep(POLL_SECONDS)

    def _socket_folder(self) -> Path:
        """Return a folder, made for its owner alone, whose path is short and plain enough for a socket."""
        folder = self._root / "run"
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}.lock")) > SOCKET_PATH_MAX_BYTES or "," in str(folder):
            digest = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"todo-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        self._privileges.hand_over(folder)
        state = folder.lstat()
        if state.st_uid != self._privileges.uid or state.st_mode & 0o077:
            raise EmbeddedPostgresError(
                f"{folder} belongs to somebody else or is open to others. Remove it, then retry."
            )
        return folder


def find_running(data_dir: Path, database: str = DATABASE) -> str | None:
    """Return the address of the server that another process runs in this data folder, or None."""
    cluster = data_dir.absolute() / "postgres"
    fields = _read_pid_file(cluster)
    return _url(fields[4], database) if fields and _accepts(cluster, int(fields[0])) else None


def _url(socket_folder: str, database: str) -> str:
    query = {"host": socket_folder, "port": str(PORT)}
    return URL.create("postgresql+asyncpg", username=SUPERUSER, database=database, query=query).render_as_string()


def _lock(path: Path) -> int:
    """Take the folder for this process; the kernel gives it back however the process ends."""
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


def _read_pid_file(cluster: Path) -> list[str]:
    """Return the lines of `postmaster.pid`: process, folder, start, port, socket folder, …, status; or none."""
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


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


def _accepts(cluster: Path, pid: int) -> bool:
    """Tell whether this process is the cluster's server and takes connections."""
    fields = _read_pid_file(cluster)
    if fields[:1] != [str(pid)] or fields[-1].strip() != "ready":
        return False
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(f"{fields[4]}/.s.PGSQL.{PORT}")
        return True
    return False


def _environment() -> dict[str, str]:
    """Return our environment without what would steer PostgreSQL elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
