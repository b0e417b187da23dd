"""The `todo` command: serve, migrate, openapi."""

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
from todo.core.postgres.data_folder import DataFolderInUseError
from todo.core.postgres.process import EmbeddedPostgresError
from todo.core.postgres.server import EmbeddedPostgres, find_running
from todo.core.postgres.supervisor import PostgresSupervisor
from todo.http.protocol.connection import LimitedProtocol
from todo.http.protocol.limits import ConnectionLimits, allow_connections
from todo.main import create_app

SECRET_FILE = "jwt_secret_key"  # noqa: S105 -- the name of a file
GRACE_SECONDS = 20
"""How long running requests may take to end when the service stops."""

logger = logging.getLogger(__name__)


class UsageError(Exception):
    """The command cannot run. The message has the reason and the remedy."""


class Workers(Multiprocess):
    """Runs several worker processes."""

    def terminate_all(self) -> None:
        """Stop all workers. The address is closed first, so that new connections are rejected (LOD-005)."""
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
        description="Start the service on HOST:PORT. Without DATABASE_URL the service starts an embedded PostgreSQL "
        "with its data in DATA_DIR.",
    )
    serve.set_defaults(run=lambda _: _serve(load_settings()))

    migrate = commands.add_parser(
        "migrate",
        help="apply or undo migrations of the database",
        description="Migrate the database of DATABASE_URL or, without it, the embedded PostgreSQL in DATA_DIR.",
    )
    migrate_commands = migrate.add_subparsers(required=True, metavar="COMMAND")
    up = migrate_commands.add_parser("up", help="apply all pending migrations, or those up to REVISION")
    up.add_argument("revision", nargs="?", default="head", metavar="REVISION")
    up.set_defaults(run=_migrate_up)
    down = migrate_commands.add_parser(
        "down", help="undo the last migration, the migrations after REVISION, or all migrations (REVISION base)"
    )
    down.add_argument("revision", nargs="?", default="-1", metavar="REVISION")
    down.set_defaults(run=_migrate_down)
    status = migrate_commands.add_parser(
        "status", help="print the current revision and the pending migrations; exit status 1 if migrations are pending"
    )
    status.set_defaults(run=_show_status)

    openapi = commands.add_parser("openapi", help="print the OpenAPI document")
    openapi.set_defaults(run=_print_openapi)
    return parser


def _serve(settings: Settings) -> None:
    configure_logging(settings)
    if settings.rate_limit_enabled:
        warn_about_separate_counts(settings.workers, settings.rate_limit_storage_uri)
    # SIGTERM raises SystemExit, so that the embedded PostgreSQL is always stopped.
    signal.signal(signal.SIGTERM, _exit)
    with _listen(settings.host, settings.port) as listener, _database(settings) as url:
        # Worker processes read their settings from the environment.
        os.environ["DATABASE_URL"] = url
        if settings.database_url is None:
            if migrator.read_status(url).pending:
                migrator.upgrade(url)
            os.environ["JWT_SECRET_KEY"] = _load_or_create_secret(settings).get_secret_value()
        else:
            _check_operator_database(settings, url)
        config = _server_config(settings)
        _announce(settings, listener)
        with _metrics_server(settings):
            if settings.workers == 1:
                uvicorn.Server(config).run(sockets=[listener])
            else:
                Workers(config, sockets=[listener]).run()


def _server_config(settings: Settings) -> uvicorn.Config:
    limits = ConnectionLimits(
        head_seconds=settings.request_timeout,
        write_seconds=settings.write_timeout,
        connections=allow_connections(settings),
    )
    return uvicorn.Config(
        "todo.main:create_app" if settings.workers == 1 else "todo.main:create_worker_app",
        factory=True,
        http=partial(LimitedProtocol, limits=limits),  # type: ignore[arg-type]  # uvicorn calls it
        workers=settings.workers,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=settings.keep_alive_timeout,  # type: ignore[arg-type]  # uvicorn passes it to call_later
        proxy_headers=False,  # the application reads them itself
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


@contextmanager
def _metrics_server(settings: Settings) -> Iterator[None]:
    """Serve the metrics for the length of a block, if METRICS_PORT is set."""
    if settings.metrics_port is None:
        yield
        return
    host = settings.metrics_host
    with contextlib.ExitStack() as stack:
        try:
            port = stack.enter_context(serving_metrics(host, settings.metrics_port, settings.workers))
        except OSError as error:
            raise UsageError(
                f"METRICS_PORT {settings.metrics_port} on {host} cannot be used ({error.strerror}). "
                "Set METRICS_PORT to another port."
            ) from error
        _print_status(f"  metrics:       http://{host}:{port}/metrics")
        yield


def _exit(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _listen(host: str, port: int) -> socket.socket:
    """Bind the address. The command does this first, so a port in use is reported before anything else starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]
        raise UsageError(
            f"Port {port} on {host} cannot be used ({reason}). "
            "Stop the program that uses the port, or set PORT or HOST to another value."
        ) from error


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    """Yield DATABASE_URL or, without it, the URL of an embedded PostgreSQL that runs for the length of the block."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    _print_status("starting the embedded PostgreSQL")
    with EmbeddedPostgres(settings.data_dir, report=_print_status) as postgres, PostgresSupervisor(postgres):
        yield postgres.url()


def _check_operator_database(settings: Settings, url: str) -> None:
    """Check the secret and the database of the operator. Pending migrations only cause a warning.

    Raises:
        SettingsError: JWT_SECRET_KEY is not set.
        UsageError: the database cannot be used.
    """
    if settings.jwt_secret_key is None:
        raise SettingsError(f"JWT_SECRET_KEY should be set when DATABASE_URL is set; make one with: {SECRET_COMMAND}")
    if pending := _read_status(url).pending:
        logger.warning("The database has %d pending migration(s); run: todo migrate up", len(pending))


def _read_status(url: str) -> migrator.SchemaStatus:
    try:
        return migrator.read_status(url)
    except (ServiceUnavailableError, asyncpg.PostgresError) as error:
        raise UsageError(
            f"The database {make_url(url).render_as_string()} cannot be used: {error.__cause__ or error}. "
            "Check DATABASE_URL, and that the server runs."
        ) from error


def _load_or_create_secret(settings: Settings) -> SecretStr:
    """Return JWT_SECRET_KEY or the secret in the data folder. The first run creates this file, with mode 0600."""
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
        raise SettingsError(
            f"{path} should contain at least 64 hexadecimal characters; remove the file to get a new secret"
        )
    return SecretStr(secret)


def _announce(settings: Settings, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown_host = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host  # noqa: S104 -- only printed
    address = f"http://{shown_host}:{port}"
    _print_status(f"serving {settings.app_name} at {address}")
    _print_status(f"  documentation: {address}/docs")
    _print_status(f"  try:           curl {address}/health")


def _migrate_up(options: argparse.Namespace) -> None:
    with _database_for_migration(load_settings()) as url:
        migrator.upgrade(url, options.revision)
        _print_status(f"the database is at revision {migrator.read_status(url).current or 'base'}")


def _migrate_down(options: argparse.Namespace) -> None:
    with _database_for_migration(load_settings()) as url:
        migrator.downgrade(url, options.revision)
        _print_status(f"the database is at revision {migrator.read_status(url).current or 'base'}")


def _show_status(_: argparse.Namespace) -> None:
    with _database_for_migration(load_settings()) as url:
        status = migrator.read_status(url)
    print(f"current: {status.current or 'nothing'}")
    print(f"pending: {', '.join(status.pending) or 'nothing'}")
    if status.pending:
        sys.exit(1)


@contextmanager
def _database_for_migration(settings: Settings) -> Iterator[str]:
    """Yield the URL of the database. If a service runs the embedded PostgreSQL, connect to that server."""
    try:
        with _database(settings) as url:
            _read_status(url)
            yield url
    except DataFolderInUseError:
        running_url = find_running(settings.data_dir)
        if running_url is None:
            raise
        yield running_url


def _print_openapi(_: argparse.Namespace) -> None:
    # The application requires these settings, but the document does not depend on them.
    placeholders = {"database_url": "postgresql://nowhere/todo", "jwt_secret_key": SecretStr("0" * 64)}
    settings = load_settings().model_copy(update=placeholders)
    print(json.dumps(create_app(settings).openapi(), indent=2))


def _print_status(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
