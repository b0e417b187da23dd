"""`todo migrate` during the run of a service."""

from pathlib import Path

from tests.live.conftest import Service, run_todo


def test_migrate_connects_to_the_running_server(service: Service, tmp_path: Path) -> None:
    status = run_todo("migrate", "status", cwd=tmp_path, DATA_DIR=str(service.data_dir))

    assert status.returncode == 0, status.stderr
    assert "pending: nothing" in status.stdout
    assert service.process.is_alive()
