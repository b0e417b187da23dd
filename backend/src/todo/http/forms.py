"""Forms, read as UTF-8 (WHATWG URL, section 5.1).

Starlette reads bytes that are not UTF-8 as Latin-1. That changes a password silently, so this module rejects them.
"""

from collections.abc import AsyncGenerator
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from todo.core.errors import MalformedRequestError

URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
FORM_TYPES = (URL_ENCODED, MULTIPART)
FIELDS_MAX = 100
LOSSLESS = "latin-1"
"""Decodes any bytes to text of the same length, and back."""


def parse_url_encoded(body: bytes) -> dict[str, object]:
    """Return the fields of a form; of a repeated name, the last.

    Raises:
        MalformedRequestError: the form is not UTF-8, or has too many fields.
    """
    try:
        fields = parse_qsl(body.decode(LOSSLESS), keep_blank_values=True, encoding=LOSSLESS, max_num_fields=FIELDS_MAX)
        return {_as_utf8(name): _as_utf8(value) for name, value in fields}
    except ValueError as error:
        raise MalformedRequestError from error


async def parse_multipart(content_type: str, body: bytes) -> dict[str, object]:
    """Return the fields of a form without its files; of a repeated name, the last.

    Raises:
        MalformedRequestError: the form is malformed, is not UTF-8, or has too many fields.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"").decode(LOSSLESS)
    if not boundary:
        raise MalformedRequestError
    headers = Headers({"content-type": f'{MULTIPART}; boundary="{boundary}"; charset={LOSSLESS}'})
    parser = MultiPartParser(headers, _once(body), max_files=FIELDS_MAX, max_fields=FIELDS_MAX)
    try:
        form = await parser.parse()
        await form.close()
        return {_as_utf8(name): _as_utf8(value) for name, value in form.items() if isinstance(value, str)}
    except (MultiPartException, ValueError) as error:
        raise MalformedRequestError from error


def _as_utf8(text: str) -> str:
    return text.encode(LOSSLESS).decode()


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
