"""Settings that are normalised, and wrong ones that are named."""

import logging
from pathlib import Path

import pytest

from tests.support import MakeApp, make_client, make_settings
from todo.core.config import Settings, SettingsError, find_misspelt_variables, load_settings
from todo.http.middleware import cross_origin


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty working folder. The environment has no settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> object:
    """Load the settings with one variable, and return its setting."""
    monkeypatch.setenv(name, value)
    return getattr(load_settings(), name.lower())


@pytest.mark.spec("OPS-020")
@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://app.example.com/", "https://app.example.com"),
        ("https://APP.example.com", "https://app.example.com"),
        ("HTTPS://app.example.com", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80/", "http://app.example.com"),
        ("http://app.example.com:443", "http://app.example.com:443"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
        ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ('["https://App.example.com/"]', "https://app.example.com"),
        ("https://a.example,https://a.example/", "https://a.example"),
    ],
)
def test_origin_is_normalised_to_what_browsers_send(monkeypatch: pytest.MonkeyPatch, written: str, origin: str) -> None:
    assert load_value(monkeypatch, "CORS_ORIGINS", written) == (origin,)


@pytest.mark.spec("OPS-021")
@pytest.mark.parametrize(
    "written",
    [
        "app.example.com",
        "localhost:3000",
        "https://app.example.com/app",
        "https://app.example.com?x=1",
        "https://a.example;https://b.example",
        "https://a.example https://b.example",
        "https://*.example.com",
        "https://user@example.com",
        "https://app.example.com:99999",
        "http://[::1",
        "null",
        "file://",
        "https://",
        "'https://app.example.com'",
    ],
)
def test_value_that_is_not_an_origin_is_rejected(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_value(monkeypatch, "CORS_ORIGINS", written)

    message = str(raised.value)
    assert message.startswith("CORS_ORIGINS should list origins such as https://app.example.com, separated by commas")
    assert message.endswith(f"{written!r} is not an origin")


@pytest.mark.spec("OPS-022")
@pytest.mark.parametrize(
    ("written", "proxies"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1/8", "127.0.0.0/8"),
        ("172.18.0.1/255.255.0.0", "172.18.0.0/16"),
        ("localhost", "127.0.0.1,::1"),
        ("[::1]", "::1"),
        ("0:0::1", "::1"),
        ("[fd00::1]/64", "fd00::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        (" 10.0.0.1 , 10.0.0.2,", "10.0.0.1,10.0.0.2"),
        ('["10.0.0.1", "::1"]', "10.0.0.1,::1"),
        ("127.0.0.1,localhost", "127.0.0.1,::1"),
        ("10.0.0.0/8,172.16.0.0/12,192.168.0.0/16", "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"),
    ],
)
def test_proxies_are_normalised(monkeypatch: pytest.MonkeyPatch, written: str, proxies: str) -> None:
    assert load_value(monkeypatch, "FORWARDED_ALLOW_IPS", written) == proxies


@pytest.mark.spec("OPS-023")
@pytest.mark.parametrize(
    "written",
    ["300.1.1.1", "10.0.0.1;10.0.0.2", "10.0.0.1 10.0.0.2", "proxy", "10.0.0.1:80", "10.0.0.0/33", "10.0.0", "[1]"],
)
def test_value_that_is_not_a_proxy_is_rejected(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    with pytest.raises(SettingsError, match="FORWARDED_ALLOW_IPS should list IP addresses or networks such as"):
        load_value(monkeypatch, "FORWARDED_ALLOW_IPS", written)


@pytest.mark.spec("OPS-023")
@pytest.mark.parametrize("written", ["*", "0.0.0.0/0", "::/0", "0.0.0.0/1", "127.0.0.1,*"])
@pytest.mark.parametrize("environment", ["development", "production"])
def test_trusting_every_address_is_rejected(monkeypatch: pytest.MonkeyPatch, written: str, environment: str) -> None:
    monkeypatch.setenv("ENVIRONMENT", environment)

    with pytest.raises(SettingsError, match="would let clients choose their address"):
        load_value(monkeypatch, "FORWARDED_ALLOW_IPS", written)


@pytest.mark.spec("OPS-024")
@pytest.mark.parametrize("name", ["HOST", "METRICS_HOST"])
@pytest.mark.parametrize(
    ("written", "host"), [("[::1]", "::1"), ("::", "::"), ("localhost", "localhost"), ("todo_1", "todo_1")]
)
def test_address_to_listen_on_is_normalised(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str, host: str
) -> None:
    assert load_value(monkeypatch, name, written) == host


@pytest.mark.spec("OPS-024")
@pytest.mark.parametrize(
    ("name", "written", "reason"),
    [
        ("HOST", "*", "HOST should be an address or a host name without a port"),
        ("HOST", "0.0.0.0:8000", "HOST should be an address or a host name without a port"),
        ("METRICS_HOST", "http://localhost", "METRICS_HOST should be an address or a host name without a port"),
        ("HOST", "300.0.0.1", "HOST should be an address or a host name without a port"),
        ("RATE_LIMIT_LOGIN", "0/minute", "RATE_LIMIT_LOGIN should be a number and a period above 0"),
        ("RATE_LIMIT_REFRESH", "5/0 minutes", "RATE_LIMIT_REFRESH should be a number and a period above 0"),
        ("RATE_LIMIT_ACCOUNT", "5/minute;0/hour", "RATE_LIMIT_ACCOUNT should be a number and a period above 0"),
        ("RATE_LIMIT_STORAGE_URI", "redis://host:port/0", "should be memory:// or look like redis://host:6379/0"),
        ("RATE_LIMIT_STORAGE_URI", "redis://host/zero", "should be memory:// or look like redis://host:6379/0"),
        ("DATABASE_URL", "postgresql://db/todo?sslmode=on", "DATABASE_URL should have valid options: sslmode should"),
        ("DATABASE_URL", "postgresql://db/todo?connect_timeout=5s", "connect_timeout should be a whole number"),
    ],
)
def test_wrong_value_of_another_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str, reason: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        load_value(monkeypatch, name, written)

    assert reason in str(raised.value)


@pytest.mark.spec("OPS-025")
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("CORS_ORIGIN", "CORS_ORIGINS"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("FORWARDED_ALLOWED_IPS", "FORWARDED_ALLOW_IPS"),
        ("JWT_SECRET", "JWT_SECRET_KEY"),
        ("cookie_same_site", "COOKIE_SAMESITE"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_misspelt_variable_is_found(
    monkeypatch: pytest.MonkeyPatch, folder: Path, written: str, meant: str, place: str
) -> None:
    if place == "environment":
        monkeypatch.setenv(written, "x")
    else:
        (folder / ".env").write_text(f"{written}=x\n")

    assert (written.upper(), meant) in find_misspelt_variables()


@pytest.mark.spec("OPS-025")
def test_variables_of_other_programs_are_not_misspelt_settings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / ".env").write_text("TEST_DATABASE_URL=x\nPOSTGRES_PASSWORD=x\nPGPASSWORD=x\n")
    for name in ("DB_HOST", "DB_PORT", "HOSTNAME", "APP_ENV", "REDIS_URL", "LOG_LEVEL", "TODO_PORT"):
        monkeypatch.setenv(name, "x")

    assert find_misspelt_variables() == []


@pytest.mark.spec("OPS-026")
async def test_rejected_origin_is_logged_once(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    client = make_client(await make_app(cors_origins=("https://app.example.com",)))

    for origin in ("https://app.example.com", "https://app.example.com:8443", "https://app.example.com:8443"):
        await client.get("/tasks", headers={"Origin": origin})
    await client.options("/tasks", headers={"Origin": "https://other.example", "Access-Control-Request-Method": "GET"})

    logged = [record.getMessage() for record in caplog.records if "CORS_ORIGINS" in record.getMessage()]
    assert len(logged) == 2
    assert "'https://app.example.com:8443'" in logged[0]
    assert "'https://other.example'" in logged[1]


@pytest.mark.spec("OPS-026")
async def test_page_of_the_service_itself_is_not_logged(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    client = make_client(await make_app(cors_origins=()))

    await client.post("/auth/logout", headers={"Origin": "https://todo.test"})

    assert "CORS_ORIGINS" not in caplog.text


@pytest.mark.spec("OPS-026")
async def test_number_of_logged_origins_is_bounded(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross_origin, "LOGGED_ORIGINS_MAX", 3)
    client = make_client(await make_app(cors_origins=()))

    with caplog.at_level(logging.WARNING):
        for number in range(10):
            await client.get("/tasks", headers={"Origin": f"https://{number}.example{'x' * 1000}"})

    logged = [record.getMessage() for record in caplog.records if "CORS_ORIGINS" in record.getMessage()]
    assert len(logged) == 3
    assert max(map(len, logged)) < 400
    assert caplog.text.count("Further rejected origins are not logged") == 1


@pytest.mark.spec("OPS-020")
async def test_browser_on_a_normalised_origin_may_call_the_service(make_app: MakeApp) -> None:
    settings = make_settings(cors_origins=("https://APP.example.com:443/",))

    client = make_client(await make_app(cors_origins=settings.cors_origins))
    response = await client.get("/tasks", headers={"Origin": "https://app.example.com"})

    assert response.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
