"""The application, assembled from settings."""

import multiprocessing
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from todo.core.config import Settings, SettingsError, load_settings
from todo.core.database.database import Database
from todo.core.limits.keyed_lock import KeyedLock
from todo.core.limits.rate_limits import ACCOUNT, ACCOUNT_GUESSED, ACCOUNT_TOTAL, MAIL, TOTP, RateLimits
from todo.core.logging_config import configure_logging
from todo.core.mail.addresses import read_sender
from todo.core.mail.sender import MailSender
from todo.core.mail.smtp_url import read_smtp_url
from todo.core.postgres.process import die_with_parent
from todo.core.security.passwords import PasswordHasher
from todo.core.security.sealing import Sealer
from todo.core.security.tokens import TokenSigner
from todo.core.setting_values import SECRET_COMMAND
from todo.core.telemetry import is_tracing_enabled, trace_statements
from todo.core.version import service_version
from todo.domain.account import PASSWORD_MAX
from todo.http.change_seq import CHANGE_SEQ
from todo.http.conditional import IF_NONE_MATCH
from todo.http.dependencies.change_base import CHANGE_BASE
from todo.http.dependencies.client import RATE_LIMIT_HEADERS
from todo.http.dependencies.principal import API
from todo.http.dependencies.stream_client import LAST_EVENT_ID
from todo.http.document import finish_document
from todo.http.errors import install_error_handlers
from todo.http.idempotency import KEY_HEADER
from todo.http.middleware.body_limit import BodyLimit, BodyLimitMiddleware
from todo.http.middleware.compression import CompressionMiddleware
from todo.http.middleware.cross_origin import CrossOriginMiddleware
from todo.http.middleware.forwarded import ForwardedMiddleware
from todo.http.middleware.request_context import REQUEST_ID, RequestContextMiddleware
from todo.http.middleware.root_path import RootPathMiddleware
from todo.http.middleware.stack import Application
from todo.http.middleware.unexpected_errors import UnexpectedErrorMiddleware
from todo.http.openapi import add_root_path
from todo.http.protocol.connection import ON_STOP
from todo.http.request_state import AppResources
from todo.routers import (
    access_tokens,
    account,
    auth,
    documentation,
    filters,
    health,
    imports,
    login_sessions,
    mailed_links,
    occurrences,
    tags,
    task_bulk,
    tasks,
    totp,
)
from todo.routers.changes import events, history, sync, trash
from todo.routers.pages import router as pages
from todo.routers.projects import moves, projects, sections
from todo.services.accounts.disabled_users import DisabledUsers
from todo.services.accounts.service import Security
from todo.services.delivery.service import MailService
from todo.services.delivery.texts import Pages
from todo.services.events.streams import EventStreams
from todo.services.housekeeping import Retention
from todo.services.shared.log.change_feed import ChangeFeed
from todo.workers.change_feed import connecting_feed
from todo.workers.disabled_users import reading_disabled_users
from todo.workers.event_streams import watching_streams
from todo.workers.mailer import mailing
from todo.workers.resealer import resealing
from todo.workers.sweeper import sweeping

COMPRESSED_MIN_BYTES = 1400
"""A smaller response fits into one packet, so compression would not deliver it sooner."""
IMPORT_TIMES = 4
"""How many times REQUEST_TIMEOUT the document of an import may take to arrive."""
TRACE_HEADERS = ("traceparent", "tracestate", "baggage")
"""Headers that tracing adds to requests of browsers (W3C Trace Context and Baggage)."""
ALLOWED_HEADERS = (
    "Authorization",
    "Content-Type",
    KEY_HEADER,
    "If-Match",
    IF_NONE_MATCH,
    CHANGE_BASE,
    LAST_EVENT_ID,
    REQUEST_ID.decode(),
)
EXPOSED_HEADERS = (
    *("ETag", "Location", "Allow", "Accept-Patch", "Accept-Post", "Content-Disposition"),
    *("Idempotency-Replayed", CHANGE_SEQ, "Retry-After", *RATE_LIMIT_HEADERS, REQUEST_ID.decode()),
)
DESCRIPTION = """
Keep tasks in projects, with tags, dates and repeats. All times are in UTC, and every error has the same shape.

1. **Register** with `POST /api/v1/auth/register`.
2. Press **Authorize** and log in. The username is your e-mail address. Leave the client fields empty. If your account
   has a second factor, execute `POST /api/v1/auth/login` with `totp_code` instead, and paste its `access_token` into
   **Authorize**.
3. **Try** any call. An access token lasts 15 minutes. `POST /api/v1/auth/refresh` returns a new one.

An error is `{"detail": "a sentence for a person", "code": "A_CODE"}`. **400** means that a value breaks a rule, and the
code names the rule. **422** means that a field is missing, unknown (`UNKNOWN_FIELD`) or of a wrong type
(`VALIDATION_ERROR`). Both list the problem of each field under `errors`. A resource of another user gives **404**.
"""
TAGS = [
    {"name": "auth", "description": "Register, log in, stay logged in, log out."},
    {"name": "account", "description": "Your own account: change it, export it, delete it."},
    {"name": "sessions", "description": "The clients that are logged in to your account."},
    {"name": "tokens", "description": "Personal access tokens, for scripts."},
    {"name": "totp", "description": "The second factor of your account: codes of an app, and recovery codes."},
    {"name": "tasks", "description": "Your tasks, and the tags on them. Needs an access token."},
    {"name": "tags", "description": "Your labels for tasks. Needs an access token."},
    {"name": "projects", "description": "Your projects and their sections. Needs an access token."},
    {"name": "filters", "description": "Your saved filters for lists of tasks. Needs an access token."},
    {"name": "sync", "description": "What changed, for a copy that also works offline. Needs an access token."},
    {"name": "changes", "description": "What was changed, and how to take it back."},
    {"name": "trash", "description": "Deleted tasks, tags, projects, sections and filters."},
    {"name": "events", "description": "What changes, at the moment it changes. Needs an access token or a ticket."},
    {"name": "health", "description": "For monitors."},
]


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application. It connects to the database when an ASGI server starts it.

    Args:
        settings: need `database_url` and `jwt_secret_key`. None reads them from the environment and sets up logging.

    Raises:
        SettingsError: one of the two is missing, or a setting is wrong.
    """
    if settings is None:
        settings = load_settings()
        configure_logging(settings)
    resources = _make_resources(settings)
    mail_service = make_mail_service(settings)
    retention = Retention(settings.changes_retention, settings.trash_retention)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, object]]:
        database, feed = resources.database, resources.change_feed
        assert settings.database_url is not None
        async with (
            database,
            resealing(database, resources.security.sealer),
            sweeping(database, retention),
            mailing(database, mail_service),
            reading_disabled_users(database, resources.disabled_users),
            connecting_feed(feed, database, settings, settings.database_url),
            watching_streams(database, resources.event_streams),
        ):
            yield {ON_STOP: feed.close}
            feed.close()
        resources.security.hasher.close()
        await resources.rate_limits.close()

    tracing = is_tracing_enabled()
    if tracing:
        trace_statements()
    app = Application(
        title=settings.app_name,
        version=service_version(),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={
            "tracing": tracing,
            "auto_configure": tracing,
            "operation_spans": False,
            "metrics": False,
            "logs": False,
        },
    )
    app.state.resources = resources
    make_document = app.openapi
    root_path = settings.root_path
    app.openapi = cache(lambda: add_root_path(finish_document(make_document()), root_path))  # type: ignore[method-assign]  # documented by FastAPI
    app.mount(documentation.ASSETS, StaticFiles(packages=[("fastapi_offline", "static")]))
    _add_routes(app)
    install_error_handlers(app)
    _add_middleware(app, resources)
    return app


def create_worker_app() -> FastAPI:
    """Return the application of one of several processes; the process ends with its parent (FLR-012)."""
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid is not None:
        die_with_parent(parent.pid, signal.SIGTERM)
    return create_app()


def make_mail_service(settings: Settings) -> MailService | None:
    """Return the means to send mail, or None without SMTP_URL."""
    if settings.smtp_url is None or settings.mail_from is None or settings.public_url is None:
        return None
    pages = Pages(
        app_name=" ".join(settings.app_name.split()),
        public_url=settings.public_url,
        password_reset_url=settings.password_reset_url or f"{settings.public_url}/reset-password",
        email_confirm_url=settings.email_confirm_url or f"{settings.public_url}/confirm-email",
    )
    server = read_smtp_url(settings.smtp_url.get_secret_value())
    return MailService(MailSender(server, read_sender(settings.mail_from)), pages)


def _make_resources(settings: Settings) -> AppResources:
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL should name a PostgreSQL database; `todo serve` can start its own")
    if settings.jwt_secret_key is None:
        raise SettingsError(f"JWT_SECRET_KEY should be set; generate one with: {SECRET_COMMAND}")
    secret = settings.jwt_secret_key.get_secret_value()
    previous = settings.jwt_secret_key_previous.get_secret_value() if settings.jwt_secret_key_previous else None
    feed = ChangeFeed()
    return AppResources(
        settings=settings,
        database=Database(settings, settings.database_url),
        security=Security(
            hasher=PasswordHasher(settings.bcrypt_rounds, PASSWORD_MAX),
            signer=TokenSigner(secret, previous),
            sealer=Sealer(secret, previous),
            rate_limits=_make_rate_limits(settings),
            max_login_sessions=settings.max_login_sessions,
            has_mail=settings.smtp_url is not None,
        ),
        disabled_users=DisabledUsers(),
        user_writes=KeyedLock(settings.db_lock_timeout),
        change_feed=feed,
        event_streams=EventStreams(
            feed, max_streams=settings.stream_limit, max_streams_per_user=settings.max_streams_per_user
        ),
    )


def _make_rate_limits(settings: Settings) -> RateLimits:
    rates = {
        "register": settings.rate_limit_register,
        "login": settings.rate_limit_login,
        "refresh": settings.rate_limit_refresh,
        "password_reset": settings.rate_limit_password_reset,
        "confirm": settings.rate_limit_confirm,
        MAIL: settings.rate_limit_mail,
        ACCOUNT: settings.rate_limit_account,
        ACCOUNT_TOTAL: settings.rate_limit_account_total,
        ACCOUNT_GUESSED: settings.rate_limit_account_guessed,
        TOTP: settings.rate_limit_totp,
    }
    return RateLimits(settings.rate_limit_storage_uri, rates if settings.rate_limit_enabled else {})


def _add_routes(app: FastAPI) -> None:
    # A flat list: the table of `Application` has no routes of included routers.
    routers = (
        *(tasks.router, account.router, tags.router, projects.router, sections.router),
        *(filters.router, auth.router, login_sessions.router, moves.router),
        *(task_bulk.router, occurrences.router, access_tokens.router, totp.router, mailed_links.router, health.router),
        *(sync.router, events.router, history.pages, history.router, trash.pages, trash.router),
        *(imports.router, documentation.router, pages.router),
    )
    app.router.routes[:0] = [route for router in routers for route in router.routes]


def _add_middleware(app: FastAPI, resources: AppResources) -> None:
    """Add the middleware; the last one added is the outermost."""
    settings = resources.settings
    app.add_middleware(
        BodyLimitMiddleware,
        limit=BodyLimit(settings.max_body_bytes, settings.request_timeout),
        by_path={f"{API}{imports.PATH}": BodyLimit(settings.max_import_bytes, IMPORT_TIMES * settings.request_timeout)},
    )
    app.add_middleware(CompressionMiddleware, minimum_size=COMPRESSED_MIN_BYTES)
    app.add_middleware(UnexpectedErrorMiddleware)
    app.add_middleware(
        CrossOriginMiddleware,
        allow_origins=settings.cors_origins,
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_private_network=True,
        allow_headers=[*ALLOWED_HEADERS, *TRACE_HEADERS],
        expose_headers=EXPOSED_HEADERS,
    )
    app.add_middleware(ForwardedMiddleware, trusted_hosts=settings.forwarded_allow_ips)
    app.add_middleware(RequestContextMiddleware, resources=resources)
    if settings.root_path:
        app.add_middleware(RootPathMiddleware, root_path=settings.root_path)
