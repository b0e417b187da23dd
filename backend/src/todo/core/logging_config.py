"""What the log looks like: one line an event, for people or for machines."""

import logging
import logging.config
from contextvars import ContextVar

from todo.core.config import Settings

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being served; every line that is written meanwhile has it."""


class ConsoleFormatter(logging.Formatter):
    """Formats a line for people. The time is written out once a second, not once a line."""

    _second = -1
    _time = ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 -- logging's name
        """Return the local time of a line, to the second."""
        if (second := int(record.created)) != self._second:
            self._second, self._time = second, super().formatTime(record, datefmt)
        return self._time


class RequestIdFilter(logging.Filter):
    """Notes on each line which request it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass."""
        if (serving := request_id.get()) is not None:
            record.request_id = serving
        return True


def configure_logging(settings: Settings) -> None:
    """Send all logs to standard error, as text or as one JSON object a line."""
    _leave_out_what_nobody_reads()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"request_id": {"()": RequestIdFilter}},
            "formatters": {
                "console": {
                    "()": ConsoleFormatter,
                    "format": "%(asctime)s %(levelname)-7s %(message)s",
                    "datefmt": "%H:%M:%S",
                },
                "json": {
                    "()": "pythonjsonlogger.orjson.OrjsonFormatter",
                    "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
                    "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
                },
            },
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": settings.log_format,
                    "filters": ["request_id"],
                }
            },
            "root": {"handlers": ["stderr"], "level": "DEBUG" if settings.debug else "INFO"},
            "loggers": {
                "uvicorn.error": {"level": "WARNING"},
                "alembic": {"level": "WARNING"},
                "asyncio": {"level": "WARNING"},
            },
        }
    )


def _leave_out_what_nobody_reads() -> None:
    """Spare each line the look-up of its place in the code, its thread and process (Logging HOWTO, optimization)."""
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
