"""`todo backup`: its file, its errors, its memory and its progress."""

import asyncio
import os
import pty
import stat
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.live.backups.conftest import insert_many_tasks, start_todo
from tests.live.conftest import LogIn, Service, environment, run_todo
from tests.services.backups.support import connect, insert_rows, verify
from tests.support import SECRET, MakeDatabase, wait_for_lock_waiters

MEASURE = "import resource, sys; from todo.cli import main; status = main(sys.argv[1:]); \
print(status, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
"""Runs the command and prints its exit status and its largest memory in KiB."""
MEMORY_MAX_KIB = 15_000
"""How much more memory 60 MB of rows may need than one row."""


@pytest.mark.spec("BAK-003")
def test_file_is_complete_private_and_not_overwritten(data_dir: Path, tmp_path: Path) -> None:
    first = run_todo("backup", "todo.backup", cwd=tmp_path, DATA_DIR=str(data_dir))
    content = (tmp_path / "todo.backup").read_bytes()
    second = run_todo("backup", "todo.backup", cwd=tmp_path, DATA_DIR=str(data_dir))

    assert first.returncode == 0, first.stderr
    assert "backed up 1 users and 1 tasks, not encrypted" in first.stderr
    assert stat.S_IMODE((tmp_path / "todo.backup").stat().st_mode) == 0o600
    assert second.returncode == 1
    assert "todo.backup exists" in second.stderr
    assert (tmp_path / "todo.backup").read_bytes() == content

    third = run_todo("backup", "--force", "todo.backup", cwd=tmp_path, DATA_DIR=str(data_dir))

    assert third.returncode == 0, third.stderr
    assert (tmp_path / "todo.backup").read_bytes() != content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "todo.backup"]


@pytest.mark.spec("BAK-003")
def test_failed_backup_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "todo.backup").write_text("old")
    url = "postgresql://127.0.0.1:1/todo"

    failed = run_todo("backup", "--force", "todo.backup", cwd=tmp_path, DATABASE_URL=url, JWT_SECRET_KEY=SECRET)

    assert failed.returncode == 1
    assert "cannot be used" in failed.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["todo.backup"]
    assert (tmp_path / "todo.backup").read_text() == "old"


@pytest.mark.spec("BAK-003")
async def test_terminated_backup_leaves_no_file(make_database: MakeDatabase, tmp_path: Path) -> None:
    url = await make_database()
    blocker, watcher = await connect(url), await connect(url)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE tasks")
        process = start_todo("backup", "todo.backup", cwd=tmp_path, DATABASE_URL=url, JWT_SECRET_KEY=SECRET)
        await wait_for_lock_waiters(watcher)

        process.terminate()
        _, errors = await asyncio.to_thread(process.communicate)

    await blocker.close()
    await watcher.close()
    assert (process.returncode, os.listdir(tmp_path)) == (1, []), errors  # noqa: PTH208 -- allowed in async functions
    assert "Traceback" not in errors


@pytest.mark.spec("BAK-003")
@pytest.mark.parametrize(
    ("name", "reason"),
    [(".", "is a folder"), ("none/todo.backup", "No such file"), ("/proc/todo.backup", "cannot be written")],
)
def test_unusable_file_is_named(data_dir: Path, tmp_path: Path, name: str, reason: str) -> None:
    failed = run_todo("backup", name, cwd=tmp_path, DATA_DIR=str(data_dir))

    assert failed.returncode == 1
    assert reason in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.spec("BAK-002", "BAK-004")
def test_backup_beside_a_running_service_is_written_to_standard_output(
    service: Service, log_in: LogIn, tmp_path: Path
) -> None:
    log_in(service, "backup@example.com").post("/tasks", json={"title": "Water the plants"})
    with (tmp_path / "todo.backup").open("wb") as output:
        process = subprocess.run(
            [sys.executable, "-m", "todo", "backup", "-"],
            cwd=tmp_path,
            env=environment(DATA_DIR=str(service.data_dir)),
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert process.returncode == 0, process.stderr
    assert verify(tmp_path / "todo.backup").secret == (service.data_dir / "jwt_secret_key").read_text()
    assert service.process.is_alive()


@pytest.mark.spec("BAK-004")
async def test_backup_of_database_url_has_the_secret_of_the_setting(
    make_database: MakeDatabase, tmp_path: Path
) -> None:
    url = await make_database()
    await insert_rows(url)

    without = run_todo("backup", "todo.backup", cwd=tmp_path, DATABASE_URL=url)
    completed = run_todo("backup", "todo.backup", cwd=tmp_path, DATABASE_URL=url, JWT_SECRET_KEY=SECRET)

    assert "JWT_SECRET_KEY should be set" in without.stderr
    assert completed.returncode == 0, completed.stderr
    assert verify(tmp_path / "todo.backup").secret == SECRET


@pytest.mark.spec("BAK-014")
def test_passphrase_comes_from_the_environment_or_a_file(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("correct horse\n")
    folder = str(data_dir)

    by_file = run_todo("backup", "1", "--passphrase-file", "passphrase", cwd=tmp_path, DATA_DIR=folder)
    missing = run_todo("backup", "2", "--passphrase-file", "none", cwd=tmp_path, DATA_DIR=folder)
    empty = run_todo("backup", "3", cwd=tmp_path, DATA_DIR=folder, TODO_BACKUP_PASSPHRASE="")
    read = run_todo("restore", "--print-secret", "1", cwd=tmp_path, TODO_BACKUP_PASSPHRASE="correct horse")
    wrong = run_todo("restore", "1", cwd=tmp_path, DATA_DIR=folder, TODO_BACKUP_PASSPHRASE="another")

    assert by_file.returncode == 0, by_file.stderr
    assert ", encrypted" in by_file.stderr
    assert "cannot be read" in missing.stderr
    assert "TODO_BACKUP_PASSPHRASE is empty" in empty.stderr
    assert read.stdout.strip() == (data_dir / "jwt_secret_key").read_text()
    assert (wrong.returncode, "passphrase is wrong" in wrong.stderr) == (1, True)


@pytest.mark.spec("BAK-014", "BAK-017")
def test_terminal_asks_for_the_passphrase_and_shows_bars(data_dir: Path, tmp_path: Path) -> None:
    output = run_on_terminal(
        ["backup", "--encrypt", "todo.backup"], tmp_path, environment(DATA_DIR=str(data_dir)), ["correct horse"] * 2
    )

    assert "tasks: 100%" in output
    assert "1/1" in output
    assert "correct horse" not in output
    assert verify(tmp_path / "todo.backup", "correct horse").manifest.tables


def run_on_terminal(arguments: list[str], cwd: Path, variables: dict[str, str], answers: list[str]) -> str:
    """Run `todo` on a terminal, answer its questions, and return its output."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvpe(sys.executable, [sys.executable, "-m", "todo", *arguments], variables)
    termios.tcsetwinsize(terminal, (24, 80))
    output, asked = "", 0
    while True:
        try:
            output += os.read(terminal, 1000).decode(errors="replace")
        except OSError:
            break
        if output.count("assphrase") > asked and output.rstrip("\n").endswith(": "):
            os.write(terminal, f"{answers[asked]}\n".encode())
            asked += 1
    _, status = os.waitpid(pid, 0)
    assert status == 0, output
    return output


@pytest.mark.spec("BAK-016")
async def test_memory_does_not_grow_with_the_data(make_database: MakeDatabase, tmp_path: Path) -> None:
    small_url, large_url, target_url = [await make_database() for _ in range(3)]
    for url in (small_url, large_url):
        await insert_rows(url)
    await insert_many_tasks(large_url, 60_000, description=1000)

    backups = [measure("backup", "small", tmp_path, small_url), measure("backup", "large", tmp_path, large_url)]
    restores = [measure("restore", name, tmp_path, target_url) for name in ("small", "large")]

    assert backups[1] - backups[0] < MEMORY_MAX_KIB
    assert restores[1] - restores[0] < MEMORY_MAX_KIB


def measure(command: str, name: str, cwd: Path, url: str) -> int:
    """Run a command in a new process and return its largest memory in KiB."""
    replace = ["--replace"] if command == "restore" else []
    process = subprocess.run(
        [sys.executable, "-c", MEASURE, command, *replace, name],
        cwd=cwd,
        env=environment(DATABASE_URL=url, JWT_SECRET_KEY=SECRET),
        capture_output=True,
        text=True,
        check=True,
    )
    status, memory = process.stdout.split()
    assert status == "0", process.stderr
    return int(memory)
