"""Forms that are UTF-8, and forms that are not."""

from urllib.parse import quote

import pytest
from httpx import AsyncClient, Response

from tests.routers.support import new_email
from tests.support import assert_error

PASSWORD = "Grüße aus Köln 日本 🌱"
URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


async def send_form(client: AsyncClient, body: bytes, content_type: str = URL_ENCODED) -> Response:
    return await client.post("/auth/login", content=body, headers={"Content-Type": content_type})


def multipart(**fields: bytes) -> bytes:
    """Return a form with these fields as the parts of a multipart body."""
    parts = (
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in fields.items()
    )
    return b"".join(parts) + b"--x--\r\n"


@pytest.fixture
async def email(client: AsyncClient) -> str:
    """Register an account with PASSWORD and return its address."""
    email = new_email()
    await client.post("/auth/register", json={"email": email, "password": PASSWORD})
    return email


@pytest.mark.spec("AUT-012")
@pytest.mark.parametrize("content_type", [URL_ENCODED, f"{URL_ENCODED}; charset=iso-8859-1"])
async def test_raw_utf8_in_a_form_is_read_as_utf8(client: AsyncClient, email: str, content_type: str) -> None:
    raw_password = PASSWORD.replace(" ", "+")

    response = await send_form(client, f"username={email}&password={raw_password}".encode(), content_type)

    assert response.status_code == 200, response.text


@pytest.mark.spec("AUT-012")
async def test_percent_encoded_and_raw_utf8_can_be_mixed(client: AsyncClient, email: str) -> None:
    half = len(PASSWORD) // 2
    password = quote(PASSWORD[:half]) + PASSWORD[half:].replace(" ", "%20")

    response = await send_form(client, f"username={quote(email)}&password={password}".encode())

    assert response.status_code == 200, response.text


@pytest.mark.spec("AUT-012")
async def test_multipart_form_is_read_as_utf8(client: AsyncClient, email: str) -> None:
    body = multipart(username=email.encode(), password=PASSWORD.encode())

    response = await send_form(client, body, f"{MULTIPART}; charset=iso-8859-1")

    assert response.status_code == 200, response.text


@pytest.mark.spec("AUT-012")
async def test_last_of_repeated_fields_counts(client: AsyncClient, email: str) -> None:
    response = await send_form(client, f"username=x&username={email}&password={quote(PASSWORD)}".encode())

    assert response.status_code == 200, response.text


INVALID_BYTES = [b"Gr\xfc\xdfe aus K\xf6ln", b"\xed\xa0\x80surrogate", b"\xc0\xafoverlong", b"cut\xe2\x82"]


@pytest.mark.spec("AUT-013")
@pytest.mark.parametrize("value", INVALID_BYTES)
@pytest.mark.parametrize("encode", [bytes, lambda value: quote(value).encode()], ids=["raw", "percent-encoded"])
async def test_form_that_is_not_utf8_is_rejected(client: AsyncClient, email: str, value: bytes, encode: object) -> None:
    assert callable(encode)
    response = await send_form(client, b"username=%s&password=%s" % (email.encode(), encode(value)))

    assert_error(response, 422, "VALIDATION_ERROR")


@pytest.mark.spec("AUT-013")
@pytest.mark.parametrize("value", INVALID_BYTES)
async def test_multipart_form_that_is_not_utf8_is_rejected(client: AsyncClient, email: str, value: bytes) -> None:
    response = await send_form(client, multipart(username=email.encode(), password=value), MULTIPART)

    assert_error(response, 422, "VALIDATION_ERROR")


@pytest.mark.spec("AUT-013")
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(b"a=b&" * 200, URL_ENCODED, id="many-fields"),
        pytest.param(multipart(**{f"f{number}": b"" for number in range(200)}), MULTIPART, id="many-parts"),
        pytest.param(b"username=a", "multipart/form-data", id="no-boundary"),
        pytest.param(b"\xff=a", URL_ENCODED, id="name-not-utf8"),
    ],
)
async def test_malformed_form_is_rejected(client: AsyncClient, body: bytes, content_type: str) -> None:
    assert_error(await send_form(client, body, content_type), 422, "VALIDATION_ERROR")
