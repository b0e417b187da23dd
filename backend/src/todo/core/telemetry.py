"""Traces for OpenTelemetry, when its own environment variables ask for them."""

import os

from todo.core.config import SettingsError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def is_tracing_enabled() -> bool:
    """Tell whether traces are wanted (OpenTelemetry, Environment Variable Specification)."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return any(os.environ.get(endpoint) for endpoint in ENDPOINTS)


def trace_statements() -> None:
    """Have each statement to the database traced: its text with numbered parameters, never their values.

    Raises:
        SettingsError: what traces need is not installed.
    """
    try:
        import opentelemetry.exporter.otlp.proto.http  # noqa: F401, PLC0415 -- an extra of the package, and not small
        from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor  # noqa: PLC0415 -- as above
    except ImportError as error:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_ENDPOINT needs what is not installed ({error.name}); install todo[telemetry]"
        ) from error
    os.environ.setdefault("OTEL_SERVICE_NAME", "todo")
    AsyncPGInstrumentor().instrument()  # type: ignore[no-untyped-call]  # the library's gap
