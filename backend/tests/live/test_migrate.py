"""`todo migrate` beside a running service."""

from pathlib import Path

from tests.live.conftest import Service, todo


def test_is_a_guest_of_a_running_service(service: Service, tmp_path: Path) -> None:
    status = todo("migrate", "status", cwd=tmp_path, DATA_DIR=str(service.data_dir))

    assert status.returncode == 0, status.stderr
    assert "pending: nothing" in status.stdout
    assert service.process.is_alive()
