"""A browser without access to the network."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright

from tests.live.conftest import Service, require


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=require("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def page(service: Service, browser: Browser) -> AsyncIterator[Page]:
    """A page of the browser. Any request to another server fails the test, and so does an error of the policy."""
    page = await browser.new_page(viewport={"width": 1000, "height": 800}, reduced_motion="reduce")
    page.set_default_timeout(15_000)
    foreign_urls: list[str] = []
    violations: list[str] = []
    page.on("console", lambda message: violations.append(message.text) if is_violation(message.text) else None)

    async def continue_if_local(route: Route) -> None:
        if route.request.url.startswith((service.url, "data:", "blob:")):
            await route.continue_()
        else:
            foreign_urls.append(route.request.url)
            await route.abort()

    await page.route("**/*", continue_if_local)
    yield page
    assert (foreign_urls, violations) == ([], [])
    await page.close()


def is_violation(message: str) -> bool:
    """Tell whether the message reports a violation of the page's policy. ReDoc's logo is blocked on purpose."""
    return "Content Security Policy" in message and "redoc/logo-mini.svg" not in message
