"""What the log looks like: one line an event, for people or for machines."""

import logging.config

from todo.core.config import Settings


def configure_logging(settings: Settings) -> None:
    """Send all logs to standard error, as text or as one JSON object a line."""
    fields = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "console": {"format": "%(asctime)s %(levelname)-7s %(message)s", "datefmt": "%H:%M:%S"},
                "json": {
                    "()": "pythonjsonlogger.orjson.OrjsonFormatter",
                    "format": fields,
                    "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
                },
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": settings.log_format}},
            "root": {"handlers": ["stderr"], "level": "DEBUG" if settings.debug else "INFO"},
            "loggers": {
                "uvicorn.error": {"level": "WARNING"},
                "alembic": {"level": "WARNING"},
                "asyncio": {"level": "WARNING"},
            },
        }
    )
