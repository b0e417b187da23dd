"""Machines on loopback: each has an address, a folder with its files of `deploy/ha`, and programs that run."""

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from todo.core.postgres.process import Privileges, plan_privileges

FILES = Path(__file__).parents[2] / "deploy" / "ha"
NUMBERS = {"etcd1": 1, "etcd2": 2, "etcd3": 3, "db1": 1, "db2": 2, "app1": 11, "app2": 12, "redis": 21, "front": 31}
"""The names in the files, and the last number of their addresses. A machine can have two names."""
PACKAGES = {
    "/usr/bin/etcd": "etcd-server",
    "/usr/bin/patroni": "patroni",
    "/usr/sbin/haproxy": "haproxy",
    "/usr/sbin/pgbouncer": "pgbouncer",
    "/usr/bin/redis-server": "redis-server",
}
"""Programs and the packages of Debian that have them."""
POSTGRESQL = "postgresql"
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 -- a text that is replaced
OWN_ADDRESS = ("haproxy-postgres.cfg", "pgbouncer.ini")
"""Files in which 127.0.0.1 is the machine itself."""
STOP_SECONDS = 15
START_SECONDS = 60


def find_missing_packages(*programs: str) -> list[str]:
    """Return the packages of Debian that are not installed, of these programs and of PostgreSQL if Patroni is one."""
    missing = [PACKAGES[program] for program in programs if not Path(program).exists()]
    needs_postgres = "/usr/bin/patroni" in programs and find_postgres() is None
    return missing + [POSTGRESQL] * needs_postgres


def find_postgres() -> Path | None:
    """Return the `bin` folder of the newest PostgreSQL of Debian."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return next((folder for folder in reversed(folders) if (folder / "postgres").exists()), None)


def _find_free_network() -> str:
    """Return the first three numbers of loopback addresses that nothing listens on."""
    while True:
        network = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(254) + 1}"
        with contextlib.suppress(OSError), socket.create_server((f"{network}.1", 2379)):
            return network


@dataclass
class Machines:
    """The machines of one run. Each run has its own addresses, so that two runs can share a real machine."""

    folder: Path
    network: str = field(default_factory=_find_free_network)
    passwords: dict[str, str] = field(default_factory=dict)
    processes: dict[tuple[str, str], "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def address(self, name: str) -> str:
        """Return the address of a machine."""
        return f"{self.network}.{NUMBERS[name]}"

    def file(self, machine: str, name: str) -> Path:
        """Return a file of a machine, with addresses for names, folders of this run, and secrets."""
        path = self.folder / machine / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_text(self._rewrite(machine, name, (FILES / name).read_text()))
            shutil.copymode(FILES / name, path)
        return path

    def _rewrite(self, machine: str, name: str, text: str) -> str:
        own, folder = self.address(machine), self.folder / machine
        text = re.sub(r"\bTHIS_HOST(?=:\d)", own, text.replace(EVERY_ADDRESS, own))
        text = re.sub(rf"\b({'|'.join(NUMBERS)})(?=:\d)", lambda match: self.address(match[1]), text)
        text = re.sub(r"^    (user|group) haproxy\n", "", text, flags=re.MULTILINE)
        text = text.replace("bind :", f"bind {own}:").replace("bind * -::*", f"bind {own}")
        if name in OWN_ADDRESS:
            text = text.replace("127.0.0.1", own)
        text = re.sub(r"/etc/(haproxy|pgbouncer)(?=/)", str(folder), text)
        text = re.sub(r"/var/lib/(etcd|postgresql)(?=/)", rf"{folder}/\1", text)
        text = text.replace("/usr/lib/postgresql/15/bin", str(find_postgres()))
        return re.sub(r"CHANGE_[A-Z_]+", lambda match: self.secret(match[0]), text)

    def secret(self, name: str) -> str:
        """Return the secret for a placeholder."""
        return self.passwords.setdefault(name, secrets.token_hex(32))

    def start(self, machine: str, name: str, *command: str | Path, **variables: str) -> None:
        """Start a program of a machine under a name, not as root, with its output in `NAME.log`."""
        privileges = self._privileges()
        folder = self.folder / machine
        privileges.hand_over(folder)
        with (folder / f"{name}.log").open("ab") as log:
            self.processes[machine, name] = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **variables},
                start_new_session=True,
                preexec_fn=privileges.drop,  # noqa: PLW1509 -- `drop` only makes system calls and needs no lock
            )

    def _privileges(self) -> Privileges:
        return plan_privileges(find_postgres() or Path("/usr/bin"), self.folder)

    def run(self, machine: str, *command: str | Path, **variables: str) -> str:
        """Run a command to its end, as the user of the programs, and return its output."""
        completed = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder / machine,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **variables},
            timeout=START_SECONDS,
        )
        if completed.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{completed.stdout}{completed.stderr}")
        return completed.stdout

    def stop(self, machine: str, name: str, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        """Stop a program, and wait for its end."""
        process = self.processes.pop((machine, name))
        process.send_signal(signal.SIGCONT)
        process.send_signal(stop_signal)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop_all(self) -> None:
        """Stop all programs, the last one first, and PostgreSQL servers that Patroni left behind."""
        for machine, name in reversed(list(self.processes)):
            self.stop(machine, name)
        for machine in NUMBERS:
            for pid in self.postgres_pids(machine):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def postgres_pids(self, machine: str) -> list[int]:
        """Return the processes of the PostgreSQL of a machine, the first process first."""
        data = (self.folder / machine / "postgresql" / "todo").resolve()
        with contextlib.suppress(OSError, ValueError, IndexError):
            main = int((data / "postmaster.pid").read_text().split()[0])
            return sorted(_pids_in(data), key=lambda pid: (pid != main, pid))
        return _pids_in(data)

    def wait(self, what: str, condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
        """Return when the condition holds.

        Raises:
            RuntimeError: it does not hold in time. The message has the folder with the logs.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what} takes longer than {seconds} seconds. The logs are in {self.folder}")
            time.sleep(0.1)


def accepts_connections(address: str, port: int) -> bool:
    """Tell whether a program listens at an address."""
    with contextlib.suppress(OSError), socket.create_connection((address, port), 1):
        return True
    return False


@contextmanager
def machines_in(folder: Path) -> Iterator[Machines]:
    """Yield machines, and stop all their programs at the end."""
    machines = Machines(folder)
    try:
        yield machines
    finally:
        machines.stop_all()


def _pids_in(folder: Path) -> list[int]:
    """Return the processes that work in a folder."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == folder:
                pids.append(int(process.name))
    return pids
