"""Request bodies have a maximum size."""

import logging
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from tests.contract.support import JSON_HEADERS, ORIGIN, assert_error_shape, assert_readable_by_page
from tests.support import PASSWORD, MakeApp, assert_error, make_client


async def split_body(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body in chunks. httpx then sends no `Content-Length`."""
    for start in range(0, len(body), 100):
        yield body[start : start + 100]


def make_body(size: int) -> bytes:
    """Return a registration of this many bytes with an invalid e-mail address."""
    body = f'{{"email": "nobody", "password": "{PASSWORD}"'.encode()
    return body + b" " * (size - len(body) - 1) + b"}"


@pytest.fixture(scope="module")
async def small_app(make_module_app: MakeApp) -> FastAPI:
    """Return an application that accepts bodies of at most 1,024 bytes."""
    return await make_module_app(max_body_bytes=1024)


@pytest.mark.parametrize("size", [1025, 100_000])
async def test_body_with_a_large_content_length_is_rejected(small_app: FastAPI, size: int) -> None:
    response = await make_client(small_app).post("/auth/register", content=make_body(size), headers=JSON_HEADERS)

    assert_error(response, 413, "PAYLOAD_TOO_LARGE")
    assert_error_shape(response)


@pytest.mark.parametrize("size", [1025, 100_000])
async def test_chunked_body_above_the_limit_is_rejected(small_app: FastAPI, size: int) -> None:
    content = split_body(make_body(size))

    response = await make_client(small_app).post("/auth/register", content=content, headers=JSON_HEADERS)

    assert_error(response, 413, "PAYLOAD_TOO_LARGE")
    assert_error_shape(response)


@pytest.mark.parametrize("has_content_length", [True, False])
async def test_large_body_is_not_logged_as_an_error(
    small_app: FastAPI, caplog: pytest.LogCaptureFixture, has_content_length: bool
) -> None:
    body = make_body(2000)
    content = body if has_content_length else split_body(body)

    await make_client(small_app).post("/auth/register", content=content, headers=JSON_HEADERS)

    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_chunked_form_above_the_limit_is_rejected(small_app: FastAPI) -> None:
    content = split_body(b"username=nobody%40example.com&password=" + b"p" * 1024)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    response = await make_client(small_app).post("/auth/login", content=content, headers=headers)

    assert_error(response, 413, "PAYLOAD_TOO_LARGE")
    assert_error_shape(response)


async def test_body_of_the_largest_size_is_accepted(small_app: FastAPI) -> None:
    response = await make_client(small_app).post("/auth/register", content=make_body(1024), headers=JSON_HEADERS)

    assert_error(response, 400, "INVALID_EMAIL")


async def test_page_can_read_a_413(small_app: FastAPI) -> None:
    headers = JSON_HEADERS | {"Origin": ORIGIN}

    response = await make_client(small_app).post("/auth/register", content=make_body(2000), headers=headers)

    assert response.status_code == 413
    assert_readable_by_page(response)
