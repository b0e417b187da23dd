"""Starts the embedded PostgreSQL again when it ended by itself."""

import logging
import subprocess
import threading
from typing import Self

from todo.core.postgres.process import EmbeddedPostgresError
from todo.core.postgres.server import EmbeddedPostgres

LOOK_SECONDS = 0.2
RETRY_SECONDS = 2.0

logger = logging.getLogger(__name__)


class PostgresSupervisor:
    """Keeps a started server running for the length of a block; requests find it away meanwhile, and answer 503.

    It is a thread of its own for the whole block: a child of PostgreSQL's kind dies with the thread that made it.
    """

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="postgres-supervisor", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            if self._postgres.is_running():
                continue
            logger.error("The embedded PostgreSQL ended by itself; it is started again")
            try:
                self._postgres.restart()
            except (EmbeddedPostgresError, OSError, subprocess.SubprocessError):
                logger.exception("The embedded PostgreSQL could not be started again")
                self._over.wait(RETRY_SECONDS)
            else:
                logger.warning("The embedded PostgreSQL runs again")
