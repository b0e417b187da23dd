"""Options of DATABASE_URL."""

import ssl

import asyncpg
import pytest

from tests.support import MakeDatabase
from todo.core.database.url import connect_arguments, find_weakened_options, shown_url

CLIENT_SIDE = [
    "channel_binding=require",
    "channel_binding=prefer",
    "connect_timeout=5",
    "client_encoding=latin1",
    "fallback_application_name=psql",
    "gssencmode=prefer",
    "keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3",
    "load_balance_hosts=random",
    "require_auth=scram-sha-256",
    "sslcompression=0&sslsni=1",
    "tcp_user_timeout=5000",
    "sslmode=prefer&sslnegotiation=postgres",
    "target_session_attrs=any",
    "prepared_statement_name_func=x",
]


async def read(url: str, query: str) -> object:
    """Return the value that a query returns."""
    connection = await asyncpg.connect(**connect_arguments(url))
    value: object = await connection.fetchval(query)
    await connection.close()
    return value


def add_options(url: str, options: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{options}"


@pytest.mark.spec("OPS-015")
@pytest.mark.parametrize("options", CLIENT_SIDE)
async def test_option_of_the_client_is_not_sent_to_the_server(database_url: str, options: str) -> None:
    assert await read(add_options(database_url, options), "SELECT 'é'") == "é"


@pytest.mark.spec("OPS-015")
@pytest.mark.parametrize(
    ("options", "name"),
    [
        ("application_name=todo-blue", "todo-blue"),
        ("fallback_application_name=todo-green", "todo-green"),
        ("application_name=blue&fallback_application_name=green", "blue"),
        ("sslmode=prefer", "todo"),
    ],
)
async def test_application_name_of_the_url_reaches_the_server(database_url: str, options: str, name: str) -> None:
    assert await read(add_options(database_url, options), "SHOW application_name") == name


@pytest.mark.spec("OPS-015")
async def test_setting_of_the_server_reaches_the_server(database_url: str) -> None:
    url = add_options(database_url, "options=-c%20work_mem%3D5MB")

    assert await read(url, "SHOW work_mem") == "5MB"


@pytest.mark.spec("OPS-015")
@pytest.mark.parametrize(
    ("url", "arguments"),
    [
        ("postgresql://db/todo?connect_timeout=5", {"timeout": 5}),
        ("postgresql://db/todo?connect_timeout=0", {}),
        ("postgresql://db/todo?connect_timeout=-1", {}),
        ("postgresql://db/todo?statement_cache_size=50", {"statement_cache_size": 50}),
        ("postgresql+asyncpg://db/todo?prepared_statement_cache_size=0", {"statement_cache_size": 0}),
        ("postgresql://db/todo?pgbouncer=true", {"statement_cache_size": 0}),
        ("postgresql://db/todo?pgbouncer=false", {}),
    ],
)
def test_option_of_the_driver_becomes_an_argument(url: str, arguments: dict[str, int]) -> None:
    found = connect_arguments(url)

    assert found["dsn"] == "postgresql://db/todo"
    assert {name: value for name, value in found.items() if name not in ("dsn", "server_settings")} == arguments


@pytest.mark.spec("OPS-015")
@pytest.mark.parametrize(
    ("options", "dsn_options"),
    [
        ("ssl=require", "sslmode=require"),
        ("ssl=true", "sslmode=require"),
        ("ssl=false", "sslmode=disable"),
        ("sslmode=verify-full&sslrootcert=/etc/ca.pem", "sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem"),
    ],
)
def test_option_is_spelt_as_the_driver_expects(options: str, dsn_options: str) -> None:
    assert connect_arguments(f"postgresql:///todo?{options}")["dsn"].partition("?")[2] == dsn_options


@pytest.mark.spec("OPS-015")
def test_certificates_of_the_system_verify_the_server() -> None:
    arguments = connect_arguments("postgresql://db/todo?sslmode=verify-full&sslrootcert=system")

    assert arguments["dsn"] == "postgresql://db/todo"
    assert (arguments["ssl"].verify_mode, arguments["ssl"].check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.spec("OPS-016")
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("sslmode=on", "sslmode should be one of disable, allow"),
        ("ssl=maybe", "sslmode should be one of disable, allow"),
        ("statement_cache_size=none", "statement_cache_size should be a whole number"),
        ("connect_timeout=5s", "connect_timeout should be a whole number"),
    ],
)
def test_invalid_option_is_named(options: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        connect_arguments(f"postgresql://db/todo?{options}")


@pytest.mark.spec("FAI-001")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://ada:s,e/c@a:5432,b:5433/todo",
        "postgresql://ada:s,e/c@a,b:5433/todo?target_session_attrs=read-write",
        "postgresql+asyncpg://ada:s,e/c@/todo?host=a:5432,b:5433&target_session_attrs=read-write",
        "postgresql://ada:s,e/c@/todo?host=a,b&port=5432,5433",
        "postgresql://ada:s,e/c@/todo?host=a&host=b:5433&port=5432",
    ],
)
def test_several_hosts_are_spelt_as_in_sqlalchemy_or_as_in_libpq(url: str) -> None:
    arguments = connect_arguments(url)

    assert list(zip(arguments["host"], arguments["port"], strict=True)) == [("a", 5432), ("b", 5433)]
    assert arguments["target_session_attrs"] == "read-write"
    assert arguments["dsn"] == "postgresql://ada:s%2Ce%2Fc@/todo"


@pytest.mark.spec("FAI-001")
def test_hosts_can_be_ipv6_addresses_and_folders_of_sockets() -> None:
    arguments = connect_arguments("postgresql://[::1]:5433,%2Frun%2Fpostgresql/todo?target_session_attrs=any")

    assert (arguments["host"], arguments["port"]) == (["::1", "/run/postgresql"], [5433, 5432])
    assert arguments["target_session_attrs"] == "any"


@pytest.mark.spec("FAI-002")
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://a,,b/todo", "host should list all hosts with their ports"),
        ("postgresql://a:x,b/todo", "host should list all hosts with their ports"),
        ("postgresql:///todo?host=a,b,c&port=1,2", "host should list all hosts with their ports"),
        ("postgresql://a:0,b/todo", "each port should be from 1 to 65535"),
        ("postgresql:///todo?host=a,b&port=5432,70000", "each port should be from 1 to 65535"),
        ("postgresql://a,b/todo?target_session_attrs=standby", "target_session_attrs should be one of any, primary"),
        ("postgresql://a/todo?target_session_attrs=read_write", "target_session_attrs should be one of any, primary"),
    ],
)
def test_invalid_list_of_hosts_is_described(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        connect_arguments(url)


@pytest.mark.spec("FAI-001")
def test_url_with_several_hosts_is_shown_without_its_password() -> None:
    assert shown_url("postgresql://ada:secret@a,b/todo") == "postgresql://ada:***@/todo?host=a%2Cb"


@pytest.mark.spec("OPS-016")
def test_options_that_weaken_the_protection_are_found() -> None:
    url = "postgresql://db/todo?sslmode=require&channel_binding=require&require_auth=scram-sha-256&keepalives=1"

    assert find_weakened_options(url) == ["channel_binding", "require_auth"]


@pytest.mark.spec("OPS-016")
async def test_misspelt_option_is_named_by_the_server(make_database: MakeDatabase) -> None:
    url = add_options(await make_database(), "sslmod=require")

    with pytest.raises(asyncpg.PostgresError, match="sslmod"):
        await read(url, "SELECT 1")
