"""The application, assembled."""

import multiprocessing
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from todo.core.config import MAKE_A_SECRET, Settings, SettingsError, load_settings
from todo.core.database.session import Database
from todo.core.limits.keyed_lock import Turns
from todo.core.limits.rate_limits import RateLimits
from todo.core.logging_config import configure_logging
from todo.core.postgres.process import die_with_parent
from todo.core.security.tokens import PasswordHasher, TokenSigner
from todo.core.telemetry import is_traced, trace_statements
from todo.http.dependencies import RATE_LIMIT_FIELDS, AppResources
from todo.http.errors import install_error_handlers
from todo.http.middleware import (
    REQUEST_ID,
    BodyLimitMiddleware,
    CompressForWhoAsksMiddleware,
    CrossOriginMiddleware,
    ForwardedMiddleware,
    RequestContextMiddleware,
    UnexpectedErrorMiddleware,
)
from todo.http.resource_route import IF_NONE_MATCH, KEY_HEADER
from todo.routers import access_tokens, account, auth, documentation, health, tags, task_bulk, tasks
from todo.routers import login_sessions as sessions
from todo.services.accounts.service import ACCOUNT, Security
from todo.services.idempotency.service import IdempotencyKeyInUseError
from todo.workers.sweeper import sweeping

COMPRESSED_FROM = 1400
"""Bytes: what fits into one packet arrives no sooner when it is smaller."""
DESCRIPTION = """
Keep tasks and tags. All times are in UTC; every error has the same shape.

1. **Register** with `POST /api/v1/auth/register`.
2. Press **Authorize** and log in: the username is your e-mail address. Leave the client fields empty.
3. **Try** any call. An access token lasts 15 minutes; `POST /api/v1/auth/refresh` gives a new one.

An error is `{"detail": "a sentence for a person", "code": "A_CODE"}`. **400** is a value that breaks a rule, with
the code of that rule; **422** is a field that is missing or of a wrong type, with the code `VALIDATION_ERROR`. Both
list each field at fault under `errors`. What belongs to somebody else does not exist for you: **404**.
"""


TAGS = [
    {"name": "auth", "description": "Register, log in, stay logged in, log out."},
    {"name": "account", "description": "Your own account: change it, export it, delete it."},
    {"name": "sessions", "description": "The devices that are logged in to your account."},
    {"name": "tokens", "description": "Personal access tokens, for scripts."},
    {"name": "tasks", "description": "What you mean to do, and the tags on it. Needs an access token."},
    {"name": "tags", "description": "Your own labels for tasks. Needs an access token."},
    {"name": "health", "description": "For monitors."},
]


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the service, ready to be served by an ASGI server; it connects when that starts it.

    Args:
        settings: with `database_url` and `jwt_secret_key`; None reads them from the environment and sets up logging.

    Raises:
        SettingsError: one of the two is missing, or any setting is wrong.
    """
    if settings is None:
        settings = load_settings()
        configure_logging(settings)
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL should name a PostgreSQL database; `todo serve` can bring its own")
    if settings.jwt_secret_key is None:
        raise SettingsError(f"JWT_SECRET_KEY should be set; make one with: {MAKE_A_SECRET}")
    previous = settings.jwt_secret_key_previous
    resources = AppResources(
        settings=settings,
        database=Database(settings, settings.database_url),
        security=Security(
            hasher=PasswordHasher(settings.bcrypt_rounds),
            signer=TokenSigner(
                settings.jwt_secret_key.get_secret_value(), previous.get_secret_value() if previous else None
            ),
            rate_limits=_make_rate_limits(settings),
        ),
        keyed_writes=Turns(settings.db_lock_timeout, IdempotencyKeyInUseError),
    )

    @asynccontextmanager
    async def run(_app: FastAPI) -> AsyncIterator[None]:
        async with resources.database, sweeping(resources.database):
            yield
        resources.security.hasher.close()
        resources.rate_limits.close()

    traced = is_traced()
    if traced:
        trace_statements()
    app = FastAPIOffline(
        title=settings.app_name,
        version=version("todo"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=run,
        docs_url=None,
        redoc_url=None,
        static_url=documentation.ASSETS,
        redirect_slashes=False,
        telemetry={
            "tracing": traced,
            "auto_configure": traced,
            "operation_spans": False,
            "metrics": False,
            "logs": False,
        },
    )
    app.state.resources = resources
    describe = app.openapi
    app.openapi = lambda: documentation.share_errors(describe())  # type: ignore[method-assign]  # FastAPI's own way
    _add_routes(app)
    install_error_handlers(app)
    app.add_middleware(BodyLimitMiddleware, max_bytes=settings.max_body_bytes, seconds=settings.request_timeout)
    app.add_middleware(CompressForWhoAsksMiddleware, minimum_size=COMPRESSED_FROM)
    app.add_middleware(UnexpectedErrorMiddleware)
    app.add_middleware(
        CrossOriginMiddleware,
        allow_origins=settings.cors_origins,
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", KEY_HEADER, "If-Match", IF_NONE_MATCH, REQUEST_ID.decode()],
        expose_headers=["ETag", "Idempotency-Replayed", "Retry-After", *RATE_LIMIT_FIELDS, REQUEST_ID.decode()],
    )
    app.add_middleware(ForwardedMiddleware, trusted_hosts=settings.forwarded_allow_ips)
    app.add_middleware(RequestContextMiddleware)
    return app


def create_worker_app() -> FastAPI:
    """Return the service for one of several processes, which ends when the first one does (FLR-012)."""
    first = multiprocessing.parent_process()
    if first is not None and first.pid is not None:
        die_with_parent(first.pid, signal.SIGTERM)
    return create_app()


def _make_rate_limits(settings: Settings) -> RateLimits:
    rates = {
        "register": settings.rate_limit_register,
        "login": settings.rate_limit_login,
        "refresh": settings.rate_limit_refresh,
        ACCOUNT: settings.rate_limit_account,
    }
    return RateLimits(settings.rate_limit_storage_uri, rates if settings.rate_limit_enabled else {})


def _add_routes(app: FastAPI) -> None:
    # One flat list, the busiest first: routes of included routers are matched once a level, and then once more.
    routers = (
        *(tasks.router, account.router, tags.router, account.exports, auth.router, sessions.router),
        *(task_bulk.router, access_tokens.router, health.router, documentation.router),
    )
    app.router.routes[:0] = [route for router in routers for route in router.routes]
