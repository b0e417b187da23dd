"""The example page of `docs/front-end.md`, as it is written."""

import asyncio
from uuid import uuid4

import pyotp
import pytest
from playwright.async_api import Page, Route, expect

from tests.live.front_end.conftest import OpenTab
from tests.live.front_end.site import Tab, register_on
from tests.support import PASSWORD
from todo.core.clock import utc_now


@pytest.fixture
async def example(open_tab: OpenTab, origins: dict[str, str]) -> Page:
    """The example page of the document."""
    page = (await open_tab()).page
    await page.goto(f"{origins['localhost']}/index.html")
    return page


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def add_task(page: Page, title: str) -> None:
    await page.get_by_label("New task").fill(title)
    await press(page, "Add")
    await expect(page.get_by_role("button", name=title)).to_be_visible()


async def change_elsewhere(page: Page, method: str, changes: dict[str, str] | None = None) -> None:
    """Change or delete the only task, without a message to the page."""
    await page.evaluate(
        """async ([method, json]) => {
            const api = await import("/api.ts");
            const [task] = (await api.listTasks()).items;
            await api.request(`/tasks/${task.id}`, { method, json });
        }""",
        [method, changes],
    )


@pytest.mark.spec("FRO-015")
async def test_example_page_keeps_the_tasks_of_a_new_user(example: Page) -> None:
    await expect(example.get_by_role("alert")).to_have_text("Please log in")
    await register_on(example)
    for title in ("Buy soil", "Feed the cat"):
        await add_task(example, title)

    await example.get_by_role("button", name="Buy soil").click()
    await expect(example.get_by_role("listitem")).to_have_text(["Feed the cat"])
    await example.reload()

    await expect(example.get_by_role("listitem")).to_have_text(["Feed the cat"])


@pytest.mark.spec("FRO-015")
async def test_example_page_logs_out_in_all_tabs(example: Page, open_tab: OpenTab, origins: dict[str, str]) -> None:
    await register_on(example)
    other = (await open_tab()).page
    await other.goto(f"{origins['localhost']}/index.html")
    await expect(other.get_by_label("New task")).to_be_visible()

    await example.get_by_role("button", name="Log out everywhere").click()

    for page in (example, other):
        await expect(page.get_by_label("E-mail")).to_be_visible()
        await expect(page.get_by_label("New task")).to_be_hidden()


@pytest.mark.spec("FRO-015")
async def test_example_page_shows_a_wrong_password(example: Page) -> None:
    await example.get_by_label("E-mail").fill("nobody@example.com")
    await example.get_by_label("Password").fill("a wrong password")
    await example.get_by_role("button", name="Log in").click()

    await expect(example.get_by_role("alert")).to_have_text("Invalid email or password")


@pytest.mark.spec("FRO-025")
async def test_example_page_completes_a_task_that_was_changed(example: Page) -> None:
    await register_on(example)
    await add_task(example, "Buy soil")
    await change_elsewhere(example, "PATCH", {"priority": "high"})

    await press(example, "Buy soil")

    await expect(example.get_by_role("listitem")).to_have_count(0)
    await expect(example.get_by_role("alert")).to_be_empty()


@pytest.mark.spec("FRO-025")
async def test_example_page_shows_both_titles_of_a_task_that_was_renamed(example: Page) -> None:
    await register_on(example)
    await add_task(example, "Buy soil")
    await change_elsewhere(example, "PATCH", {"title": "Buy peat"})

    await press(example, "Buy soil")

    await expect(example.get_by_role("alert")).to_have_text('"Buy soil" is now "Buy peat"')
    await press(example, "Buy peat")
    await expect(example.get_by_role("listitem")).to_have_count(0)


@pytest.mark.spec("FRO-025")
async def test_example_page_removes_a_task_that_was_deleted(example: Page) -> None:
    await register_on(example)
    await add_task(example, "Buy soil")
    await change_elsewhere(example, "DELETE")

    await press(example, "Buy soil")

    await expect(example.get_by_role("alert")).to_have_text('"Buy soil" was deleted')
    await expect(example.get_by_role("listitem")).to_have_count(0)


@pytest.mark.spec("FRO-026")
@pytest.mark.parametrize(
    ("status", "code", "message"),
    [(429, "RATE_LIMIT_EXCEEDED", "Wait"), (403, "ORIGIN_REFUSED", "Refused"), (0, "", "No connection")],
    ids=["rate-limit", "origin", "no-connection"],
)
async def test_example_page_tries_again_before_it_shows_a_screen(
    tab: Tab, origins: dict[str, str], status: int, code: str, message: str
) -> None:
    headers = {"Access-Control-Allow-Origin": origins["localhost"], "Access-Control-Allow-Credentials": "true"}
    if status == 429:
        headers |= {"Retry-After": "6", "Access-Control-Expose-Headers": "Retry-After"}

    async def refuse(route: Route) -> None:
        problem = {"code": code, "detail": message}
        await (route.fulfill(status=status, headers=headers, json=problem) if status else route.abort())

    await tab.page.route("**/auth/refresh", refuse)
    await tab.page.goto(f"{origins['localhost']}/index.html")
    await expect(tab.page.get_by_role("alert")).to_have_text(message, timeout=10_000)
    await expect(tab.page.get_by_label("E-mail")).to_be_hidden()
    await expect(tab.page.get_by_label("New task")).to_be_hidden()
    await tab.page.unroute("**/auth/refresh")

    await expect(tab.page.get_by_label("New task")).to_be_visible(timeout=10_000)
    await expect(tab.page.get_by_role("alert")).to_be_empty()


@pytest.mark.spec("FRO-026")
async def test_example_page_keeps_its_tasks_after_an_error(example: Page) -> None:
    await register_on(example)
    await add_task(example, "Buy soil")

    await example.get_by_label("New task").fill("x" * 201)
    await press(example, "Add")

    await expect(example.get_by_role("alert")).to_contain_text("Title")
    await expect(example.get_by_label("New task")).to_have_value("x" * 201)
    await expect(example.get_by_role("listitem")).to_have_text(["Buy soil"])


@pytest.mark.spec("FRO-015")
async def test_example_page_adds_a_task_once_and_clears_the_field(example: Page) -> None:
    await register_on(example)
    await expect(example.get_by_label("New task")).to_be_visible()

    async def delay(route: Route) -> None:
        await asyncio.sleep(0.5 if route.request.method == "POST" else 0)
        await route.continue_()

    await example.route("**/tasks", delay)
    await example.get_by_label("New task").fill("Buy soil")
    for _ in range(3):
        await example.get_by_label("New task").press("Enter")

    await expect(example.get_by_role("listitem")).to_have_text(["Buy soil"])
    await expect(example.get_by_label("New task")).to_have_value("")
    await expect(example.get_by_role("button", name="Add")).to_be_enabled()
    await example.reload()
    await expect(example.get_by_role("listitem")).to_have_text(["Buy soil"])


@pytest.mark.spec("FRO-015")
async def test_example_page_asks_for_the_code_of_the_second_factor(example: Page, open_tab: OpenTab) -> None:
    other, email = await open_tab(), f"{uuid4().hex}@example.com"
    await other.run(f"await api.register({{ email: '{email}', password: '{PASSWORD}' }})")
    await other.run(f"await api.login('{email}', '{PASSWORD}')")
    secret = await other.run(
        f"return (await api.request('/auth/totp', {{ method: 'POST', json: {{ password: '{PASSWORD}' }} }})).secret"
    )
    code = pyotp.TOTP(secret).at(utc_now())
    [recovery_code, *_] = await other.run(
        f"const options = {{ method: 'POST', json: {{ code: '{code}' }} }};"
        "const { recovery_codes } = await api.request('/auth/totp/confirm', options);"
        "await api.logout();"
        "return recovery_codes"
    )
    await expect(example.get_by_label("Code")).to_be_hidden()

    await example.get_by_label("E-mail").fill(email)
    await example.get_by_label("Password").fill(PASSWORD)
    await press(example, "Log in")
    await example.get_by_label("Code").fill(recovery_code)
    await press(example, "Log in")

    await expect(example.get_by_label("New task")).to_be_visible()
