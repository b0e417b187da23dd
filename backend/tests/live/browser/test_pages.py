"""The pages of the service, used as a person does."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, expect

from tests.live.browser.support import save_screenshot
from tests.live.conftest import Service, Start
from tests.smtp import PUBLIC_URL, SENDER
from tests.support import PASSWORD

SIZES = {"phone": {"width": 320, "height": 700}, "desktop": {"width": 1200, "height": 800}}
PATHS = {
    "start": "/",
    "reset": "/reset-password",
    "reset-link": "/reset-password#token=t",
    "confirm": "/confirm-email#token=t",
}
FIELDS = "[...document.querySelectorAll('input')].map((field) => [field.labels.length, field.autocomplete])"
"""For each field: the number of its labels, and its purpose for password managers."""
CONTRASTS = """() => {
    const luminance = (color) => {
        const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map(Number).map((value) => value / 255)
            .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element) => {
        const color = getComputedStyle(element).backgroundColor;
        return color === "rgba(0, 0, 0, 0)" ? background(element.parentElement) : color;
    };
    return [...document.querySelectorAll("body *")].filter((element) => element.checkVisibility()
        && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())).map((element) => {
            const pair = [getComputedStyle(element).color, background(element)].map(luminance).sort((a, b) => b - a);
            return [element.textContent.trim(), (pair[0] + 0.05) / (pair[1] + 0.05)];
        });
}"""
"""The contrast of each visible text to its background (WCAG 2.2, success criterion 1.4.3)."""


@pytest.fixture(scope="module")
async def service(start_for_module: Start) -> Service:
    """A service with many log-ins a minute, and with the settings for mail."""
    rate = "1000/minute"
    return start_for_module(
        RATE_LIMIT_REGISTER=rate,
        RATE_LIMIT_LOGIN=rate,
        RATE_LIMIT_REFRESH=rate,
        SMTP_URL="smtp://localhost:1",
        MAIL_FROM=SENDER,
        PUBLIC_URL=PUBLIC_URL,
    )


@pytest.fixture
async def email() -> str:
    """An address without an account."""
    return f"{uuid4().hex}@example.com"


async def register(page: Page, email: str) -> None:
    form = page.locator("#register")
    await form.get_by_label("E-mail address").fill(email)
    await form.get_by_label("Password").fill(PASSWORD)
    await form.get_by_role("button", name="Create account").click()


async def log_in(page: Page, email: str, password: str = PASSWORD) -> None:
    form = page.locator("#log-in")
    await form.get_by_label("E-mail address").fill(email)
    await form.get_by_label("Password").fill(password)
    await form.get_by_role("button", name="Log in").click()


@pytest.mark.spec("PAG-006")
async def test_person_registers_stays_logged_in_and_logs_out(service: Service, page: Page, email: str) -> None:
    await page.goto(service.url)
    await register(page, email)

    await expect(page.get_by_text(f"Logged in as {email}")).to_be_visible()
    await expect(page.get_by_role("heading", name="Your account")).to_be_focused()
    await expect(page.locator("#log-in")).to_be_hidden()
    await page.reload()
    await expect(page.get_by_text(f"Logged in as {email}")).to_be_visible()
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()
    await log_in(page, email)
    await expect(page.get_by_text(f"Logged in as {email}")).to_be_visible()


@pytest.mark.spec("PAG-006")
async def test_error_of_the_service_is_shown_and_the_field_gets_the_focus(
    service: Service, page: Page, email: str
) -> None:
    await page.goto(service.url)
    await log_in(page, email, "wrong password")

    await expect(page.locator("#log-in").get_by_role("alert")).to_have_text("Invalid email or password")
    await expect(page.locator("#log-in").get_by_label("E-mail address")).to_be_focused()
    await save_screenshot(page, "page-error.png")


@pytest.mark.spec("PAG-006")
async def test_form_is_usable_with_the_keyboard_alone(service: Service, page: Page, email: str) -> None:
    await page.goto(service.url)
    await page.locator("#log-in").get_by_label("E-mail address").focus()
    for text in (email, "wrong password"):
        await page.keyboard.type(text)
        await page.keyboard.press("Tab")
    focused = await page.evaluate("document.activeElement.textContent")
    await page.keyboard.press("Enter")

    assert focused == "Log in"
    await expect(page.locator("#log-in").get_by_role("alert")).to_have_text("Invalid email or password")


@pytest.mark.spec("PAG-007")
async def test_token_of_a_link_leaves_the_address_bar(service: Service, page: Page) -> None:
    await page.goto(f"{service.url}/reset-password#token=secret")

    await expect(page.get_by_label("New password")).to_be_visible()
    assert page.url == f"{service.url}/reset-password"
    assert "secret" not in await page.evaluate("JSON.stringify(history.state) + location.href")


@pytest.mark.spec("PAG-007")
async def test_link_that_is_opened_in_a_tab_with_its_page_is_read(service: Service, page: Page) -> None:
    await page.goto(f"{service.url}/reset-password")
    await expect(page.get_by_label("E-mail address")).to_be_visible()

    await page.evaluate("location.hash = '#token=secret'")

    await expect(page.get_by_label("New password")).to_be_visible()
    assert page.url == f"{service.url}/reset-password"


@pytest.mark.spec("PAG-012")
async def test_form_without_its_script_puts_no_password_into_the_address(
    service: Service, page_without_scripts: Page
) -> None:
    await page_without_scripts.get_by_label("Password").first.fill(PASSWORD)
    await page_without_scripts.keyboard.press("Enter")

    assert page_without_scripts.url == f"{service.url}/"


@pytest.mark.spec("PAG-007")
async def test_page_without_a_token_asks_for_the_address(service: Service, page: Page) -> None:
    await page.goto(f"{service.url}/reset-password")

    await expect(page.get_by_label("E-mail address")).to_be_visible()
    await expect(page.get_by_label("New password")).to_be_hidden()


@pytest.mark.spec("PAG-008")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_pages_are_legible_and_fit(service: Service, page: Page, size: str, scheme: str) -> None:
    await page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]  # a literal of playwright
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal of playwright
    for name, path in PATHS.items():
        await page.goto("about:blank")
        await page.goto(service.url + path)
        await expect(page.locator("h1")).to_be_visible()
        await save_screenshot(page, f"page-{name}-{size}-{scheme}.png")

        assert await page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
        contrasts = dict(await page.evaluate(CONTRASTS))
        assert len(contrasts) >= 4
        assert {text: contrast for text, contrast in contrasts.items() if contrast < 4.5} == {}


@pytest.mark.spec("PAG-008")
async def test_each_field_has_a_label_and_tells_password_managers_its_purpose(service: Service, page: Page) -> None:
    for path in PATHS.values():
        await page.goto("about:blank")
        await page.goto(service.url + path)

        fields = await page.evaluate(FIELDS)
        assert all(labels == 1 and purpose for labels, purpose in fields)


@pytest.fixture
async def page_without_scripts(service: Service, browser: Browser) -> AsyncIterator[Page]:
    """The start page in a browser without JavaScript."""
    page = await browser.new_page(java_script_enabled=False)
    await page.goto(service.url)
    yield page
    await page.close()


@pytest.mark.spec("PAG-008")
async def test_page_says_that_its_forms_need_javascript(page_without_scripts: Page) -> None:
    await expect(page_without_scripts.get_by_text("The forms on this page need JavaScript")).to_be_visible()
    await expect(page_without_scripts.get_by_role("link", name="Documentation")).to_be_visible()
