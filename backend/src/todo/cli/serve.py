"""`todo serve`: starts the service and, without DATABASE_URL, an embedded PostgreSQL."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

import uvicorn
from uvicorn.supervisors import Multiprocess

from todo.cli.database import UsageError, open_database, print_status, read_status, usable
from todo.cli.progress import show_progress
from todo.cli.secret_file import load_secret
from todo.cli.service_manager import ServiceManager
from todo.core.config import Settings, find_misspelt_variables
from todo.core.database import migrator
from todo.core.database.connection import check_connection
from todo.core.database.url import find_weakened_options
from todo.core.limits.rate_limits import warn_about_separate_counts
from todo.core.logging_config import configure_logging
from todo.core.metrics import serving_metrics
from todo.http.protocol.connection import LimitedProtocol
from todo.http.protocol.limits import ConnectionLimits, allow_connections

GRACE_SECONDS = 20
"""How long running requests may take to end when the service stops."""

logger = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Serves in this process."""

    def __init__(self, config: uvicorn.Config, manager: ServiceManager) -> None:
        super().__init__(config)
        self._manager = manager

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, and report it first."""
        self._manager.report_stopping()
        await super().shutdown(sockets)


class Workers(Multiprocess):
    """Runs several worker processes."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], manager: ServiceManager) -> None:
        super().__init__(config, sockets=sockets)
        self._manager = manager

    def terminate_all(self) -> None:
        """Stop all workers. The address is closed first, so that new connections are rejected (LOD-005)."""
        self._manager.report_stopping()
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


def run_service(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        SettingsError: a setting is missing.
        UsageError: the address or the database cannot be used.
        EmbeddedPostgresError: the embedded PostgreSQL cannot run.
    """
    configure_logging(settings)
    if settings.rate_limit_enabled:
        warn_about_separate_counts(settings.workers, settings.rate_limit_storage_uri)
    for name, meant in find_misspelt_variables():
        logger.warning("The variable %s is not a setting of this service; did you mean %s?", name, meant)
    manager = ServiceManager.from_environment()
    # SIGTERM raises SystemExit, so that the embedded PostgreSQL is always stopped.
    signal.signal(signal.SIGTERM, _exit)
    with _listen(settings.host, settings.port) as listener, open_database(settings) as url:
        # Worker processes read their settings from the environment.
        os.environ["DATABASE_URL"] = url
        if settings.database_url is None:
            if read_status(url).pending:
                with show_progress() as progress:
                    migrator.upgrade(url, progress=progress)
            os.environ["JWT_SECRET_KEY"] = load_secret(settings, url).get_secret_value()
        else:
            _check_operator_database(settings, url)
        config = _server_config(settings)
        _announce(settings, listener)
        # uvicorn raises KeyboardInterrupt after its shutdown by Ctrl-C.
        watching = manager.watching(*listener.getsockname()[:2])
        with _metrics_server(settings), watching, contextlib.suppress(KeyboardInterrupt):
            if settings.workers == 1:
                Server(config, manager).run(sockets=[listener])
            else:
                Workers(config, [listener], manager).run()


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
        print_status(f"  metrics:       http://{host}:{port}/metrics")
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


def _check_operator_database(settings: Settings, url: str) -> None:
    """Check the secret and the database of the operator. Pending migrations only cause a warning.

    Raises:
        SettingsError: JWT_SECRET_KEY is not set.
        UsageError: the database cannot be used.
    """
    load_secret(settings, url)
    if pending := read_status(url).pending:
        logger.warning("The database has %d pending migration(s); run: todo migrate up", len(pending))
    with usable(url):
        asyncio.run(check_connection(settings, url))
    if settings.database_listen_url is not None:
        with usable(settings.database_listen_url, "DATABASE_LISTEN_URL"):
            asyncio.run(check_connection(settings, settings.database_listen_url))
    for option in find_weakened_options(url):
        logger.warning("DATABASE_URL has the option %s, which this service does not support", option)


def _announce(settings: Settings, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown_host = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host  # noqa: S104 -- only printed
    address = f"http://{shown_host}:{port}"
    print_status(f"serving {settings.app_name} at {address}")
    print_status(f"  start page:    {address}/")
    print_status(f"  documentation: {address}/docs")
    print_status(f"  try:           curl {address}/health")
