"""The processes of the embedded PostgreSQL: orphans, environment, recovery and log."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.core.postgres.conftest import postmaster_pid
from todo.core.postgres import data_folder, server
from todo.core.postgres.data_folder import find_processes
from todo.core.postgres.process import EmbeddedPostgresError, find_binaries
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres, find_running
from todo.core.postgres.supervisor import PostgresSupervisor


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, initialized_data_dir: Path) -> Path:
    """A data folder that was used before."""
    shutil.copytree(initialized_data_dir, tmp_path / "data")
    return tmp_path / "data"


@contextmanager
def running(command: list[str], folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program in a folder for the length of the block."""
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def read_environment(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


@pytest.mark.spec("OPS-040")
@pytest.mark.parametrize("subfolder", [".", "base"], ids=["cluster", "folder in the cluster"])
def test_start_leaves_a_shell_in_the_data_folder_alone(data_dir: Path, subfolder: str) -> None:
    with running(["sleep", "60"], data_dir / "postgres" / subfolder) as shell:
        with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS):
            pass

        assert shell.poll() is None


@pytest.mark.spec("OPS-040")
def test_start_leaves_another_program_of_postgresql_alone(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        pid_file = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
        psql = find_binaries(None).folder / "psql"
        backup = [str(psql), "-h", pid_file[4], "-U", "postgres", "-c", "SELECT pg_sleep(60)", "postgres"]
        with running(backup, data_dir / "postgres") as client:
            assert client.pid not in find_processes(data_dir / "postgres")
            assert postmaster_pid(data_dir) in find_processes(data_dir / "postgres")
            assert postgres.is_running()


@pytest.mark.spec("OPS-040")
def test_restart_leaves_an_editor_in_the_data_folder_alone(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS)
    postgres.start()
    with running([sys.executable, "-c", "import time; time.sleep(60)"], data_dir / "postgres") as editor:
        os.kill(postmaster_pid(data_dir), signal.SIGKILL)
        while postgres.is_running():
            time.sleep(0.01)
        postgres.restart(lambda: False)

        assert editor.poll() is None
    postgres.stop()


@pytest.mark.spec("OPS-041")
def test_server_sees_no_secret(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JWT_SECRET_KEY", "DATABASE_URL", "POSTGRES_PASSWORD", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a secret")

    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS):
        assert "a secret" not in read_environment(postmaster_pid(data_dir))


@pytest.mark.spec("OPS-041")
def test_restarted_server_sees_no_secret(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres, PostgresSupervisor(postgres):
        monkeypatch.setenv("JWT_SECRET_KEY", "a secret")
        killed = postmaster_pid(data_dir)
        os.kill(killed, signal.SIGKILL)
        wait_until_restarted(data_dir, killed)

        assert "a secret" not in read_environment(postmaster_pid(data_dir))


@pytest.mark.spec("OPS-041")
def test_server_keeps_the_variables_that_it_needs(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_MESSAGES", "C")

    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS):
        names = {line.partition("=")[0] for line in read_environment(postmaster_pid(data_dir)).split("\0")}

    assert {"PATH", "LC_MESSAGES"} <= names


@pytest.mark.spec("OPS-042")
def test_start_waits_for_a_long_recovery(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAIT_SECONDS", 0.5)
    monkeypatch.setattr(server, "RECOVERY_REPORT_SECONDS", 0.2)
    (data_dir / "postgres" / "recovery.signal").touch()
    options = (*UNSAFE_BUT_FAST_OPTIONS, "hot_standby=off", "restore_command=sleep 1; false")
    reports: list[str] = []

    postgres = EmbeddedPostgres(data_dir, options, reports.append)
    started_at = time.monotonic()
    postgres.start()
    waited_seconds = time.monotonic() - started_at
    monkeypatch.undo()
    postgres.stop()

    assert waited_seconds > 1
    assert reports[1:] == ["PostgreSQL recovers its data after a crash; this can take minutes"]


@pytest.mark.spec("OPS-042")
def test_long_recovery_is_ended_by_a_stop(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(
        data_dir, (*UNSAFE_BUT_FAST_OPTIONS, "hot_standby=off", "restore_command=sleep 2; false")
    )
    postgres.start()
    (data_dir / "postgres" / "recovery.signal").touch()
    supervisor = PostgresSupervisor(postgres)
    with supervisor:
        os.kill(postmaster_pid(data_dir), signal.SIGKILL)
        time.sleep(1.5)
        stopped_at = time.monotonic()

    assert time.monotonic() - stopped_at < 1
    postgres.stop()


@pytest.mark.spec("OPS-042")
def test_start_gives_up_on_a_server_that_never_begins(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAIT_SECONDS", 0.5)
    monkeypatch.setattr(server, "read_pid_file", lambda _: None)

    with pytest.raises(EmbeddedPostgresError, match="PostgreSQL does not start"):
        EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS).start()


@pytest.mark.spec("OPS-043")
def test_log_is_rotated_while_the_server_runs(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_folder, "LOG_MAX_BYTES", 20_000)
    log, previous = data_dir / "postgres.log", data_dir / "postgres.log.1"

    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres, PostgresSupervisor(postgres):
        deadline = time.monotonic() + 20
        while not previous.exists():
            assert time.monotonic() < deadline
            with log.open("a") as file:
                file.write("x" * 4000)
            time.sleep(0.01)
        time.sleep(0.5)

    assert log.stat().st_size < 400_000
    assert "database system is shut down" in log.read_text()


@pytest.mark.spec("OPS-043")
def test_long_log_is_rotated_at_the_start(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_folder, "LOG_MAX_BYTES", 1000)
    (data_dir / "postgres.log").write_text("old\n" * 1000)

    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS):
        assert "old" not in (data_dir / "postgres.log").read_text()
    assert "old" in (data_dir / "postgres.log.1").read_text()


@pytest.mark.spec("OPS-044")
def test_orphan_is_stopped_on_a_system_without_proc(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orphan = EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS)
    orphan.start()
    assert orphan._lock is not None
    os.close(orphan._lock)
    orphan._lock = None
    reaper = threading.Thread(target=lambda: orphan._process and orphan._process.wait())
    reaper.start()
    monkeypatch.setattr(data_folder, "PROCESSES", Path("/nonexistent/proc"))

    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        assert find_running(data_dir) == postgres.url()
    reaper.join()


@pytest.mark.spec("OPS-044")
def test_stranger_with_the_pid_of_the_server_is_left_alone_without_proc(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_folder, "PROCESSES", Path("/nonexistent/proc"))
    with running(["sleep", "60"], data_dir) as stranger:
        (data_dir / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n/\n0\n5432\n{data_dir / 'run'}\n")

        assert find_processes(data_dir / "postgres") == []


def wait_until_restarted(data_dir: Path, killed: int) -> None:
    """Wait until another server than the killed one accepts connections."""
    deadline = time.monotonic() + 20
    while find_running(data_dir) is None or postmaster_pid(data_dir) == killed:
        assert time.monotonic() < deadline
        time.sleep(0.05)
