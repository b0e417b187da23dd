"""Database URLs, as SQLAlchemy and libpq spell them."""

import re
import ssl
from typing import Any
from urllib.parse import unquote

from sqlalchemy import URL, make_url

APPLICATION_NAME = "todo"
PORT = 5432
PORT_MAX = 65535
LIBPQ_HOSTS = re.compile(r"([\w+]+://(?:[^:/]*(?::[^@]*)?@)?+)([^/?@]*,[^/?@]*)(.*)", re.DOTALL)
"""A URL with several hosts before the database, as libpq spells it: what stands before them, the hosts, the rest."""
HOST = re.compile(r"(/[^,]*|\[[0-9A-Fa-f:.%]+\]|[^\s:,/\[\]]+)(?::(\d{1,5}))?")
"""A host in a list: a folder of a socket, an IPv6 address in brackets, or a name or IPv4 address; and a port."""
WRITABLE = ("any", "primary", "read-write")
"""The values of target_session_attrs with which the service can write. `any` is for proxies that find the primary."""
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
CACHE_SIZE_NAMES = ("statement_cache_size", "prepared_statement_cache_size")
"""asyncpg's name of the option for prepared statements, and SQLAlchemy's."""
WEAKENING = frozenset({"channel_binding", "gssencmode", "require_auth", "requirepeer", "sslcertmode", "sslcrldir"})
"""Options of libpq that ask for protection which asyncpg lacks."""
UNUSED = WEAKENING | {
    *("async_fallback", "client_encoding", "fallback_application_name", "gssdelegation", "keepalives"),
    *("keepalives_count", "keepalives_idle", "keepalives_interval", "load_balance_hosts", "max_protocol_version"),
    *("min_protocol_version", "prepared_statement_name_func", "replication", "requiressl", "scram_client_key"),
    *("scram_server_key", "sslcompression", "sslkeylogfile", "sslsni", "tcp_user_timeout"),
}
"""Options of libpq and SQLAlchemy that asyncpg would send to the server, which rejects them."""


def parse_url(url: str) -> URL:
    """Parse a URL. Several hosts before the database become the option `host`.

    Raises:
        ArgumentError, ValueError: the URL is malformed.
    """
    match = LIBPQ_HOSTS.fullmatch(url)
    if match is None:
        return make_url(url)
    return make_url(match[1] + match[3]).update_query_dict({"host": unquote(match[2])})


def connect_arguments(url: str) -> dict[str, Any]:
    """Return the keyword arguments of `asyncpg.connect` for a SQLAlchemy-style or libpq-style URL.

    For several hosts `host` and `port` are lists. `Hosts` tries one after the other.

    Raises:
        ValueError: an option has an invalid value. The message says what it should be.
    """
    parsed = parse_url(url)
    # SQLAlchemy repeats `host` and `port` for several servers, and libpq separates the values with commas.
    query = {name: value if isinstance(value, str) else ",".join(value) for name, value in parsed.query.items()}
    name = query.pop("application_name", None) or query.get("fallback_application_name") or APPLICATION_NAME
    arguments: dict[str, Any] = {"server_settings": {"application_name": name}}
    for option in CACHE_SIZE_NAMES:
        if option in query:
            arguments["statement_cache_size"] = _number(option, query.pop(option))
    if query.pop("pgbouncer", "false") == "true":
        arguments["statement_cache_size"] = 0
    # In libpq 0 means no timeout. DB_CONNECTION_TIMEOUT then applies.
    if timeout := _number("connect_timeout", query.pop("connect_timeout", "0")):
        arguments["timeout"] = timeout
    arguments |= _tls_arguments(query) | _host_arguments(query)
    for option in UNUSED & query.keys():
        del query[option]
    dsn = parsed.set(drivername="postgresql", query=query).render_as_string(hide_password=False)
    return {"dsn": dsn, **arguments}


def shown_url(url: str) -> str:
    """Return a URL for messages, without its passwords."""
    parsed = parse_url(url)
    hidden = {name: "***" for name in parsed.query if "password" in name}
    return parsed.update_query_dict(hidden).render_as_string()


def find_weakened_options(url: str) -> list[str]:
    """Return the options of a URL that ask for protection which asyncpg lacks."""
    return sorted(WEAKENING & parse_url(url).query.keys())


def _tls_arguments(query: dict[str, str]) -> dict[str, Any]:
    """Move SQLAlchemy's `ssl` to libpq's `sslmode`, and return the arguments for the certificates of the system."""
    if "ssl" in query:
        query["sslmode"] = {"true": "require", "false": "disable"}.get(query["ssl"], query["ssl"])
        del query["ssl"]
    if query.get("sslmode", "prefer") not in SSL_MODES:
        raise ValueError(f"sslmode should be one of {', '.join(SSL_MODES)}")
    if query.get("sslrootcert") != "system":
        return {}
    del query["sslrootcert"]
    query.pop("sslmode", None)
    return {"ssl": ssl.create_default_context()}


def _host_arguments(query: dict[str, str]) -> dict[str, Any]:
    """Return the arguments for several hosts, and remove their options. A single host stays in the options."""
    attributes = query.get("target_session_attrs", "read-write")
    if attributes not in WRITABLE:
        raise ValueError(f"target_session_attrs should be one of {', '.join(WRITABLE)}, because the service writes")
    if "," not in query.get("host", ""):
        return {}
    specs = [HOST.fullmatch(spec) for spec in query.pop("host").split(",")]
    ports = query.pop("port", str(PORT)).split(",")
    ports = ports * len(specs) if len(ports) == 1 else ports
    if None in specs or len(ports) != len(specs) or not all(port.isdecimal() for port in ports):
        raise ValueError("host should list all hosts with their ports, such as host=a:5432,b:5432")
    hosts = [(spec[1].strip("[]"), int(spec[2] or port)) for spec, port in zip(specs, ports, strict=True) if spec]
    if not all(1 <= port <= PORT_MAX for _, port in hosts):
        raise ValueError(f"each port should be from 1 to {PORT_MAX}")
    query.pop("target_session_attrs", None)
    return {
        "host": [host for host, _ in hosts],
        "port": [port for _, port in hosts],
        "target_session_attrs": attributes,
    }


def _number(option: str, value: str) -> int:
    try:
        number = int(value)
    except ValueError:
        raise ValueError(f"{option} should be a whole number") from None
    return max(0, number)
