"""`todo serve` from the outside: starting, stopping, being killed, and what it says when it cannot start."""

import concurrent.futures
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.live.conftest import HTTP, LogIn, Service, Start, environment, todo
from tests.support import PASSWORD, SECRET
from todo.core.database import migrator


def processes_of(data_dir: Path) -> list[str]:
    """Return the names of the processes that work in the embedded database's folder."""
    cluster = (data_dir / "postgres").resolve()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == cluster:
                found.append((process / "comm").read_text().strip())
        except OSError:
            continue
    return found


def is_free(port: int) -> bool:
    """Tell whether a service could listen on this port."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def test_serves_from_nothing_and_says_where(service: Service) -> None:
    assert f"serving Todo at {service.url}" in service.said()
    assert f"{service.url}/docs" in service.said()
    assert f"curl {service.url}/health" in service.said()


def test_stops_cleanly_on_ctrl_c_and_keeps_data_secret_and_sessions(start: Start, log_in: LogIn) -> None:
    first = start()
    client = log_in(first)
    client.post("/tasks", json={"title": "Water the plants"})
    assert processes_of(first.data_dir)

    assert first.stop(signal.SIGINT) == 0
    assert not processes_of(first.data_dir)
    assert "database system is shut down" in (first.data_dir / "postgres.log").read_text()
    second = start(first.data_dir)
    client.base_url = f"{second.url}/api/v1"

    assert [task["title"] for task in client.get("/tasks").json()["items"]] == ["Water the plants"]


def test_keeps_its_secret_and_data_from_other_users(service: Service) -> None:
    secret = service.data_dir / "jwt_secret_key"
    assert len(secret.read_text()) == 64
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(service.data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((service.data_dir / "postgres").stat().st_mode) == 0o700


def test_finishes_the_request_in_flight_before_it_stops(start: Start) -> None:
    service = start(BCRYPT_ROUNDS="13")
    body = {"email": "ada@example.com", "password": PASSWORD}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(HTTP.post, f"{service.url}/api/v1/auth/register", json=body)
        time.sleep(0.2)  # into the half second that the hash takes

        status = service.stop()

    assert answer.result().status_code == 201
    assert status == 0


def test_a_second_service_on_the_same_data_says_who_has_it(service: Service, tmp_path: Path) -> None:
    second = todo("serve", cwd=tmp_path, DATA_DIR=str(service.data_dir))

    assert second.returncode == 1
    assert f"is in use by another service (process {service.pid})" in second.stderr
    assert HTTP.get(f"{service.url}/health").status_code == 200


def test_a_second_service_on_the_same_port_says_that_it_is_taken(service: Service, tmp_path: Path) -> None:
    port = service.url.rpartition(":")[2]

    second = todo("serve", cwd=tmp_path, DATA_DIR=str(tmp_path / "other"), PORT=port)

    assert second.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in second.stderr
    assert not (tmp_path / "other").exists()


def test_two_that_start_at_once_on_one_folder_do_no_harm(tmp_path: Path) -> None:
    data_dir = str(tmp_path / "data")
    racers = [
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
        while all(racer.poll() is None for racer in racers):
            time.sleep(0.02)
        loser, winner = sorted(racers, key=lambda racer: racer.poll() is None)
        winner.terminate()
        outcomes = {racer: (racer.wait(30), racer.communicate()[1]) for racer in racers}
    finally:
        for racer in racers:
            racer.kill()

    assert outcomes[loser][0] == 1
    assert "is in use by another service" in outcomes[loser][1]
    assert outcomes[winner][0] == 0
    assert "Traceback" not in outcomes[winner][1]
    assert todo("migrate", "up", cwd=tmp_path, DATA_DIR=data_dir).returncode == 0


def test_uses_the_operators_database_and_nothing_else(
    start: Start, log_in: LogIn, empty_database: str, tmp_path: Path
) -> None:
    migrator.upgrade(empty_database)

    service = start(tmp_path / "unused", DATABASE_URL=empty_database, JWT_SECRET_KEY=SECRET)

    assert log_in(service).get("/auth/me").status_code == 200
    assert "embedded" not in service.said()
    assert not service.data_dir.exists()


def test_warns_of_pending_migrations_and_leaves_them_to_the_operator(start: Start, empty_database: str) -> None:
    service = start(DATABASE_URL=empty_database, JWT_SECRET_KEY=SECRET)

    assert "run: todo migrate up" in service.said()
    assert migrator.read_status(empty_database).current is None


def test_several_workers_share_one_database_and_one_secret(start: Start, log_in: LogIn) -> None:
    service = start(WORKERS="2", RATE_LIMIT_ENABLED="false")
    client = log_in(service)

    statuses = [HTTP.get(f"{service.url}/api/v1/auth/me", headers=client.headers).status_code for _ in range(20)]

    assert set(statuses) == {200}
    assert service.stop() == 0
    assert not processes_of(service.data_dir)


@pytest.mark.spec("FLR-012")
def test_leaves_no_worker_behind_that_would_keep_the_port_when_it_is_killed(start: Start) -> None:
    service = start(WORKERS="2")
    port = service.url.rpartition(":")[2]

    service.stop(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while not is_free(int(port)):
        assert time.monotonic() < deadline
        time.sleep(0.02)

    assert start(service.data_dir, PORT=port).url == service.url
