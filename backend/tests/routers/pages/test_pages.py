"""The start page, the pages of links, and the files that browsers ask for."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient
from pydantic import SecretStr

from tests.smtp import PUBLIC_URL, SENDER
from tests.support import MakeApp, assert_error, make_client

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
MakePage = Callable[..., Awaitable[str]]
PAGES = ["/", "/reset-password", "/confirm-email"]
HOSTILE_NAME = 'Ada\'s "<script>alert(1)</script>" $title ${root}'


def at_root(client: AsyncClient) -> AsyncClient:
    """Return a client with paths that begin at the root of the service."""
    client.base_url = client.base_url.copy_with(raw_path=b"/")
    return client


@pytest.fixture
async def site(client: AsyncClient) -> AsyncClient:
    """Return a client of the service's pages."""
    return at_root(client)


@pytest.fixture
async def make_page(make_app: MakeApp) -> MakePage:
    """Return a function that reads a page of an application with other settings."""

    async def read_page(path: str, **settings: Any) -> str:
        async with at_root(make_client(await make_app(**settings))) as client:
            return (await client.get(path, headers=HTML)).text

    return read_page


@pytest.mark.spec("PAG-001")
@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/json",
        "text/html;q=0, */*",
        "text/html;q=0.5, application/json",
        "text/html;q=inf",
        "text/html;q=1_0",
        "",
    ],
)
async def test_client_that_does_not_prefer_html_gets_addresses(site: AsyncClient, accept: str) -> None:
    response = await site.get("/", headers={"Accept": accept})

    assert response.status_code == 200
    assert response.json() == {
        "name": "Todo",
        "documentation": "/docs",
        "openapi": "/openapi.json",
        "api": "/api/v1",
        "health": "/health",
    }
    assert "Accept" in response.headers["Vary"]


@pytest.mark.spec("PAG-001")
@pytest.mark.parametrize(
    "accept", [HTML["Accept"], "text/html", "TEXT/HTML ; q=0.9", "application/json;q=x, text/html"]
)
async def test_client_that_prefers_html_gets_the_page(site: AsyncClient, accept: str) -> None:
    response = await site.get("/", headers={"Accept": accept})

    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>Todo</h1>" in response.text
    assert "Accept" in response.headers["Vary"]


@pytest.mark.spec("PAG-002")
@pytest.mark.parametrize("path", PAGES)
async def test_page_allows_only_its_own_files(site: AsyncClient, path: str) -> None:
    response = await site.get(path, headers=HTML)

    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src", "img-src", "form-action")} == {"'self'"}
    assert "<style" not in response.text
    assert " style=" not in response.text
    assert not re.search(r"<script(?! type=\"module\" src=\")|\son\w+=", response.text)
    assert "//" not in re.sub(r"<!doctype html>", "", response.text)


@pytest.mark.spec("PAG-002")
@pytest.mark.parametrize("path", PAGES)
async def test_each_file_of_a_page_exists(site: AsyncClient, path: str) -> None:
    page = (await site.get(path, headers=HTML)).text

    files = set(re.findall(r'(?:src|href)="([^"]+)"', page))
    assert len(files) >= 4
    for file in files:
        assert (await site.get(file, headers=HTML)).status_code == 200, file


@pytest.mark.spec("PAG-003")
@pytest.mark.parametrize("path", PAGES)
async def test_name_and_root_path_are_escaped(make_page: MakePage, path: str) -> None:
    page = await make_page(path, app_name=HOSTILE_NAME, root_path="/to-do")

    assert "<script>alert" not in page
    assert "Ada&#x27;s &quot;&lt;script&gt;alert(1)&lt;/script&gt;&quot; $title ${root}" in page
    assert 'src="/to-do/pages/pages.js' in page


@pytest.mark.spec("PAG-004")
@pytest.mark.parametrize(
    ("registration", "fields"),
    [
        ("open", {"email", "name", "password"}),
        ("invited", {"email", "name", "password", "invitation"}),
        ("closed", set()),
    ],
)
async def test_registration_form_follows_the_setting(make_page: MakePage, registration: str, fields: set[str]) -> None:
    page = await make_page("/", registration=registration)

    form = page.partition('data-action="register"')[2].partition("</form>")[0]
    assert set(re.findall(r' name="(\w+)"', form)) == fields


@pytest.mark.spec("PAG-005")
@pytest.mark.parametrize("path", [*PAGES, "/favicon.ico", "/robots.txt", "/pages/pages.css"])
async def test_head_has_the_headers_of_get(site: AsyncClient, path: str) -> None:
    headers = HTML | {"Accept-Encoding": "identity"}
    get, head = await site.get(path, headers=headers), await site.head(path, headers=headers)

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.spec("PAG-005")
async def test_robots_may_read_nothing(site: AsyncClient) -> None:
    assert (await site.get("/robots.txt")).text == "User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize(
    "path",
    [
        "/index.html",
        "/pages",
        "/pages/",
        "/pages/router.py",
        "/pages/../router.py",
        "/pages/%2e%2e/router.py",
        "/reset-password/",
    ],
)
async def test_unknown_path_is_a_404_in_json(site: AsyncClient, path: str) -> None:
    assert_error(await site.get(path, headers=HTML), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", PAGES)
async def test_other_method_is_a_405_in_json(site: AsyncClient, path: str) -> None:
    response = await site.post(path, headers=HTML)

    assert_error(response, 405, "METHOD_NOT_ALLOWED")
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD"}


async def test_pages_are_not_in_the_document(site: AsyncClient) -> None:
    assert set(PAGES).isdisjoint((await site.get("/openapi.json")).json()["paths"])


@pytest.mark.spec("PAG-003")
@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_name_is_escaped_in_the_documentation(make_page: MakePage, path: str) -> None:
    page = await make_page(path, app_name="</title><script>alert(1)</script>")

    assert "<script>alert(1)" not in page
    assert "<title>&lt;/title&gt;" in page


@pytest.mark.spec("PAG-012")
@pytest.mark.parametrize("path", PAGES)
async def test_form_sends_nothing_in_the_address(site: AsyncClient, path: str) -> None:
    page = (await site.get(path, headers=HTML)).text

    assert re.findall(r"<form (?!method=\"post\")", page) == []
    assert re.findall(r"<button(?! disabled)", page) == []


@pytest.mark.spec("PAG-013")
async def test_reset_page_without_a_mail_server_has_no_form(make_page: MakePage) -> None:
    page = await make_page("/reset-password")

    assert "This service sends no mail. Its operator can set a new password" in page
    assert "<form" not in page


@pytest.mark.spec("PAG-013")
async def test_reset_page_with_a_mail_server_has_its_forms(make_page: MakePage) -> None:
    page = await make_page(
        "/reset-password", smtp_url=SecretStr("smtp://localhost:1"), mail_from=SENDER, public_url=PUBLIC_URL
    )

    assert page.count("<form") == 2
