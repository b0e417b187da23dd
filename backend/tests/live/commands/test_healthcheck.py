"""`todo healthcheck`, beside a running service and without one."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.live.conftest import Service, Start, run_todo


def port_of(service: Service) -> str:
    """Return the port of a service, as a setting."""
    return str(urlsplit(service.url).port)


@pytest.mark.spec("OPR-001")
@pytest.mark.parametrize("options", [[], ["--ready"]], ids=["health", "ready"])
def test_healthcheck_of_a_running_service_succeeds(service: Service, options: list[str]) -> None:
    result = run_todo("healthcheck", *options, cwd=service.data_dir, PORT=port_of(service))

    assert result.returncode == 0
    assert f"{service.url.replace('localhost', '127.0.0.1')}/" in result.stdout


@pytest.mark.spec("OPR-001")
def test_healthcheck_works_below_a_root_path_and_on_all_networks(start: Start) -> None:
    service = start(ROOT_PATH="/todo", HOST="0.0.0.0")

    result = run_todo("healthcheck", cwd=service.data_dir, PORT=port_of(service), HOST="0.0.0.0", ROOT_PATH="/todo")

    assert result.returncode == 0


@pytest.mark.spec("OPR-001")
def test_healthcheck_without_a_service_fails_and_names_the_address(tmp_path: Path) -> None:
    result = run_todo("healthcheck", cwd=tmp_path, PORT="1")

    assert result.returncode == 1
    assert "does not respond at http://127.0.0.1:1/health" in result.stderr


@pytest.mark.spec("OPR-001")
def test_healthcheck_with_a_wrong_setting_names_it(tmp_path: Path) -> None:
    result = run_todo("healthcheck", cwd=tmp_path, PORT="eighty")

    assert result.returncode == 1
    assert "PORT should be a valid integer" in result.stderr
