"""Settings: defaults, parsing and error messages (contract, section 6)."""

import re
from pathlib import Path

import pytest
from platformdirs import user_data_path

from tests.support import SECRET
from todo.core.config import Settings, SettingsError, load_settings

ENV_EXAMPLE = Path(__file__).parents[2] / ".env.example"
DOCUMENTED = re.compile(r"^# ([A-Z_]+)=(.*)$", re.MULTILINE)
VARIABLES = sorted(name.upper() for name in Settings.model_fields)


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working folder. The environment has no settings."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load_with(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    """Load the settings with these variables in the environment."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def read_error_message(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """Return the message of the error that these variables raise."""
    with pytest.raises(SettingsError) as raised:
        load_with(monkeypatch, **variables)
    return str(raised.value)


# Defaults


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("port", 8000),
        ("host", "127.0.0.1"),
        ("workers", 1),
        ("database_url", None),
        ("jwt_secret_key", None),
        ("jwt_secret_key_previous", None),
        ("refresh_grace", 30),
        ("db_pool_min", 2),
        ("db_pool_max", 5),
        ("db_pool_recycle", 3600),
        ("db_connection_timeout", 30),
        ("bcrypt_rounds", 12),
        ("cookie_secure", True),
        ("cookie_samesite", "strict"),
        ("rate_limit_enabled", True),
        ("rate_limit_register", "5/minute"),
        ("rate_limit_login", "5/minute"),
        ("rate_limit_refresh", "10/minute"),
        ("rate_limit_account", "10/minute"),
        ("rate_limit_totp", "10/hour;20/day;60/month"),
        ("rate_limit_storage_uri", "memory://"),
        ("forwarded_allow_ips", "127.0.0.1"),
        ("log_format", "console"),
        ("debug", False),
        ("environment", "development"),
        ("max_body_bytes", 1024 * 1024),
        ("max_import_bytes", 32 * 1024 * 1024),
        ("write_timeout", 60),
        ("keep_alive_timeout", 75),
        ("max_connections", 1000),
        ("root_path", ""),
        ("data_dir", user_data_path("todo", appauthor=False)),
    ],
)
def test_setting_has_the_default_of_the_contract(field: str, value: object) -> None:
    assert getattr(load_settings(), field) == value


def test_default_cors_origins_are_local_development_servers() -> None:
    ports = [origin.removeprefix("http://localhost:") for origin in load_settings().cors_origins]

    assert ports == ["3000", "5173", "8080", "8000"]


# Reading


@pytest.mark.parametrize("name", ["PORT", "port", "Port"])
def test_variable_name_is_case_insensitive(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert load_with(monkeypatch, **{name: "9000"}).port == 9000


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        pytest.param("https://a.example", ("https://a.example",), id="one"),
        pytest.param("https://a.example,https://b.example", ("https://a.example", "https://b.example"), id="commas"),
        pytest.param(
            " https://a.example , https://b.example, ", ("https://a.example", "https://b.example"), id="spaces"
        ),
        pytest.param(
            '["https://a.example", "https://b.example"]', ("https://a.example", "https://b.example"), id="json"
        ),
        pytest.param(' ["https://a.example"]', ("https://a.example",), id="json-after-a-space"),
        pytest.param("[]", (), id="none"),
    ],
)
def test_list_is_comma_separated_or_json(monkeypatch: pytest.MonkeyPatch, text: str, origins: tuple[str, ...]) -> None:
    assert load_with(monkeypatch, CORS_ORIGINS=text).cors_origins == origins


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://ada:secret@db:5432/todo",
        "postgresql://ada:secret@db:5432/todo",
        "postgres://ada:secret@db/todo",
        "postgresql://db/todo?sslmode=require",
        "postgresql:///todo?host=/run/postgresql",
        "postgresql://ada:p%40ss@[::1]:5432/todo",
    ],
)
def test_usual_forms_of_a_database_url_are_accepted(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert load_with(monkeypatch, DATABASE_URL=url).database_url == url


@pytest.mark.parametrize("secret", [SECRET, SECRET.upper(), SECRET * 4])
def test_secret_of_64_or_more_hexadecimal_characters_is_accepted(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    secret_key = load_with(monkeypatch, JWT_SECRET_KEY=secret).jwt_secret_key

    assert secret_key is not None
    assert secret_key.get_secret_value() == secret


@pytest.mark.parametrize("rate", ["1/second", "5 per minute", "100/hour", "5/minute;50/hour", "10/5 minutes"])
def test_several_forms_of_a_rate_limit_are_accepted(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    assert load_with(monkeypatch, RATE_LIMIT_LOGIN=rate).rate_limit_login == rate


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("45", 45), ("1.5", 1.5), ("600", 600)])
def test_duration_is_in_seconds(monkeypatch: pytest.MonkeyPatch, text: str, seconds: float) -> None:
    assert load_with(monkeypatch, REFRESH_GRACE=text).refresh_grace == seconds


@pytest.mark.parametrize("name", ["JWT_SECRET_KEY", "JWT_SECRET_KEY_PREVIOUS"])
def test_settings_hide_secrets_when_printed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    settings = load_with(monkeypatch, **{name: SECRET})

    assert SECRET not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("text", "root_path"), [("/todo", "/todo"), ("/todo/", "/todo"), ("/a/b-c.d", "/a/b-c.d"), ("/", "")]
)
def test_root_path_has_no_slash_at_the_end(monkeypatch: pytest.MonkeyPatch, text: str, root_path: str) -> None:
    assert load_with(monkeypatch, ROOT_PATH=text).root_path == root_path


@pytest.mark.parametrize("name", VARIABLES)
def test_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    default = getattr(load_settings(), name.lower())

    assert getattr(load_with(monkeypatch, **{name: ""}), name.lower()) == default


def test_env_file_is_read(folder: Path) -> None:
    (folder / ".env").write_text("# A comment\nPORT=9000\nAPP_NAME='Ädas Aufgaben'\n", encoding="utf-8")

    settings = load_settings()

    assert (settings.port, settings.app_name) == (9000, "Ädas Aufgaben")


def test_environment_overrides_the_env_file(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / ".env").write_text("PORT=9000\n")

    assert load_with(monkeypatch, PORT="9001").port == 9001


def test_unknown_variables_are_ignored(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / ".env").write_text("TEST_DATABASE_URL=postgresql://db/test\nCOLOUR=red\n")

    assert load_with(monkeypatch, COLOUR="blue") == load_settings()


# Invalid settings


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ENVIRONMENT", "staging", "'development', 'production' or 'test'"),
        ("DEBUG", "maybe", "boolean"),
        ("PORT", "http", "integer"),
        ("PORT", "65536", "65535"),
        ("PORT", "-1", "0"),
        ("WORKERS", "0", "1"),
        ("DATABASE_URL", "mysql://db/todo", "postgresql+asyncpg://user:password@host:5432/database"),
        ("DATABASE_URL", "sqlite:///todo.db", "postgresql+asyncpg://user:password@host:5432/database"),
        ("DATABASE_URL", "postgresql+psycopg2://db/todo", "postgresql+asyncpg://user:password@host:5432/database"),
        ("DATABASE_URL", "db/todo", "postgresql+asyncpg://user:password@host:5432/database"),
        ("DATABASE_URL", "postgresql://db:port/todo", "postgresql+asyncpg://user:password@host:5432/database"),
        ("DB_POOL_MIN", "-1", "0"),
        ("DB_POOL_MIN", "6", "DB_POOL_MAX"),
        ("DB_POOL_MAX", "0", "1"),
        ("DB_POOL_RECYCLE", "0", "0"),
        ("DB_CONNECTION_TIMEOUT", "soon", "number"),
        ("JWT_SECRET_KEY", "5eed", "at least 64 hexadecimal characters; make one with: openssl rand -hex 32"),
        ("JWT_SECRET_KEY", "a" * 63, "at least 64 hexadecimal characters"),
        ("JWT_SECRET_KEY", "g" * 64, "at least 64 hexadecimal characters"),
        ("JWT_SECRET_KEY", "a" * 64 + " ", "at least 64 hexadecimal characters"),
        ("JWT_SECRET_KEY_PREVIOUS", "5eed", "at least 64 hexadecimal characters"),
        ("REFRESH_GRACE", "soon", "number"),
        ("REFRESH_GRACE", "-1", "0"),
        ("REFRESH_GRACE", "601", "600"),
        ("BCRYPT_ROUNDS", "3", "4"),
        ("BCRYPT_ROUNDS", "31", "18"),
        ("COOKIE_SECURE", "perhaps", "boolean"),
        ("COOKIE_SAMESITE", "loose", "'strict', 'lax' or 'none'"),
        ("CORS_ORIGINS", '["http://localhost:3000"', "list"),
        ("CORS_ORIGINS", "[3000]", "string"),
        ("MAX_BODY_BYTES", "1", "1024"),
        ("MAX_IMPORT_BYTES", "1", "1024"),
        ("WRITE_TIMEOUT", "0", "0"),
        ("KEEP_ALIVE_TIMEOUT", "-1", "0"),
        ("MAX_CONNECTIONS", "0", "1"),
        ("ROOT_PATH", "todo", "empty or look like /todo"),
        ("ROOT_PATH", "https://example.com/todo", "empty or look like /todo"),
        ("ROOT_PATH", "/to do", "empty or look like /todo"),
        ("ROOT_PATH", "/todo/../x", "empty or look like /todo"),
        ("ROOT_PATH", "/todo;Path=/", "empty or look like /todo"),
        ("RATE_LIMIT_ENABLED", "sometimes", "boolean"),
        ("RATE_LIMIT_REGISTER", "often", "a number and a period, such as 5/minute"),
        ("RATE_LIMIT_LOGIN", "5/fortnight", "a number and a period, such as 5/minute"),
        ("RATE_LIMIT_REFRESH", "10", "a number and a period, such as 5/minute"),
        ("RATE_LIMIT_ACCOUNT", "0", "a number and a period, such as 5/minute"),
        ("RATE_LIMIT_STORAGE_URI", "nowhere", "memory://"),
        ("LOG_FORMAT", "xml", "'console' or 'json'"),
    ],
)
def test_error_names_the_setting_and_the_expected_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    message = read_error_message(monkeypatch, **{name: value})

    assert message.startswith(f"{name} should ")
    assert expected in message
    assert "\n" not in message


def test_error_has_one_line_for_each_invalid_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    message = read_error_message(monkeypatch, PORT="http", WORKERS="0", LOG_FORMAT="xml")

    assert sorted(line.split()[0] for line in message.splitlines()) == ["LOG_FORMAT", "PORT", "WORKERS"]


def test_error_names_an_invalid_setting_of_the_env_file(folder: Path) -> None:
    (folder / ".env").write_text("PORT=http\n")

    with pytest.raises(SettingsError, match="PORT should be a valid integer"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "hidden"),
    [
        ("JWT_SECRET_KEY", "0dd5ecret", "0dd5ecret"),
        ("JWT_SECRET_KEY_PREVIOUS", "0dd5ecret", "0dd5ecret"),
        ("DATABASE_URL", "mysql://ada:hunter2@db/todo", "hunter2"),
        ("DATABASE_URL", "postgresql://ada:hunter2@db:port/todo", "hunter2"),
    ],
)
def test_error_hides_the_secret(monkeypatch: pytest.MonkeyPatch, name: str, value: str, hidden: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_with(monkeypatch, **{name: value})

    assert hidden not in f"{raised.value!r} {raised.value.__cause__!r}"


@pytest.mark.parametrize("origins", ["*", "https://todo.example,*", '["*"]'])
def test_wildcard_origin_is_rejected_in_production(monkeypatch: pytest.MonkeyPatch, origins: str) -> None:
    message = read_error_message(monkeypatch, ENVIRONMENT="production", CORS_ORIGINS=origins)

    assert message.startswith("CORS_ORIGINS should ")


def test_wildcard_origin_is_accepted_in_development(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_with(monkeypatch, CORS_ORIGINS="*").cors_origins == ("*",)


def test_samesite_none_requires_a_secure_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    message = read_error_message(monkeypatch, COOKIE_SAMESITE="none", COOKIE_SECURE="false")

    assert message.startswith("COOKIE_SECURE should ")


# .env.example


def test_env_example_lists_every_setting_once() -> None:
    documented = [name for name, _ in DOCUMENTED.findall(ENV_EXAMPLE.read_text())]

    assert sorted(documented) == sorted([*VARIABLES, "TEST_DATABASE_URL"])


def test_env_example_describes_every_setting() -> None:
    paragraphs = ENV_EXAMPLE.read_text().strip().split("\n\n")

    assert [paragraph for paragraph in paragraphs if not re.match(r"# \w+[^=]*[.:)]\n?", paragraph)] == []


def test_copy_of_env_example_changes_no_setting(folder: Path) -> None:
    (folder / ".env").write_text(ENV_EXAMPLE.read_text())

    assert load_settings() == Settings(_env_file=None)


@pytest.mark.parametrize("name", [name for name in VARIABLES if name != "DATA_DIR"])
def test_env_example_shows_the_default(folder: Path, name: str) -> None:
    documented = dict(DOCUMENTED.findall(ENV_EXAMPLE.read_text()))
    (folder / ".env").write_text(f"{name}={documented[name]}\n")

    assert load_settings().model_dump() == Settings(_env_file=None).model_dump()


@pytest.mark.spec("TRA-011")
def test_log_is_kept_as_long_as_the_trash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGES_RETENTION_DAYS", "29")

    with pytest.raises(SettingsError, match="CHANGES_RETENTION_DAYS should not be less than TRASH_RETENTION_DAYS"):
        load_settings()


@pytest.mark.spec("EVT-012")
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MAX_STREAMS", "1000", "MAX_STREAMS should be less than MAX_CONNECTIONS"),
        ("DATABASE_LISTEN_URL", "postgresql://todo", "DATABASE_URL should be set when DATABASE_LISTEN_URL is set"),
    ],
)
def test_settings_of_streams_that_cannot_be_kept_are_rejected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match=message):
        load_settings()
