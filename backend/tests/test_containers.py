"""Checks of `docker-compose.yml` and the Dockerfile. They read the files and need no container engine."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import asyncpg
import pytest
import yaml  # type: ignore[import-untyped]  # a dependency of schemathesis, without type information
from sqlalchemy import make_url
from uvicorn.middleware.proxy_headers import _TrustedHosts

from tests.support import Json, make_settings
from todo.cli.serve import GRACE_SECONDS
from todo.core.config import Settings
from todo.core.database.url import connect_arguments
from todo.core.postgres.process import find_binaries
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres

BACKEND = Path(__file__).parents[1]
OPERATE = BACKEND / "docs" / "operate.md"
COMPOSE_FILE = BACKEND.parent / "docker-compose.yml"
SECRETS = {"JWT_SECRET_KEY", "POSTGRES_PASSWORD"}
SET_BY_THE_IMAGE = {"HOST", "PORT", "DATA_DIR"}

Stage = list[tuple[str, str]]
"""The instructions from one FROM to the next, as pairs of name and arguments."""


@pytest.fixture
def compose() -> Json:
    """Return the compose file with resolved anchors and unresolved variables."""
    compose: Json = yaml.safe_load(COMPOSE_FILE.read_text())
    return compose


@pytest.fixture
def services(compose: Json) -> Json:
    """Return the services of the compose file by name."""
    services: Json = compose["services"]
    return services


@pytest.fixture
def stages() -> list[Stage]:
    """Return the stages of the Dockerfile. The last stage is the image."""
    text = re.sub(r"^\s*#.*\n", "", (BACKEND / "Dockerfile").read_text(), flags=re.MULTILINE)
    stages: list[Stage] = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        name, _, arguments = line.strip().partition(" ")
        if name == "FROM":
            stages.append([])
        if name:
            stages[-1].append((name, " ".join(arguments.split())))
    return stages


def find_all(stage: Stage, name: str) -> list[str]:
    return [arguments for instruction, arguments in stage if instruction == name]


def test_only_the_service_publishes_a_port(services: Json) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["todo"]


def test_missing_secret_is_rejected_with_a_command_that_generates_it() -> None:
    variables = re.findall(r"\$\{(\w+)(\S*) ?([^}]*)\}", COMPOSE_FILE.read_text())

    assert {name for name, _, _ in variables} >= SECRETS
    for name, operator, message in variables:
        if name in SECRETS:
            assert operator.startswith(":?")
            assert "openssl rand -hex" in message


def test_migration_runs_once_on_a_healthy_database(services: Json) -> None:
    migrate = services["migrate"]

    assert migrate["command"] == ["todo", "migrate", "up"]
    assert migrate["restart"] == "no"
    assert migrate["depends_on"] == {"db": {"condition": "service_healthy"}}


def test_service_starts_after_the_migration(services: Json) -> None:
    assert services["todo"]["depends_on"] == {
        "db": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_both_services_use_one_image_that_is_built_and_never_pulled(services: Json) -> None:
    migrate, todo = services["migrate"], services["todo"]

    assert COMPOSE_FILE.parent / migrate["build"] == BACKEND
    assert todo["image"] == migrate["image"]
    assert (migrate["pull_policy"], todo["pull_policy"]) == ("build", "never")


def test_database_is_healthy_when_it_accepts_network_connections(services: Json) -> None:
    command = services["db"]["healthcheck"]["test"]

    assert command[:2] == ["CMD", "pg_isready"]
    assert "--host=127.0.0.1" in command


def test_data_is_stored_in_a_named_volume_at_the_data_path_of_postgresql_18(compose: Json) -> None:
    db = compose["services"]["db"]

    assert db["image"] == "postgres:18"
    assert db["volumes"] == ["db:/var/lib/postgresql"]
    assert "db" in compose["volumes"]


@pytest.mark.parametrize("name", ["todo", "migrate"])
def test_container_runs_without_privileges(services: Json, name: str) -> None:
    service = services[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_service_receives_all_settings_and_no_other_variables(services: Json) -> None:
    settings = {name.upper() for name in Settings.model_fields} - SET_BY_THE_IMAGE

    assert set(services["todo"]["environment"]) == settings | {"PGPASSWORD"}


def test_stop_grace_period_exceeds_the_shutdown_time_of_the_service(services: Json) -> None:
    assert int(services["todo"]["stop_grace_period"].removesuffix("s")) > GRACE_SECONDS


def test_image_runs_as_a_numeric_user_other_than_root(stages: list[Stage]) -> None:
    uid, gid = find_all(stages[-1], "USER")[-1].split(":")

    assert int(uid) > 0
    assert int(gid) > 0


def test_image_serves_and_stops_on_sigterm(stages: list[Stage]) -> None:
    assert find_all(stages[-1], "CMD") == ['["todo", "serve"]']
    assert find_all(stages[-1], "STOPSIGNAL") == ["SIGTERM"]


def test_image_has_a_pinned_base(stages: list[Stage]) -> None:
    bases = [find_all(stage, "FROM")[0].split() for stage in stages]
    names = {base[2] for base in bases if len(base) > 1}

    for base in bases:
        assert base[0] in names or re.fullmatch(r"python:3\.\d+-slim-[a-z]+", base[0])


def test_image_contains_no_build_tools(stages: list[Stage]) -> None:
    assert not re.search(r"\b(pip|uv|apt|apt-get|gcc|make)\b", " ".join(find_all(stages[-1], "RUN")))
    assert all(copied.startswith("--from=") for copied in find_all(stages[-1], "COPY"))


@pytest.mark.spec("OPS-052")
def test_image_has_the_dependencies_in_a_layer_of_their_own(stages: list[Stage]) -> None:
    dependencies, package, image = stages[1:]

    assert find_all(image, "COPY") == [
        "--from=dependencies /opt/todo /opt/todo",
        "--from=package /opt/package /opt/todo",
    ]
    assert find_all(dependencies, "COPY") == ["requirements.lock ./", "pyproject.toml ./"]
    assert "src src" in find_all(package, "COPY")


@pytest.mark.spec("OPS-052")
def test_bytecode_in_the_image_has_no_time_stamp(stages: list[Stage]) -> None:
    assert "PYC_INVALIDATION_MODE=UNCHECKED_HASH" in find_all(stages[1], "ENV")[0]


@pytest.mark.spec("OPS-051")
def test_start_does_not_wait_for_the_usual_interval_of_health_checks(services: Json, stages: list[Stage]) -> None:
    assert services["db"]["healthcheck"]["start_interval"] == "1s"
    assert "--start-interval=1s" in find_all(stages[-1], "HEALTHCHECK")[0]


@pytest.mark.spec("OPS-047")
@pytest.mark.parametrize("password", ["simple", "it's $HOME \\ \"quoted\" `x` :'password'", "ünïcode %"])
async def test_volume_is_initialised_with_a_role_without_superuser_rights(
    compose: Json, tmp_path: Path, initialized_data_dir: Path, password: str
) -> None:
    shutil.copytree(initialized_data_dir, tmp_path / "data")
    script = compose["configs"]["create-role"]["content"].replace("$$", "$")
    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS) as postgres:
        environment = {
            "PATH": f"{find_binaries(None).folder}:{os.environ['PATH']}",
            "PGHOST": str(make_url(postgres.admin_url()).query["host"]),
            "POSTGRES_PASSWORD": password,
        }
        admin = await asyncpg.connect(**connect_arguments(postgres.admin_url()))
        await admin.execute("DROP DATABASE todo")
        await admin.execute("DROP ROLE todo")
        process = await asyncio.to_thread(
            subprocess.run, ["bash", "-euc", script], env=environment, capture_output=True, text=True, check=False
        )
        roles = await admin.fetch(
            "SELECT rolname, rolsuper, rolpassword LIKE 'SCRAM%' FROM pg_authid WHERE rolname IN ('todo', 'postgres')"
        )
        owner = await admin.fetchval("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'todo'")
        await admin.close()

    assert process.returncode == 0, process.stderr
    assert sorted(map(tuple, roles)) == [("postgres", True, None), ("todo", False, True)]
    assert owner == "todo"


@pytest.mark.spec("OPS-047")
def test_script_of_the_volume_runs_once_at_its_initialisation(services: Json) -> None:
    assert services["db"]["configs"] == [
        {"source": "create-role", "target": "/docker-entrypoint-initdb.d/create-role.sh"}
    ]
    assert "POSTGRES_USER" not in services["db"]["environment"]


@pytest.mark.spec("OPS-050")
@pytest.mark.parametrize("gateway", ["172.17.0.1", "172.18.0.1", "172.31.0.1", "192.168.0.1", "192.168.240.1"])
def test_documented_proxies_include_every_gateway_of_docker(gateway: str) -> None:
    documented = re.search(r"^FORWARDED_ALLOW_IPS=(\S+)", OPERATE.read_text(), re.MULTILINE)

    assert documented is not None
    assert gateway in _TrustedHosts(make_settings(forwarded_allow_ips=documented[1]).forwarded_allow_ips)


def test_image_installs_packages_with_the_hashes_of_the_lock(stages: list[Stage]) -> None:
    runs = " && ".join(argument for stage in stages for argument in find_all(stage, "RUN"))
    installs = [command for command in runs.split("&&") if "pip install" in command]

    assert len(installs) == 3
    for command in installs:
        assert "--require-hashes" in command or "--no-deps --offline ." in command


def test_image_contains_only_listed_files() -> None:
    patterns = (BACKEND / ".dockerignore").read_text().splitlines()

    assert next(pattern for pattern in patterns if not pattern.startswith("#")) == "*"
    assert {pattern for pattern in patterns if pattern.startswith("!")} == {
        "!pyproject.toml",
        "!requirements.lock",
        "!README.md",
        "!src",
    }


@contextmanager
def serving(status: int) -> Iterator[int]:
    """Run a server whose `/health` responds with this status. Yield its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_health_check_calls_the_service_without_a_proxy(stages: list[Stage], status: int, healthy: bool) -> None:
    arguments = find_all(stages[-1], "HEALTHCHECK")[0]
    command = json.loads(arguments[arguments.index("CMD ") + len("CMD ") :])
    assert command[0] == "python"

    with serving(status) as port:
        environment = {"PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
        process = subprocess.run([sys.executable, *command[1:]], env=environment, capture_output=True, check=False)

    assert (process.returncode == 0) is healthy, process.stderr
