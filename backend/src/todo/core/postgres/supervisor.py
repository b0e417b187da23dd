"""Restarts the embedded PostgreSQL when it ends unexpectedly (ADR 0009)."""

import logging
import subprocess
import threading
from typing import Self

from todo.core.postgres.process import EmbeddedPostgresError
from todo.core.postgres.server import EmbeddedPostgres

CHECK_SECONDS = 0.2
RETRY_SECONDS = 2.0

logger = logging.getLogger(__name__)


class PostgresSupervisor:
    """Restarts a server that ended, for the length of a block. Requests get 503 until the server is back.

    A single thread does this for the whole block, because the kernel ends the server when the thread ends that
    started it.
    """

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="postgres-supervisor", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(CHECK_SECONDS):
            if self._postgres.is_running():
                self._postgres.rotate_log()
                continue
            logger.error("The embedded PostgreSQL ended unexpectedly and is started again")
            try:
                self._postgres.restart(self._stopping.is_set)
            except (EmbeddedPostgresError, OSError, subprocess.SubprocessError) as error:
                logger.error("The embedded PostgreSQL could not be started again: %s", error)  # noqa: TRY400 -- no bug
                self._stopping.wait(RETRY_SECONDS)
            else:
                logger.warning("The embedded PostgreSQL was started again")
