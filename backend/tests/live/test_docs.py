"""The documentation pages in a real browser that reaches nothing but the service."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Page, Route, async_playwright, expect

from tests.live.conftest import Service, require
from tests.support import PASSWORD


@pytest.fixture
async def page(service: Service) -> AsyncIterator[Page]:
    """A page of a headless Chromium; any request that leaves the machine fails the test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=require("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        page = await browser.new_page(viewport={"width": 1000, "height": 800}, reduced_motion="reduce")
        page.set_default_timeout(15_000)
        elsewhere: list[str] = []
        blocked: list[str] = []
        page.on("console", lambda said: blocked.append(said.text) if is_about_us(said.text) else None)

        async def stay_here(route: Route) -> None:
            if route.request.url.startswith((service.url, "data:", "blob:")):
                await route.continue_()
            else:
                elsewhere.append(route.request.url)
                await route.abort()

        await page.route("**/*", stay_here)
        yield page
        assert (elsewhere, blocked) == ([], [])
        await browser.close()


def is_about_us(said: str) -> bool:
    """Tell whether the browser blocked something; ReDoc's advertisement, which comes from elsewhere, is to be."""
    return "Content Security Policy" in said and "redoc/logo-mini.svg" not in said


async def try_out(page: Page, operation: str, body: str | None = None, **parameters: str) -> str:
    """Open an operation, fill it in, press Execute, and return the body of the answer.

    The clicks are the page's own events: to roll a page of this length to each button takes longer than all the rest.
    """
    block = page.locator(f"[id$='-{operation}']")
    opener, execute = block.locator(".opblock-summary-control"), block.locator("button.execute")
    await opener.dispatch_event("click")
    await execute.wait_for()
    for name, value in parameters.items():
        field = block.locator(f"tr[data-param-name='{name}'] input")
        await field.fill(value)
        await field.blur()
    if body is not None:
        await block.locator("textarea").fill(body)
    await execute.dispatch_event("click")
    answer = block.locator(".live-responses-table")
    await answer.wait_for()
    text = await answer.inner_text()
    await opener.dispatch_event("click")
    return text


@pytest.mark.timeout(120)
async def test_a_person_registers_authorizes_and_calls_each_endpoint_until_the_account_is_gone(
    service: Service, page: Page
) -> None:
    email = f"{uuid4().hex}@example.com"
    await page.goto(f"{service.url}/docs")
    await expect(page.locator(".opblock")).to_have_count(31)

    registered = await try_out(page, "register", f'{{"email": "{email}", "password": "{PASSWORD}"}}')
    await page.get_by_role("button", name="Authorize").first.click()
    await page.get_by_label("username").fill(email)
    await page.get_by_role("textbox", name="password").fill(PASSWORD)
    await page.locator(".modal-ux button.authorize").first.click()
    await expect(page.locator(".modal-ux").get_by_text("Authorized").first).to_be_visible()
    await page.locator(".modal-ux button.btn-done").first.click()
    answers = {
        "register": registered,
        "get_me": await try_out(page, "get_me"),
        "update_me": await try_out(page, "update_me", '{"name": "Ada"}'),
        "list_sessions": await try_out(page, "list_sessions"),
        "create_token": await try_out(page, "create_token", '{"name": "cron", "scopes": ["tasks:read"]}'),
        "list_tokens": await try_out(page, "list_tokens"),
        "create_task": await try_out(page, "create_task", '{"title": "Water the plants"}'),
        "create_tag": await try_out(page, "create_tag", '{"name": "home"}'),
    }
    task, tag, token = (field_of(answers[name], "id") for name in ("create_task", "create_tag", "create_token"))
    answers |= {
        "add_tag": await try_out(page, "add_tag", task_id=task, tag_id=tag),
        "list_tasks": await try_out(page, "list_tasks", q="plants"),
        "write_tasks": await try_out(
            page, "write_tasks", '{"items": [{"action": "create", "task": {"title": "Buy soil"}}]}'
        ),
        "get_task": await try_out(page, "get_task", task_id=task),
        "update_task": await try_out(page, "update_task", '{"completed": true}', task_id=task),
        "replace_task": await try_out(
            page, "replace_task", '{"title": "Ferns", "priority": "low", "completed": false}', task_id=task
        ),
        "list_tags": await try_out(page, "list_tags"),
        "get_tag": await try_out(page, "get_tag", tag_id=tag),
        "update_tag": await try_out(page, "update_tag", '{"name": "garden", "color": "#2E8B57"}', tag_id=tag),
        "remove_tag": await try_out(page, "remove_tag", task_id=task, tag_id=tag),
        "delete_tag": await try_out(page, "delete_tag", tag_id=tag),
        "delete_task": await try_out(page, "delete_task", task_id=task),
        "delete_token": await try_out(page, "delete_token", token_id=token),
        "export_me": await try_out(page, "export_me"),
        "change_password": await try_out(
            page, "change_password", f'{{"old_password": "{PASSWORD}", "new_password": "{PASSWORD}!"}}'
        ),
        "refresh": await try_out(page, "refresh"),
        "delete_me": await try_out(page, "delete_me", f'{{"password": "{PASSWORD}!"}}'),
        "logout": await try_out(page, "logout"),
        "get_health": await try_out(page, "get_health"),
        "get_readiness": await try_out(page, "get_readiness"),
    }
    await keep_picture(page, "docs.png")

    statuses = {name: answer.split()[2] for name, answer in answers.items()}
    created = {"register", "create_token", "create_task", "create_tag", "add_tag"}
    removed = {"remove_tag", "delete_tag", "delete_task", "delete_token", "change_password", "delete_me"}
    assert statuses == {name: "201" if name in created else "204" if name in removed else "200" for name in answers}


async def test_the_reference_page_shows_every_operation(service: Service, page: Page) -> None:
    await page.goto(f"{service.url}/redoc")

    await expect(page.get_by_text("Create a task. Only a title is needed.")).to_be_visible(timeout=15_000)
    await keep_picture(page, "redoc.png")


def field_of(answer: str, name: str) -> str:
    """Return the number that an answer, as the page shows it, gives for a field."""
    return answer.partition(f'"{name}": ')[2].partition(",")[0]


async def keep_picture(page: Page, name: str) -> None:
    """Keep a screenshot where SCREENSHOTS says, for a person to look at."""
    if folder := os.environ.get("SCREENSHOTS"):
        await asyncio.to_thread(Path(folder).mkdir, parents=True, exist_ok=True)
        await page.screenshot(path=Path(folder) / name)
