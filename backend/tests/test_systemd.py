"""The systemd units agree with their documentation and with the command. `scripts/check` verifies their syntax."""

import configparser
import re
from pathlib import Path

import pytest

from todo.cli.serve import GRACE_SECONDS

BACKEND = Path(__file__).parents[1]
DEPLOY = BACKEND / "deploy"
UNITS = sorted(path.name for path in DEPLOY.iterdir() if path.suffix in {".service", ".timer"})
BLOCK = re.compile(r"^```sh systemd\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPERATE = (BACKEND / "docs" / "operate.md").read_text()
COMMANDS = "".join(BLOCK.findall(OPERATE))
"""The commands that install the units."""


def read_unit(name: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes="#")
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # keeps the case of names
    unit.read(DEPLOY / name)
    return unit


@pytest.mark.spec("INS-003")
@pytest.mark.parametrize("unit", UNITS)
def test_documentation_installs_each_unit(unit: str) -> None:
    assert re.search(rf"install .*\b{re.escape(unit)}\b.* /etc/systemd/system", COMMANDS)


@pytest.mark.spec("INS-003")
@pytest.mark.parametrize("file", sorted(path.name for path in DEPLOY.iterdir() if path.is_file()))
def test_documented_upgrade_replaces_each_file(file: str) -> None:
    [upgrade] = [block for block in BLOCK.findall(OPERATE) if "pip install --upgrade" in block]

    assert re.search(rf"^install .*\bdeploy/{re.escape(file)} ", upgrade, re.MULTILINE)


@pytest.mark.spec("INS-003")
def test_documentation_enables_only_units_that_can_be_enabled() -> None:
    enabled = re.findall(r"systemctl enable --now (\S+)", COMMANDS)

    assert enabled == ["todo", "todo-backup.timer"]
    for name in enabled:
        assert read_unit(name if "." in name else f"{name}.service").has_section("Install")


@pytest.mark.spec("INS-003")
@pytest.mark.parametrize("unit", [name for name in UNITS if name.endswith(".service")])
def test_documentation_creates_what_a_unit_needs(unit: str) -> None:
    service = read_unit(unit)["Service"]

    assert f" {service['User']}\n" in COMMANDS
    assert "python3 -m venv /opt/todo)\n" in COMMANDS
    assert "/opt/todo/bin/todo" in service["ExecStart"]
    assert f"/var/lib/{service['StateDirectory']}" == service["WorkingDirectory"]
    assert service["Environment"] == f"DATA_DIR={service['WorkingDirectory']}"
    assert f"--home-dir {service['WorkingDirectory']}" in COMMANDS
    if writable := service.get("ReadWritePaths"):
        assert f"-o {service['User']} -g {service['Group']} {writable}\n" in COMMANDS
    files = re.findall(r"^EnvironmentFile=-(\S+)$", (DEPLOY / unit).read_text(), re.MULTILINE)
    for file in files:
        assert f"install -m 0640 -g {service['Group']} /dev/null {file}\n" in COMMANDS


@pytest.mark.spec("INS-003")
def test_command_of_the_operator_has_the_settings_of_the_service() -> None:
    service, command = read_unit("todo.service")["Service"], (DEPLOY / "todo-command").read_text()

    assert "install -m 0755 deploy/todo-command /usr/local/bin/todo\n" in COMMANDS
    assert f"cd {service['WorkingDirectory']}\n" in command
    assert f"runuser -u {service['User']} -- {service['ExecStart'].removesuffix(' serve')}" in command
    assert f"--env-file {service['EnvironmentFile'].removeprefix('-')} " in command
    assert f"echo {service['Environment']} >> {service['EnvironmentFile'].removeprefix('-')}\n" in COMMANDS


@pytest.mark.spec("INS-003")
def test_documented_commands_keep_existing_settings() -> None:
    created = re.findall(r"^(.*)install .* /dev/null (\S+)$", COMMANDS, re.MULTILINE)

    assert created == [(f"[ -e {file} ] || ", file) for _, file in created]
    assert len(created) == 2


@pytest.mark.spec("INS-003")
def test_service_has_time_for_running_requests_and_for_the_stop_of_postgresql() -> None:
    service = read_unit("todo.service")["Service"]

    assert service["Type"] == "notify"
    assert int(service["TimeoutStopSec"].removesuffix("s")) >= GRACE_SECONDS + 60


@pytest.mark.spec("INS-003")
def test_both_services_have_the_same_protection() -> None:
    service, backup = (dict(read_unit(f"{name}.service")["Service"]) for name in ("todo", "todo-backup"))
    protections = {name for name in service if name.startswith(("Protect", "Restrict", "SystemCall", "Lock", "NoNew"))}

    assert len(protections) >= 15
    assert {name: service[name] for name in protections - {"ProtectProc"}} == {
        name: backup[name] for name in protections - {"ProtectProc"}
    }
