"""The settings MAIL_FROM, PUBLIC_URL and those of the pages that mails link to."""

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import getaddresses
from urllib.parse import urlsplit

import idna

ENCODED_WORD = re.compile(r"=\?[^?]+\?[^?]+\?[^?]*\?=")
"""An encoded word. RFC 2047 forbids it in addresses, but some mail servers and clients decode it there."""
DOMAIN = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")


def read_sender(value: str) -> Address:
    """Return the address of `Todo <todo@example.com>` or `todo@example.com`, with its domain as in DNS.

    Raises:
        ValueError: the value is no address, or its local part is not ASCII.
    """
    addresses = getaddresses([value]) or [("", "")]
    name, address = addresses[0]
    local_part, _, domain = address.rpartition("@")
    try:
        domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
        sender = Address(display_name=name, username=local_part, domain=domain)
    except (idna.IDNAError, HeaderParseError, ValueError, IndexError):
        raise ValueError(_sender_message()) from None
    is_single = len(addresses) == 1 and value.removesuffix(">").endswith(address)
    is_plain = value.isprintable() and local_part.isascii() and not re.search(r"[\s<>,;]", local_part)
    is_plain = is_plain and not ENCODED_WORD.search(local_part)
    if not local_part or not is_single or not is_plain or not DOMAIN.fullmatch(domain):
        raise ValueError(_sender_message())
    return sender


def check_base_url(value: str) -> str:
    """Return an http(s) URL without a query, a fragment and a trailing slash.

    Raises:
        ValueError: the value is no such URL.
    """
    url = check_page_url(value)
    if "?" in url:
        raise ValueError("should have neither a query nor a fragment, such as https://todo.example.com")
    return url.rstrip("/")


def check_page_url(value: str) -> str:
    """Return the http(s) URL of a page. A mail appends `#token=…`, so the URL has no fragment.

    Raises:
        ValueError: the value is no such URL.
    """
    try:
        parts = urlsplit(value)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or parts.username is not None or not value.isascii() or re.search(r"[^!-~]|[\"<>\\^`{|}#]", value):
        raise ValueError("should look like https://todo.example.com, without a fragment; encode other characters")
    return value


def _sender_message() -> str:
    return "should be an address such as todo@example.com or Todo <todo@example.com>"
