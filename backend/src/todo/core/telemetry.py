"""OpenTelemetry traces, enabled by OpenTelemetry's environment variables."""

import os

from todo.core.config import SettingsError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def is_tracing_enabled() -> bool:
    """Tell whether the environment enables traces (OpenTelemetry, Environment Variable Specification)."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return any(os.environ.get(endpoint) for endpoint in ENDPOINTS)


def trace_statements() -> None:
    """Trace the database statements. A span has the text of its statement, but not the values of the parameters.

    Raises:
        SettingsError: the packages for traces are not installed.
    """
    try:
        import opentelemetry.exporter.otlp.proto.http  # noqa: F401, PLC0415 -- optional, and slow to import
        from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor  # noqa: PLC0415 -- as above
    except ImportError as error:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT needs the module {error.name}; install todo[telemetry]"
        ) from error
    os.environ.setdefault("OTEL_SERVICE_NAME", "todo")
    AsyncPGInstrumentor().instrument()  # type: ignore[no-untyped-call]  # the library has no types
