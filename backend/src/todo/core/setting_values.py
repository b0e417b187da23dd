"""The types of settings, with their parsers and error messages."""

import json
import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

import idna
from limits import parse_many
from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode
from sqlalchemy.exc import ArgumentError

from todo.core.database.url import PORT_MAX, connect_arguments, parse_url
from todo.core.mail.addresses import check_base_url, check_page_url, read_sender
from todo.core.mail.smtp_url import read_smtp_url

JWT_SECRET = re.compile(r"[0-9a-fA-F]{64,}")
SECRET_COMMAND = "openssl rand -hex 32"  # noqa: S105 -- a command that generates a secret
ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:;,*\"'\[\]\\]+)(?::(\d{1,5}))?/?")
"""An origin as a person writes it: a scheme, a host, and a port that can be absent (RFC 6454, section 6.2)."""
DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK = ("127.0.0.1", "::1")
WIDEST_PREFIXES = {4: 8, 6: 7}
"""The prefix lengths of the widest private networks, 10.0.0.0/8 and fc00::/7."""
NO_PERIOD = re.compile(r"(/|per)\s*0+\s*[a-z]", re.IGNORECASE)


def split_list(value: object) -> object:
    """Split a comma-separated list, and parse a JSON array."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError("should be a comma-separated list or a JSON array of strings") from error
    return [part.strip() for part in value.split(",") if part.strip()]


def read_origin(value: str) -> str:
    """Return an origin as browsers write it: lower case, ASCII, without the default port and a trailing slash."""
    if value == "*":
        return value
    match = ORIGIN.fullmatch(value)
    port = int(match[3]) if match and match[3] else None
    if match is None or (port or 0) > PORT_MAX:
        raise ValueError(_origin_message(value))
    scheme = match[1].lower()
    try:
        host = f"[{IPv6Address(match[2][1:-1])}]" if match[2].startswith("[") else _to_ascii(match[2])
    except ValueError:
        raise ValueError(_origin_message(value)) from None
    return f"{scheme}://{host}" if port in (None, DEFAULT_PORTS.get(scheme)) else f"{scheme}://{host}:{port}"


def read_proxies(value: object) -> object:
    """Return addresses and networks as `ip_address` and `ip_network` write them, separated by commas."""
    parts = _split_proxies(value)
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError(_proxies_message(str(value)))
    proxies = [str(proxy) for part in parts for proxy in _read_proxy(part)]
    return ",".join(_without_repetitions(proxies))


def _read_proxy(part: str) -> Iterable[IPv4Address | IPv6Address | IPv4Network | IPv6Network]:
    if part == "*":
        raise ValueError(_too_wide_message(part))
    if part.lower() == "localhost":
        return [ip_address(address) for address in LOOPBACK]
    bare = part.removeprefix("[").replace("]", "", 1) if part.startswith("[") else part
    try:
        if "/" not in bare:
            address = ip_address(bare)
            return [getattr(address, "ipv4_mapped", None) or address]
        network = ip_network(bare, strict=False)
    except ValueError:
        raise ValueError(_proxies_message(part)) from None
    if network.prefixlen < WIDEST_PREFIXES[network.version]:
        raise ValueError(_too_wide_message(part))
    return [network]


def _split_proxies(value: object) -> object:
    # A JSON array and an IPv6 address in brackets begin with the same character.
    return split_list(value) if not isinstance(value, str) or '"' in value else re.split(r"\s*,\s*", value.strip(" ,"))


def read_host(value: str) -> str:
    """Return an address to listen on, without the brackets of an IPv6 address."""
    host = value.removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    if not re.fullmatch(r"[A-Za-z0-9._-]+", host) or re.fullmatch(r"[0-9.]+", host):
        raise ValueError("should be an address or a host name without a port, such as 0.0.0.0 for all networks")
    return host


def _origin_message(value: str) -> str:
    return f"should list origins such as https://app.example.com, separated by commas; {value[:80]!r} is not an origin"


def _proxies_message(value: str) -> str:
    return (
        "should list IP addresses or networks such as 172.16.0.0/12, separated by commas; "
        f"{value[:80]!r} is neither of them"
    )


def _too_wide_message(value: str) -> str:
    return f"should list only your own proxies; {value} would let clients choose their address"


def _to_ascii(host: str) -> str:
    return host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()


def _without_repetitions(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _check_secret(value: SecretStr) -> SecretStr:
    if not JWT_SECRET.fullmatch(value.get_secret_value()):
        raise ValueError(f"should be at least 64 hexadecimal characters; make one with: {SECRET_COMMAND}")
    return value


def _check_database_url(value: str) -> str:
    try:
        # The first call checks the brackets of an IPv6 address.
        urlsplit(value)
        url = parse_url(value)
        driver, port = url.drivername, url.port or 1
    except (ArgumentError, ValueError):
        driver, port = "", 0
    if not 1 <= port <= PORT_MAX or driver not in ("postgresql", "postgres", "postgresql+asyncpg"):
        raise ValueError("should look like postgresql+asyncpg://user:password@host:5432/database")
    try:
        connect_arguments(value)
    except ValueError as error:
        raise ValueError(f"should have valid options: {error}") from None
    return value


def _check_rate(value: str) -> str:
    try:
        rates = parse_many(value)
    except ValueError as error:
        raise ValueError("should be a number and a period, such as 5/minute") from error
    if NO_PERIOD.search(value) or not all(rate.amount for rate in rates):
        raise ValueError("should be a number and a period above 0; RATE_LIMIT_ENABLED=false removes all limits")
    return value


def _check_storage(value: str) -> str:
    message = "should be memory:// or look like redis://host:6379/0"
    if not re.fullmatch(r"memory://|rediss?://.+|redis\+unix://.+", value):
        raise ValueError(message)
    try:
        parts = urlsplit(value)
        is_valid = parts.port != 0 and (parts.scheme == "redis+unix" or re.fullmatch(r"(/\d*)?", parts.path))
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ValueError(message)
    return value


def _check_root_path(value: str) -> str:
    path = value.rstrip("/")
    if not re.fullmatch(r"(/[\w.~-]+)*", path, re.ASCII) or re.search(r"/\.{1,2}(/|$)", path):
        raise ValueError("should be empty or look like /todo")
    return path


def _check_smtp_url(value: SecretStr) -> SecretStr:
    read_smtp_url(value.get_secret_value())
    return value


def _check_sender(value: str) -> str:
    read_sender(value)
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


BaseUrl = Annotated[str, AfterValidator(check_base_url)]
DatabaseUrl = Annotated[str, AfterValidator(_check_database_url)]
Host = Annotated[str, AfterValidator(read_host)]
LowerCase = BeforeValidator(_lower)
MailSender = Annotated[str, AfterValidator(_check_sender)]
Origins = Annotated[
    tuple[Annotated[str, AfterValidator(read_origin)], ...],
    NoDecode,
    BeforeValidator(split_list),
    AfterValidator(_without_repetitions),
]
PageUrl = Annotated[str, AfterValidator(check_page_url)]
Proxies = Annotated[str, NoDecode, BeforeValidator(read_proxies)]
Rate = Annotated[str, AfterValidator(_check_rate)]
RateStorage = Annotated[str, AfterValidator(_check_storage)]
RootPath = Annotated[str, AfterValidator(_check_root_path)]
Secret = Annotated[SecretStr, AfterValidator(_check_secret)]
SmtpUrl = Annotated[SecretStr, AfterValidator(_check_smtp_url)]
