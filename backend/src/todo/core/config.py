"""The settings of the service, from the environment and from `.env`."""

import os
from datetime import timedelta
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv import dotenv_values
from platformdirs import user_data_path
from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from todo.core.setting_values import (
    BaseUrl,
    DatabaseUrl,
    Host,
    LowerCase,
    MailSender,
    Origins,
    PageUrl,
    Proxies,
    Rate,
    RateStorage,
    RootPath,
    Secret,
    SmtpUrl,
)

ENV_FILE = ".env"
OTHER_VARIABLES = frozenset({"test_database_url"})
"""Documented variables that are not settings of the service, in lower case."""
NEEDS_SMTP = ("mail_from", "password_reset_url", "email_confirm_url")
SIMILARITY = 0.83
"""How similar a variable is to a setting that was meant, from 0 to 1 (difflib). JWT_SECRET is for JWT_SECRET_KEY."""
DEFAULT_ORIGINS = tuple(f"http://localhost:{port}" for port in (3000, 5173, 8080, 8000))


Registration = Literal["open", "invited", "closed"]
"""Registration is allowed to anybody, with an invitation, or not at all."""


class SettingsError(Exception):
    """Settings are wrong. The message has a line for each wrong setting, with the values that it accepts."""


class Settings(BaseSettings):
    """Each field is an environment variable. `.env.example` documents the variables."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    app_name: str = "Todo"
    environment: Literal["development", "production", "test"] = "development"
    debug: bool = False
    host: Host = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    data_dir: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        default_factory=lambda: user_data_path("todo", appauthor=False)
    )

    database_url: DatabaseUrl | None = None
    database_listen_url: DatabaseUrl | None = None
    db_pool_min: int = Field(default=2, ge=0, le=1000)
    db_pool_max: int = Field(default=5, ge=1, le=1000)
    db_pool_recycle: float = Field(default=3600, gt=0)
    db_connection_timeout: float = Field(default=30, gt=0)
    db_pool_timeout: float = Field(default=4, gt=0)
    db_statement_timeout: float = Field(default=15, gt=0)
    db_lock_timeout: float = Field(default=4, gt=0)

    jwt_secret_key: Secret | None = None
    jwt_secret_key_previous: Secret | None = None
    refresh_grace: float = Field(default=30, ge=0, le=600)
    bcrypt_rounds: int = Field(default=12, ge=4, le=18)
    cookie_secure: bool = True
    cookie_samesite: Annotated[Literal["strict", "lax", "none"], LowerCase] = "strict"

    registration: Annotated[Registration, LowerCase] = "open"
    cors_origins: Origins = DEFAULT_ORIGINS
    forwarded_allow_ips: Proxies = "127.0.0.1"
    max_tags: int = Field(default=1000, ge=1)
    max_tags_per_task: int = Field(default=50, ge=1)
    max_projects: int = Field(default=500, ge=1)
    max_sections_per_project: int = Field(default=100, ge=1)
    max_filters: int = Field(default=200, ge=1)
    changes_retention_days: int = Field(default=180, ge=1, le=36500)
    trash_retention_days: int = Field(default=30, ge=1, le=36500)
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024)
    max_import_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)
    max_login_sessions: int = Field(default=100, ge=1)
    max_access_tokens: int = Field(default=100, ge=1)
    request_timeout: float = Field(default=15, gt=0)
    write_timeout: float = Field(default=60, gt=0)
    keep_alive_timeout: float = Field(default=75, gt=0)
    max_connections: int = Field(default=1000, ge=1)
    max_streams: int | None = Field(default=None, ge=0)
    max_streams_per_user: int = Field(default=20, ge=1)
    root_path: RootPath = ""

    rate_limit_enabled: bool = True
    rate_limit_register: Rate = "5/minute"
    rate_limit_login: Rate = "5/minute"
    rate_limit_refresh: Rate = "10/minute"
    rate_limit_account: Rate = "10/minute"
    rate_limit_account_total: Rate = "100/hour"
    rate_limit_account_guessed: Rate = "3/hour"
    rate_limit_totp: Rate = "10/hour;20/day;60/month"
    rate_limit_password_reset: Rate = "5/minute"  # noqa: S105 -- a rate
    rate_limit_confirm: Rate = "10/minute"
    rate_limit_mail: Rate = "5/hour"
    rate_limit_storage_uri: RateStorage = "memory://"

    smtp_url: SmtpUrl | None = None
    mail_from: MailSender | None = None
    public_url: BaseUrl | None = None
    password_reset_url: PageUrl | None = None
    email_confirm_url: PageUrl | None = None

    log_format: Literal["console", "json"] = "console"
    metrics_host: Host = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=0, le=65535)

    @property
    def trash_retention(self) -> timedelta:
        """How long deleted resources can be restored."""
        return timedelta(days=self.trash_retention_days)

    @property
    def changes_retention(self) -> timedelta:
        """How long the change log is kept."""
        return timedelta(days=self.changes_retention_days)

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if self.environment == "production" and "*" in self.cors_origins:
            raise ValueError("CORS_ORIGINS should list the allowed origins in production; * is rejected there")
        if self.cookie_samesite == "none" and not self.cookie_secure:
            raise ValueError("COOKIE_SECURE should be true when COOKIE_SAMESITE is none (browsers require this)")
        if self.db_pool_min > self.db_pool_max:
            raise ValueError("DB_POOL_MIN should not exceed DB_POOL_MAX")
        if self.changes_retention_days < self.trash_retention_days:
            raise ValueError("CHANGES_RETENTION_DAYS should not be less than TRASH_RETENTION_DAYS")
        if self.database_listen_url is not None and self.database_url is None:
            raise ValueError("DATABASE_URL should be set when DATABASE_LISTEN_URL is set")
        if self.max_streams is not None and self.max_streams >= self.max_connections:
            raise ValueError("MAX_STREAMS should be less than MAX_CONNECTIONS, because requests need connections too")
        self._check_mail()
        return self

    @property
    def stream_limit(self) -> int:
        """The maximum number of open event streams in each process."""
        return self.max_connections // 2 if self.max_streams is None else self.max_streams

    def _check_mail(self) -> None:
        if self.smtp_url is not None:
            if self.mail_from is None or self.public_url is None:
                raise ValueError("MAIL_FROM and PUBLIC_URL should be set when SMTP_URL is set")
        elif names := [name for name in NEEDS_SMTP if getattr(self, name) is not None]:
            raise ValueError(f"SMTP_URL should be set when {names[0].upper()} is set")


def load_settings() -> Settings:
    """Return the settings of this process.

    Raises:
        SettingsError: a variable has an invalid value, or `.env` cannot be read.
    """
    try:
        return Settings()
    except PermissionError as error:
        folder = Path.cwd()
        raise SettingsError(
            f"The file {folder / ENV_FILE} cannot be read by this user. Run the command in another folder, such as /"
        ) from error
    except ValidationError as error:
        raise SettingsError(
            "\n".join(_describe(problem["loc"], problem["msg"]) for problem in error.errors())
        ) from None


def read_env_file(path: str) -> None:
    """Read settings from a file into the environment. Variables that the environment has already win.

    Raises:
        SettingsError: the file cannot be read.
    """
    try:
        values = dotenv_values(stream=StringIO(Path(path).read_text()), interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file {path} cannot be read ({error})") from error
    for name, value in values.items():
        if value is not None:
            os.environ.setdefault(name, value)


def find_misspelt_variables() -> list[tuple[str, str]]:
    """Return the variables of the environment and of `.env` that resemble a setting, each with that setting."""
    settings = Settings.model_fields.keys()
    names = {name.lower() for name in (*os.environ, *dotenv_values(ENV_FILE))} - settings - OTHER_VARIABLES
    matches = ((name, get_close_matches(name, settings, n=1, cutoff=SIMILARITY)) for name in sorted(names))
    return [(name.upper(), match[0].upper()) for name, match in matches if match]


def _describe(location: tuple[int | str, ...], message: str) -> str:
    sentence = message.removeprefix("Value error, ").removeprefix("Input ")
    return f"{str(location[0]).upper()} {sentence}" if location else sentence
