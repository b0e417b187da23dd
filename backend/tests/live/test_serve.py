"""`todo serve`: start, stop, kill, and errors at the start."""

import concurrent.futures
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pyotp
import pytest

from tests.live.conftest import HTTP, LogIn, Service, Start, environment, find_processes, run_todo
from tests.support import PASSWORD, SECRET
from todo.core.database import migrator

NEW_SECRET = "a1b2" * 16


def is_free(port: int) -> bool:
    """Tell whether no process listens on this port."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def test_service_starts_without_settings_and_prints_its_url(service: Service) -> None:
    assert f"serving Todo at {service.url}" in service.read_log()
    assert f"{service.url}/docs" in service.read_log()
    assert f"curl {service.url}/health" in service.read_log()


def test_interrupt_stops_cleanly_and_keeps_data_secret_and_login_sessions(start: Start, log_in: LogIn) -> None:
    first = start()
    client = log_in(first)
    client.post("/tasks", json={"title": "Water the plants"})
    assert find_processes(first.data_dir / "postgres")

    assert first.stop(signal.SIGINT) == 0
    assert not find_processes(first.data_dir / "postgres")
    assert "database system is shut down" in (first.data_dir / "postgres.log").read_text()
    second = start(first.data_dir)
    client.base_url = f"{second.url}/api/v1"

    assert [task["title"] for task in client.get("/tasks").json()["items"]] == ["Water the plants"]


def test_secret_and_data_are_readable_by_the_owner_alone(service: Service) -> None:
    secret = service.data_dir / "jwt_secret_key"
    assert len(secret.read_text()) == 64
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(service.data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((service.data_dir / "postgres").stat().st_mode) == 0o700


def test_stop_finishes_the_running_request(start: Start) -> None:
    service = start(BCRYPT_ROUNDS="13")
    body = {"email": "ada@example.com", "password": PASSWORD}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        response = pool.submit(HTTP.post, f"{service.url}/api/v1/auth/register", json=body)
        time.sleep(0.2)  # The hash takes half a second.

        status = service.stop()

    assert response.result().status_code == 201
    assert status == 0


def test_error_names_the_process_that_uses_the_data_folder(service: Service, tmp_path: Path) -> None:
    second = run_todo("serve", cwd=tmp_path, DATA_DIR=str(service.data_dir))

    assert second.returncode == 1
    assert f"is in use by another service (process {service.pid})" in second.stderr
    assert HTTP.get(f"{service.url}/health").status_code == 200


def test_error_names_the_port_in_use(service: Service, tmp_path: Path) -> None:
    port = service.url.rpartition(":")[2]

    second = run_todo("serve", cwd=tmp_path, DATA_DIR=str(tmp_path / "other"), PORT=port)

    assert second.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in second.stderr
    assert not (tmp_path / "other").exists()


def test_concurrent_starts_on_one_folder_run_one_service(tmp_path: Path) -> None:
    data_dir = str(tmp_path / "data")
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "todo", "serve"],
            cwd=tmp_path,
            env=environment(DATA_DIR=data_dir),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]

    try:
        while all(process.poll() is None for process in processes):
            time.sleep(0.02)
        loser, winner = sorted(processes, key=lambda process: process.poll() is None)
        winner.terminate()
        outcomes = {process: (process.wait(30), process.communicate()[1]) for process in processes}
    finally:
        for process in processes:
            process.kill()

    assert outcomes[loser][0] == 1
    assert "is in use by another service" in outcomes[loser][1]
    assert outcomes[winner][0] == 0
    assert "Traceback" not in outcomes[winner][1]
    assert run_todo("migrate", "up", cwd=tmp_path, DATA_DIR=data_dir).returncode == 0


def test_database_url_replaces_the_embedded_server(
    start: Start, log_in: LogIn, empty_database: str, tmp_path: Path
) -> None:
    migrator.upgrade(empty_database)

    service = start(tmp_path / "unused", DATABASE_URL=empty_database, JWT_SECRET_KEY=SECRET)

    assert log_in(service).get("/auth/me").status_code == 200
    assert "embedded" not in service.read_log()
    assert not service.data_dir.exists()


def test_pending_migrations_cause_a_warning_and_are_not_applied(start: Start, empty_database: str) -> None:
    service = start(DATABASE_URL=empty_database, JWT_SECRET_KEY=SECRET)

    assert "run: todo migrate up" in service.read_log()
    assert migrator.read_status(empty_database).current is None


def test_workers_share_the_database_and_the_secret(start: Start, log_in: LogIn) -> None:
    service = start(WORKERS="2", RATE_LIMIT_ENABLED="false")
    client = log_in(service)

    statuses = [HTTP.get(f"{service.url}/api/v1/auth/me", headers=client.headers).status_code for _ in range(20)]

    assert set(statuses) == {200}
    assert service.stop() == 0
    assert not find_processes(service.data_dir / "postgres")


@pytest.mark.spec("TFA-012")
def test_start_with_a_new_secret_keeps_second_factors(start: Start, log_in: LogIn) -> None:
    first = start(JWT_SECRET_KEY=SECRET)
    client = log_in(first)
    secret = client.post("/auth/totp", json={"password": PASSWORD}).json()["secret"]
    assert client.post("/auth/totp/confirm", json={"code": pyotp.TOTP(secret).now()}).status_code == 200
    first.stop()

    second = start(first.data_dir, JWT_SECRET_KEY=NEW_SECRET, JWT_SECRET_KEY_PREVIOUS=SECRET)
    second.stop()
    third = start(first.data_dir, JWT_SECRET_KEY=NEW_SECRET)

    assert "Second factors sealed with the current JWT_SECRET_KEY: 1" in second.read_log()
    assert "Second factors" not in third.read_log()
    next_code = pyotp.TOTP(secret).at(time.time() + 30)
    form = {"username": "ada@example.com", "password": PASSWORD, "totp_code": next_code}
    assert HTTP.post(f"{third.url}/api/v1/auth/login", data=form).status_code == 200


@pytest.mark.spec("FLR-012")
def test_kill_ends_the_workers_and_frees_the_port(start: Start) -> None:
    service = start(WORKERS="2")
    port = service.url.rpartition(":")[2]

    service.stop(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not is_free(int(port)):
        assert time.monotonic() < deadline
        time.sleep(0.02)

    assert start(service.data_dir, PORT=port).url == service.url
