"""Logging: each log record is a line of text or a JSON object."""

import logging
import logging.config
from contextvars import ContextVar

from todo.core.config import Settings

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the current request. `RequestIdFilter` adds it to each log record."""


class ConsoleFormatter(logging.Formatter):
    """Formats a log record as text. The time is formatted once per second, not once per record."""

    _second = -1
    _time = ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 -- logging's name
        """Return the local time of a log record, to the second."""
        if (second := int(record.created)) != self._second:
            self._second, self._time = second, super().formatTime(record, datefmt)
        return self._time


class RequestIdFilter(logging.Filter):
    """Adds the request id to log records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the request id, and accept every log record."""
        if (current_id := request_id.get()) is not None:
            record.request_id = current_id
        return True


def configure_logging(settings: Settings) -> None:
    """Write all log records to standard error, in the format of `settings.log_format`."""
    _disable_unused_attributes()
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


def _disable_unused_attributes() -> None:
    """Skip the source line, thread and process of log records: no format has them (Logging HOWTO, Optimization)."""
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
