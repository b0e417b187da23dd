"""The `todo` command: serve, migrate, and print the OpenAPI document."""

import argparse
import contextlib
import json
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType

import asyncpg
import uvicorn
from pydantic import SecretStr
from sqlalchemy import make_url
from uvicorn.supervisors import Multiprocess

from todo.core.config import JWT_SECRET, SECRET_COMMAND, Settings, SettingsError, load_settings
from todo.core.database import migrator
from todo.core.database.migrator import MigrationError
from todo.core.errors import ServiceUnavailableError
from todo.core.limits.rate_limits import warn_about_separate_counts
from todo.core.logging_config import configure_logging
from todo.core.metrics import serving_metrics
from todo.core.postgres.process import EmbeddedPostgresError
from todo.core.postgres.server import DataFolderInUseError, EmbeddedPostgres, find_running
from todo.core.postgres.supervisor import PostgresSupervisor
from todo.http.protocol import TimedProtocol
from todo.main import create_app

SECRET_FILE = "jwt_secret_key"  # noqa: S105 -- the name of a file
GRACE_SECONDS = 20
"""How long requests in flight may take to end once the service is told to stop."""


logger = logging.getLogger(__name__)


class UsageError(Exception):
    """The command cannot do what it was asked; the message says why and what to do."""


class Workers(Multiprocess):
    """The processes that serve when there are several."""

    def terminate_all(self) -> None:
        """Tell all to stop, and close the address here too: nobody would answer who still got through (LOD-005)."""
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 1 with the reason on standard error."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (UsageError, SettingsError, EmbeddedPostgresError, MigrationError) as error:
        print(f"todo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="todo",
        description="A self-hosted to-do service. Settings come from the environment and from .env in this folder.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve",
        help="start the service",
        description="Start the service on HOST:PORT. Without DATABASE_URL it brings its own PostgreSQL, whose data "
        "is kept in DATA_DIR.",
    )
    serve.set_defaults(run=lambda _: _serve(load_settings()))

    migrate = commands.add_parser(
        "migrate",
        help="bring the database's schema up or down",
        description="Work on the schema of DATABASE_URL or, without it, of the embedded PostgreSQL in DATA_DIR.",
    )
    steps = migrate.add_subparsers(required=True, metavar="STEP")
    up = steps.add_parser("up", help="take all pending steps, or those up to REVISION")
    up.add_argument("revision", nargs="?", default="head", metavar="REVISION")
    up.set_defaults(run=_migrate_up)
    down = steps.add_parser("down", help="undo one step, those after REVISION, or all (base)")
    down.add_argument("revision", nargs="?", default="-1", metavar="REVISION")
    down.set_defaults(run=_migrate_down)
    status = steps.add_parser("status", help="say where the schema stands; exit status 1 when steps are pending")
    status.set_defaults(run=_show_status)

    openapi = commands.add_parser("openapi", help="print the OpenAPI document")
    openapi.set_defaults(run=_print_openapi)
    return parser


def _serve(settings: Settings) -> None:
    configure_logging(settings)
    if settings.rate_limit_enabled:
        warn_about_separate_counts(settings.workers, settings.rate_limit_storage_uri)
    # Whatever SIGTERM finds us doing, the embedded PostgreSQL is stopped on the way out.
    signal.signal(signal.SIGTERM, _exit)
    with _listen(settings.host, settings.port) as listener, _database(settings) as url:
        # The workers are processes of their own and read their settings from the environment.
        os.environ["DATABASE_URL"] = url
        if settings.database_url is None:
            if migrator.read_status(url).pending:
                migrator.upgrade(url)
            os.environ["JWT_SECRET_KEY"] = _keep_secret(settings).get_secret_value()
        else:
            _check_own_database(settings, url)
        config = uvicorn.Config(
            "todo.main:create_app" if settings.workers == 1 else "todo.main:create_worker_app",
            factory=True,
            http=partial(TimedProtocol, head_seconds=settings.request_timeout),  # type: ignore[arg-type]  # it is called
            workers=settings.workers,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the application has its own
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        _announce(settings, listener)
        with _metrics(settings):
            if settings.workers == 1:
                uvicorn.Server(config).run(sockets=[listener])
            else:
                Workers(config, sockets=[listener]).run()


@contextmanager
def _metrics(settings: Settings) -> Iterator[None]:
    """Serve figures for the length of a block, if a port is set for them."""
    if settings.metrics_port is None:
        yield
        return
    host = settings.metrics_host
    with contextlib.ExitStack() as serving:
        try:
            port = serving.enter_context(serving_metrics(host, settings.metrics_port, settings.workers))
        except OSError as error:
            raise UsageError(
                f"METRICS_PORT {settings.metrics_port} on {host} cannot be used ({error.strerror}). Set it to another."
            ) from error
        _say(f"  metrics:       http://{host}:{port}/metrics")
        yield


def _exit(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _listen(host: str, port: int) -> socket.socket:
    """Take the address first: when it is taken nothing else needs to start."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            f"Port {port} on {host} cannot be used ({str(error.strerror).partition(' (while')[0]}). "
            "Stop what is using it, or set PORT (and HOST) to another."
        ) from error


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """Lend the address of the database: the operator's, or that of our own for as long as the block lasts."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    _say("starting the embedded PostgreSQL")
    with EmbeddedPostgres(settings.data_dir, report=_say) as postgres, PostgresSupervisor(postgres):
        yield postgres.url()


def _check_own_database(settings: Settings, url: str) -> None:
    """Refuse to start without a secret or a database; warn of pending steps, which are the operator's to take."""
    if settings.jwt_secret_key is None:
        raise SettingsError(f"JWT_SECRET_KEY should be set when DATABASE_URL is; make one with: {SECRET_COMMAND}")
    if pending := _read_status(url).pending:
        logger.warning("The database lacks %d migration(s); run: todo migrate up", len(pending))


def _read_status(url: str) -> migrator.SchemaStatus:
    try:
        return migrator.read_status(url)
    except (ServiceUnavailableError, asyncpg.PostgresError) as error:
        raise UsageError(
            f"The database {make_url(url).render_as_string()} cannot be used: {error.__cause__ or error}. "
            "Check DATABASE_URL and that the server is up."
        ) from error


def _keep_secret(settings: Settings) -> SecretStr:
    """Return the operator's secret or, on the first run, make one and keep it for the owner alone to read."""
    if settings.jwt_secret_key is not None:
        return settings.jwt_secret_key
    path = settings.data_dir / SECRET_FILE
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    secret = path.read_text().strip()
    if not JWT_SECRET.fullmatch(secret):
        raise SettingsError(f"{path} should hold at least 64 hexadecimal characters; remove it to have one made")
    return SecretStr(secret)


def _announce(settings: Settings, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    name = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host  # noqa: S104 -- to print, not to bind
    address = f"http://{name}:{port}"
    _say(f"serving {settings.app_name} at {address}")
    _say(f"  documentation: {address}/docs")
    _say(f"  try:           curl {address}/health")


def _migrate_up(options: argparse.Namespace) -> None:
    with _database_for_migration(load_settings()) as url:
        migrator.upgrade(url, options.revision)
        _say(f"the schema is at {migrator.read_status(url).current}")


def _migrate_down(options: argparse.Namespace) -> None:
    with _database_for_migration(load_settings()) as url:
        migrator.downgrade(url, options.revision)
        _say(f"the schema is at {migrator.read_status(url).current}")


def _show_status(_: argparse.Namespace) -> None:
    with _database_for_migration(load_settings()) as url:
        status = migrator.read_status(url)
    print(f"current: {status.current or 'nothing'}")
    print(f"pending: {', '.join(status.pending) or 'nothing'}")
    if status.pending:
        sys.exit(1)


@contextmanager
def _database_for_migration(settings: Settings) -> Iterator[str]:
    """Lend the database's address; the embedded one may be running already, and then we are its guests."""
    try:
        with _database(settings) as url:
            _read_status(url)
            yield url
    except DataFolderInUseError:
        running = find_running(settings.data_dir)
        if running is None:
            raise
        yield running


def _print_openapi(_: argparse.Namespace) -> None:
    needed = {"database_url": "postgresql://nowhere/todo", "jwt_secret_key": SecretStr("0" * 64)}
    settings = load_settings().model_copy(update=needed)
    print(json.dumps(create_app(settings).openapi(), indent=2))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
