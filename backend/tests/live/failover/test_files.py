"""The files of `deploy/ha` are valid, agree with each other, and are what `docs/scale.md` installs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # a dependency of schemathesis, without type information
from benchmarks.failover import run
from benchmarks.failover.machines import FILES, NUMBERS, PACKAGES, Machines, find_missing_packages

from tests.live.conftest import require
from tests.support import Json
from todo.core.config import Settings
from todo.core.database.connection import STARTUP_PARAMETERS
from todo.core.database.url import connect_arguments

BACKEND = FILES.parents[1]
PAGE = (BACKEND / "docs" / "scale.md").read_text()
INSTALLED = re.compile(r"^(?:install .* ([\w.-]+)|sed 's/THIS_HOST/\w+/' (\S+) >) (/etc/\S+)$", re.MULTILINE)
BLOCKS = re.compile(r"^```sh (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
IN_CONTAINERS_ALONE = {"Dockerfile", "compose.ha.yml", "with-env"}
HAS_NO_COMMENT = {"unavailable.http", "userlist.txt"}


@pytest.fixture
def compose() -> Json:
    """The compose file with resolved anchors."""
    compose: Json = yaml.safe_load((FILES / "compose.ha.yml").read_text())
    return compose


def block(name: str) -> str:
    """Return the commands of the page with a name."""
    return "".join(commands for found, commands in BLOCKS.findall(PAGE) if found == name)


def read_env(name: str) -> dict[str, str]:
    """Return the variables of a file."""
    lines = (line for line in (FILES / name).read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.spec("FAI-016")
def test_page_installs_each_file_at_the_place_that_the_file_names() -> None:
    installed = {source or template: target for source, template, target in INSTALLED.findall(block("machines"))}

    assert set(installed) | IN_CONTAINERS_ALONE | {"create-database.sql"} == {path.name for path in FILES.iterdir()}
    for name in installed.keys() - HAS_NO_COMMENT:
        assert installed[name] in (FILES / name).read_text().partition("\n")[0]


@pytest.mark.spec("FAI-016")
def test_page_replaces_every_secret_and_the_same_one_everywhere(tmp_path: Path) -> None:
    shutil.copytree(FILES, tmp_path / "deploy" / "ha")
    subprocess.run(["bash", "-euc", block("secrets")], cwd=tmp_path, check=True)
    files = {path.name: path.read_text() for path in (tmp_path / "ha").iterdir()}

    password = re.search(r"todo:(\w{64})@", files["todo.env"])
    assert not any("CHANGE_" in text for text in files.values())
    assert password is not None
    for name in ("userlist.txt", "create-database.sql"):
        assert password[1] in files[name]
    assert re.search(r"requirepass (\w{64})", files["redis.conf"])[1] in files["todo.env"]  # type: ignore[index]


@pytest.mark.spec("FAI-001")
def test_urls_of_the_page_have_the_same_meaning() -> None:
    first, second, pooled = re.findall(r"^DATABASE_URL='(.*)'$", block("url"), re.MULTILINE)

    assert connect_arguments(first) == connect_arguments(second)
    assert connect_arguments(first)["host"] == ["db1", "db2"]
    assert connect_arguments(pooled)["statement_cache_size"] == 0


@pytest.mark.spec("FAI-016")
def test_settings_of_the_service_exist() -> None:
    assert {name.lower() for name in read_env("todo.env")} <= set(Settings.model_fields)


@pytest.mark.spec("FAI-016")
@pytest.mark.parametrize("name", ["haproxy-postgres.cfg", "haproxy-services.cfg"])
def test_haproxy_accepts_its_files(machines: Machines, name: str) -> None:
    program = require("/usr/sbin/haproxy")
    machines.file("front", "unavailable.http")

    machines.run("front", program, "-c", "-f", machines.file("front", name))


@pytest.mark.spec("FAI-016")
def test_pgbouncer_ignores_what_the_service_sends() -> None:
    assert f"ignore_startup_parameters = {','.join(STARTUP_PARAMETERS)}\n" in (FILES / "pgbouncer.ini").read_text()


@pytest.mark.spec("FAI-016")
def test_ttl_of_patroni_allows_two_retries() -> None:
    dcs = yaml.safe_load((FILES / "patroni.yml").read_text())["bootstrap"]["dcs"]

    assert dcs["ttl"] >= dcs["loop_wait"] + 2 * dcs["retry_timeout"]
    assert dcs["synchronous_mode"] is True


@pytest.mark.spec("FAI-017")
def test_each_name_is_a_container(compose: Json) -> None:
    assert set(compose["services"]) >= set(NUMBERS)


@pytest.mark.spec("FAI-017")
def test_containers_mount_files_that_exist(compose: Json) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert (FILES / source).is_file() if source.startswith("./") else source in compose["volumes"]
        if "env_file" in service:
            assert (FILES / service["env_file"]).is_file()


@pytest.mark.spec("FAI-017")
@pytest.mark.parametrize("name", ["db1", "db2"])
def test_container_replaces_each_variable_with_the_name_of_the_machine(compose: Json, name: str) -> None:
    template = {key: value for key, value in read_env("patroni.env").items() if "THIS_HOST" in value}

    expected = {key: value.replace("THIS_HOST", name) for key, value in template.items()}
    assert compose["services"][name]["environment"] == expected


@pytest.mark.spec("FAI-017")
def test_each_image_is_built_by_one_service_and_never_pulled(compose: Json) -> None:
    built = {service["image"]: service["build"] for service in compose["services"].values() if "build" in service}

    assert built == {"todo-programs": ".", "todo": "../.."}
    assert {service["pull_policy"] for service in compose["services"].values()} == {"build", "never"}


@pytest.mark.spec("FAI-017")
def test_services_trust_the_address_of_haproxy(compose: Json) -> None:
    services = compose["services"]
    front = services["front"]["networks"]["default"]["ipv4_address"]

    assert {services[name]["environment"]["FORWARDED_ALLOW_IPS"] for name in ("app1", "app2")} == {front}


@pytest.mark.spec("FAI-018")
def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.failover.machines.find_postgres", lambda: None)
    monkeypatch.setitem(PACKAGES, "/nowhere/etcd", "etcd-server")
    monkeypatch.setattr("sys.argv", ["failover"])

    assert find_missing_packages("/usr/bin/patroni", "/nowhere/etcd")[-2:] == ["etcd-server", "postgresql"]
    with pytest.raises(SystemExit, match=r"failover: install .*etcd-server.* \(apt-get install"):
        run.main()


@pytest.mark.spec("FAI-018")
def test_page_has_the_table_of_the_last_run() -> None:
    table = (BACKEND / "benchmarks" / "results" / "failover.md").read_text().partition("\n\n")[0]

    assert table in PAGE
    assert re.findall(r"\| (\S+) \|$", table, re.MULTILINE)[1:] == ["0"] * 12
