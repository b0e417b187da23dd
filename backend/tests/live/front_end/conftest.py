"""Fixtures: a web site, a service that allows its origin, and tabs of a browser."""

import shutil
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.live.conftest import Service, Start, require
from tests.live.front_end.site import SiteHandler, Tab
from tests.support import PASSWORD, SECRET

OTHER_HOST = "todo.example"
"""A host name that the browser resolves to this machine."""
ATTEMPTS_AN_HOUR = 3
"""How many wrong passwords an account accepts. The window is longer than the tests."""
OpenTab = Callable[[], Awaitable[Tab]]


@pytest.fixture(scope="module")
def site() -> Iterator[ThreadingHTTPServer]:
    """A web site on a free port. Its pages use the service of the module."""
    with ThreadingHTTPServer(("127.0.0.1", 0), SiteHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def origins(site: ThreadingHTTPServer) -> dict[str, str]:
    """The origin of the web site for each of its host names."""
    return {host: f"http://{host}:{site.server_port}" for host in ("localhost", "127.0.0.1", OTHER_HOST)}


@pytest.fixture(scope="module")
def service(
    start_for_module: Start,
    initialized_data_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    origins: dict[str, str],
) -> Service:
    """A service that allows the web site, with many log-ins and refreshes a minute."""
    data_dir = shutil.copytree(initialized_data_dir, tmp_path_factory.mktemp("front-end") / "data")
    rates = {f"RATE_LIMIT_{name}": "1000/minute" for name in ("REGISTER", "LOGIN", "REFRESH")}
    rates["RATE_LIMIT_ACCOUNT"] = f"{ATTEMPTS_AN_HOUR}/hour"
    service = start_for_module(data_dir, CORS_ORIGINS=",".join(origins.values()), JWT_SECRET_KEY=SECRET, **rates)
    SiteHandler.service_url = service.url
    return service


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=require("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
            args=[*options, f"--host-resolver-rules=MAP {OTHER_HOST} 127.0.0.1"],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A profile of the browser without cookies."""
    context = await browser.new_context()
    context.set_default_timeout(15_000)
    yield context
    await context.close()


@pytest.fixture
async def open_tab(context: BrowserContext, service: Service, origins: dict[str, str]) -> OpenTab:
    """Open an empty page of the web site."""
    assert service.url

    async def open_empty_page() -> Tab:
        page = await context.new_page()
        await page.goto(f"{origins['localhost']}/empty")
        return Tab(page, context)

    return open_empty_page


@pytest.fixture
async def tab(open_tab: OpenTab) -> Tab:
    """A tab whose user is registered and logged in."""
    tab = await open_tab()
    email = f"{uuid4().hex}@example.com"
    account = f"{{ email: '{email}', password: '{PASSWORD}', name: 'Ada' }}"
    await tab.run(f"await api.register({account}); await api.login('{email}', '{PASSWORD}')")
    return tab
