"""`todo restore`: data and secret together, on the embedded database and on DATABASE_URL."""

import asyncio
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from tests.live.backups.conftest import read_state
from tests.live.conftest import LogIn, Service, Start, environment, run_todo
from tests.services.backups.support import connect, read_rows, verify
from tests.services.backups.support import restore as restore_within
from tests.support import SECRET
from todo.cli.secret_file import stage_restored_secret
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres


@pytest.mark.spec("BAK-001", "BAK-018")
def test_log_ins_and_data_continue_after_a_restore_elsewhere(start: Start, log_in: LogIn, tmp_path: Path) -> None:
    service = start()
    client = log_in(service)
    client.post("/tasks", json={"title": "Water the plants"}, headers={"Idempotency-Key": "a"})
    backup = run_todo("backup", "todo.backup", cwd=tmp_path, DATA_DIR=str(service.data_dir))
    assert backup.returncode == 0, backup.stderr

    restored = run_todo("restore", "todo.backup", cwd=tmp_path, DATA_DIR=str(tmp_path / "elsewhere"))

    assert restored.returncode == 0, restored.stderr
    client.base_url = f"{start(tmp_path / 'elsewhere').url}/api/v1"
    repeated = client.post("/tasks", json={"title": "Water the plants"}, headers={"Idempotency-Key": "a"})
    assert repeated.headers["Idempotency-Replayed"] == "true"
    assert [task["title"] for task in client.get("/tasks").json()["items"]] == ["Water the plants"]
    assert len(client.get("/auth/sessions").json()) == 1
    assert client.post("/tasks", json={"title": "Pay the rent"}).status_code == 201


@pytest.mark.spec("BAK-013")
def test_restore_beside_a_running_service_is_rejected(service: Service, large_backup: Path, tmp_path: Path) -> None:
    rejected = run_todo("restore", "--replace", str(large_backup), cwd=tmp_path, DATA_DIR=str(service.data_dir))

    assert rejected.returncode == 1
    assert "Stop the service first" in rejected.stderr
    assert service.process.is_alive()


@pytest.mark.spec("BAK-010", "BAK-018")
def test_rejected_restore_keeps_data_and_secret(data_dir: Path, large_backup: Path, tmp_path: Path) -> None:
    before = read_state(data_dir)

    rejected = run_todo("restore", str(large_backup), cwd=tmp_path, DATA_DIR=str(data_dir))

    assert rejected.returncode == 1
    assert "--replace" in rejected.stderr
    assert read_state(data_dir) == before
    assert [path.name for path in data_dir.glob("jwt_secret_key*")] == ["jwt_secret_key"]


@pytest.mark.spec("BAK-018")
def test_start_after_a_cut_between_commit_and_secret_takes_the_restored_secret(
    data_dir: Path, large_backup: Path
) -> None:
    backup = verify(large_backup)
    stage_restored_secret(data_dir, "5eed", backup.secret)
    with EmbeddedPostgres(data_dir, UNSAFE_BUT_FAST_OPTIONS) as postgres:
        asyncio.run(restore_within(postgres.url(), large_backup, replaces_data=True))

    rows, secret = read_state(data_dir)

    assert len(rows["tasks"]) == 20_001
    assert secret == backup.secret
    assert [path.name for path in data_dir.glob("jwt_secret_key*")] == ["jwt_secret_key"]


@pytest.mark.spec("BAK-018")
def test_start_after_a_cut_before_the_commit_keeps_the_secret(data_dir: Path) -> None:
    before = read_state(data_dir)
    stage_restored_secret(data_dir, "5eed", SECRET)

    assert read_state(data_dir) == before
    assert [path.name for path in data_dir.glob("jwt_secret_key*")] == ["jwt_secret_key"]


@pytest.mark.spec("BAK-019")
async def test_restore_on_database_url_needs_no_superuser_and_names_the_secret(
    server_url: str, large_backup: Path, tmp_path: Path
) -> None:
    admin, name = await connect(server_url), f"todo_{uuid4().hex[:8]}"
    await admin.execute(f"CREATE ROLE {name} LOGIN")
    await admin.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING 'UTF8'")
    url = make_url(server_url).set(database=name, username=name).render_as_string(hide_password=False)
    secret = verify(large_backup).secret
    try:
        restored = await asyncio.to_thread(
            run_todo, "restore", str(large_backup), cwd=tmp_path, DATABASE_URL=url, JWT_SECRET_KEY=SECRET
        )
        with large_backup.open("rb") as file:
            repeated = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-m", "todo", "restore", "--replace", "-"],
                cwd=tmp_path,
                env=environment(DATABASE_URL=url, JWT_SECRET_KEY=secret),
                stdin=file,
                capture_output=True,
                text=True,
                check=False,
            )
        rows = await read_rows(url)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.execute(f"DROP ROLE {name}")
        await admin.close()

    assert restored.returncode == 0, restored.stderr
    assert "JWT_SECRET_KEY is not the secret of this backup" in restored.stderr
    assert "--print-secret" in restored.stderr
    assert secret not in restored.stderr + restored.stdout
    assert repeated.returncode == 0, repeated.stderr
    assert "JWT_SECRET_KEY" not in repeated.stderr
    assert len(rows["tasks"]) == 20_001


@pytest.mark.spec("BAK-019")
def test_print_secret_needs_no_database(large_backup: Path, tmp_path: Path) -> None:
    printed = run_todo("restore", "--print-secret", str(large_backup), cwd=tmp_path, DATA_DIR=str(tmp_path / "data"))

    assert printed.stdout.strip() == verify(large_backup).secret
    assert not (tmp_path / "data").exists()


@pytest.mark.spec("BAK-007")
def test_damaged_file_is_rejected_before_the_database_starts(large_backup: Path, tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(large_backup.read_bytes()[:-1])

    rejected = run_todo("restore", "cut", cwd=tmp_path, DATA_DIR=str(tmp_path / "data"))
    missing = run_todo("restore", "none", cwd=tmp_path, DATA_DIR=str(tmp_path / "data"))

    assert (rejected.returncode, missing.returncode) == (1, 1)
    assert "damaged" in rejected.stderr
    assert "none cannot be read: No such file" in missing.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.spec("BAK-017")
def test_progress_without_a_terminal_is_plain_lines(start: Start, large_backup: Path, tmp_path: Path) -> None:
    restored = run_todo("restore", str(large_backup), cwd=tmp_path, DATA_DIR=str(tmp_path / "restored"))
    first_start = start(tmp_path / "first").read_log()
    migrated = run_todo("migrate", "up", cwd=tmp_path, DATA_DIR=str(tmp_path / "other"))

    assert "  tasks: 20,001 rows\n" in restored.stderr
    assert "  migration 1 of " in migrated.stderr
    assert "  migration 1 of " in first_start
    assert "\r" not in restored.stderr + migrated.stderr + first_start
