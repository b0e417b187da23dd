"""The settings of the service, from the environment and from `.env`."""

import json
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from limits import parse_many
from platformdirs import user_data_path
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

JWT_SECRET = re.compile(r"[0-9a-fA-F]{64,}")
SECRET_COMMAND = "openssl rand -hex 32"  # noqa: S105 -- a command that generates a secret
DEFAULT_ORIGINS = tuple(f"http://localhost:{port}" for port in (3000, 5173, 8080, 8000))


class SettingsError(Exception):
    """Settings are wrong. The message has a line for each wrong setting, with the values that it accepts."""


def _split_list(value: object) -> object:
    """Split a comma-separated list, and parse a JSON array."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError("should be a comma-separated list or a JSON array of strings") from error
    return [part.strip() for part in value.split(",") if part.strip()]


def _check_secret(value: SecretStr) -> SecretStr:
    if not JWT_SECRET.fullmatch(value.get_secret_value()):
        raise ValueError(f"should be at least 64 hexadecimal characters; make one with: {SECRET_COMMAND}")
    return value


def _check_database_url(value: str) -> str:
    try:
        driver = make_url(value).drivername
    except (ArgumentError, ValueError):
        driver = ""
    if driver not in ("postgresql", "postgres", "postgresql+asyncpg"):
        raise ValueError("should look like postgresql+asyncpg://user:password@host:5432/database")
    return value


def _check_rate(value: str) -> str:
    try:
        parse_many(value)
    except ValueError as error:
        raise ValueError("should be a number and a period, such as 5/minute") from error
    return value


def _check_storage(value: str) -> str:
    if not re.fullmatch(r"memory://|rediss?://.+|redis\+unix://.+", value):
        raise ValueError("should be memory:// or look like redis://host:6379/0")
    return value


def _check_root_path(value: str) -> str:
    path = value.rstrip("/")
    if not re.fullmatch(r"(/[\w.~-]+)*", path, re.ASCII) or re.search(r"/\.{1,2}(/|$)", path):
        raise ValueError("should be empty or look like /todo")
    return path


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


DatabaseUrl = Annotated[str, AfterValidator(_check_database_url)]
Rate = Annotated[str, AfterValidator(_check_rate)]


class Settings(BaseSettings):
    """Each field is an environment variable. `.env.example` documents the variables."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    app_name: str = "Todo"
    environment: Literal["development", "production", "test"] = "development"
    debug: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    data_dir: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        default_factory=lambda: user_data_path("todo", appauthor=False)
    )

    database_url: DatabaseUrl | None = None
    db_pool_min: int = Field(default=2, ge=0, le=1000)
    db_pool_max: int = Field(default=5, ge=1, le=1000)
    db_pool_recycle: float = Field(default=3600, gt=0)
    db_connection_timeout: float = Field(default=30, gt=0)
    db_pool_timeout: float = Field(default=4, gt=0)
    db_statement_timeout: float = Field(default=15, gt=0)
    db_lock_timeout: float = Field(default=4, gt=0)

    jwt_secret_key: Annotated[SecretStr, AfterValidator(_check_secret)] | None = None
    jwt_secret_key_previous: Annotated[SecretStr, AfterValidator(_check_secret)] | None = None
    refresh_grace: float = Field(default=30, ge=0, le=600)
    bcrypt_rounds: int = Field(default=12, ge=4, le=18)
    cookie_secure: bool = True
    cookie_samesite: Annotated[Literal["strict", "lax", "none"], BeforeValidator(_lower)] = "strict"

    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_list)] = DEFAULT_ORIGINS
    forwarded_allow_ips: str = "127.0.0.1"
    max_tags: int = Field(default=1000, ge=1)
    max_tags_per_task: int = Field(default=50, ge=1)
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024)
    max_login_sessions: int = Field(default=100, ge=1)
    max_access_tokens: int = Field(default=100, ge=1)
    request_timeout: float = Field(default=15, gt=0)
    write_timeout: float = Field(default=60, gt=0)
    keep_alive_timeout: float = Field(default=75, gt=0)
    max_connections: int = Field(default=1000, ge=1)
    root_path: Annotated[str, AfterValidator(_check_root_path)] = ""

    rate_limit_enabled: bool = True
    rate_limit_register: Rate = "5/minute"
    rate_limit_login: Rate = "5/minute"
    rate_limit_refresh: Rate = "10/minute"
    rate_limit_account: Rate = "10/minute"
    rate_limit_account_total: Rate = "100/hour"
    rate_limit_account_guessed: Rate = "3/hour"
    rate_limit_storage_uri: Annotated[str, AfterValidator(_check_storage)] = "memory://"

    log_format: Literal["console", "json"] = "console"
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(default=None, ge=0, le=65535)

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if self.environment == "production" and "*" in self.cors_origins:
            raise ValueError("CORS_ORIGINS should list the allowed origins in production; * is rejected there")
        if self.cookie_samesite == "none" and not self.cookie_secure:
            raise ValueError("COOKIE_SECURE should be true when COOKIE_SAMESITE is none (browsers require this)")
        if self.db_pool_min > self.db_pool_max:
            raise ValueError("DB_POOL_MIN should not exceed DB_POOL_MAX")
        return self


def load_settings() -> Settings:
    """Return the settings of this process.

    Raises:
        SettingsError: a variable has an invalid value.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(
            "\n".join(_describe(problem["loc"], problem["msg"]) for problem in error.errors())
        ) from None


def _describe(location: tuple[int | str, ...], message: str) -> str:
    sentence = message.removeprefix("Value error, ").removeprefix("Input ")
    return f"{str(location[0]).upper()} {sentence}" if location else sentence
