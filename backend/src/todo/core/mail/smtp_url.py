"""The setting SMTP_URL: the server that mail is sent to, and how to connect to it."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import idna

DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
OPTIONS = ("starttls", "cafile")
EXAMPLE = "smtp://user:password@mail.example.com:587"


class Encryption(StrEnum):
    """When the connection is encrypted."""

    TLS = "tls"
    """From the start (`smtps://`)."""
    OFFERED = "offered"
    """By STARTTLS if the server offers it."""
    REQUIRED = "required"
    """By STARTTLS; without it nothing is sent."""
    NEVER = "never"


@dataclass(frozen=True)
class SmtpServer:
    """An SMTP server and the credentials for it.

    Attributes:
        host: an ASCII host name or an IP address.
        port: the TCP port.
        encryption: when the connection is encrypted.
        user: the user name, or None to send without authentication.
        password: the password of the user.
        cafile: a PEM file with the authorities that the certificate is checked with, or None for those of the system.
    """

    host: str
    port: int
    encryption: Encryption
    user: str | None = None
    password: str = field(default="", repr=False)
    cafile: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether the server runs on this machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def read_smtp_url(value: str) -> SmtpServer:
    """Return the server of an SMTP_URL.

    Raises:
        ValueError: the URL has a wrong form or an option that cannot be honoured. The message has no credentials.
    """
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(_form_message()) from None
    is_complete = parts.scheme in DEFAULT_PORTS and parts.hostname and port != 0 and value.isprintable()
    if not is_complete or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(_form_message())
    user, password = _read_credentials(parts)
    encryption, cafile = _read_options(parts)
    return SmtpServer(
        host=_read_host(parts.hostname or ""),
        port=port or DEFAULT_PORTS[parts.scheme],
        encryption=encryption,
        user=user,
        password=password,
        cafile=cafile,
    )


def _read_credentials(parts: SplitResult) -> tuple[str | None, str]:
    if parts.username is None:
        return None, ""
    try:
        user, password = (unquote(text or "", errors="strict") for text in (parts.username, parts.password))
    except UnicodeDecodeError:
        raise ValueError("should have percent-encoded UTF-8 in the user and the password") from None
    if not user or not password:
        raise ValueError("should have both a user and a password, or neither; encode special characters as %40 for @")
    return user, password


def _read_options(parts: SplitResult) -> tuple[Encryption, str | None]:
    options = parse_qsl(parts.query, keep_blank_values=True)
    values = dict(options)
    if len(values) < len(options) or not values.keys() <= {*OPTIONS}:
        raise ValueError(f"should have only the options {' and '.join(OPTIONS)}, each once")
    cafile = values.get("cafile")
    if cafile is not None and not Path(cafile).is_file():
        raise ValueError("should name a readable file with certificates in the option cafile")
    starttls = values.get("starttls")
    if parts.scheme == "smtps":
        if starttls is not None:
            raise ValueError("should not have the option starttls with smtps://, which encrypts from the start")
        return Encryption.TLS, cafile
    if starttls not in (None, Encryption.REQUIRED, Encryption.NEVER):
        raise ValueError("should have starttls=required or starttls=never; without it STARTTLS is used when offered")
    if starttls == Encryption.NEVER and cafile is not None:
        raise ValueError("should not have the option cafile with starttls=never")
    return Encryption(starttls or Encryption.OFFERED), cafile


def _read_host(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        name = ""
    if not HOST.fullmatch(name):
        raise ValueError(_form_message())
    return name.lower()


def _form_message() -> str:
    return f"should look like {EXAMPLE} or smtps://user:password@mail.example.com:465"
