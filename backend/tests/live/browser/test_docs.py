"""The documentation pages, in a browser without access to the network."""

import asyncio
import re
from dataclasses import dataclass
from uuid import uuid4

import pyotp
import pytest
from playwright.async_api import Page, expect

from tests.live.browser.support import save_screenshot
from tests.live.conftest import HTTP, LogIn, Service, Start, wait_for_mail
from tests.smtp import PUBLIC_URL, SENDER, Inbox
from tests.support import PASSWORD

RECOVERY_CODE = re.compile(r"(?:[a-z2-7]{4}-){3}[a-z2-7]{4}")


@pytest.fixture
def service(start: Start, inbox: Inbox) -> Service:
    """A service that sends mail."""
    return start(SMTP_URL=inbox.url, MAIL_FROM=SENDER, PUBLIC_URL=PUBLIC_URL, RATE_LIMIT_ENABLED="false")


@dataclass
class Documentation:
    """The page at /docs.

    Most clicks are dispatched events, because scrolling to each button takes most of the time. The button "Execute"
    gets a real click, which waits until the page has stopped redrawing the operation.
    """

    page: Page
    sections: dict[str, str]
    """The section of each operation."""

    async def authorize(self, email: str, password: str) -> None:
        """Log in with the form of the Authorize button. An earlier login is ended first."""
        form = self.page.locator(".modal-ux")
        await self.page.get_by_role("button", name="Authorize").first.dispatch_event("click")
        log_out, log_in = (form.locator("button", has_text=name).first for name in ("Logout", "Authorize"))
        await expect(log_out.or_(log_in).first).to_be_visible()
        if await log_out.count():
            await log_out.dispatch_event("click")
        await form.get_by_label("username").fill(email)
        await form.get_by_role("textbox", name="password").fill(password)
        await log_in.dispatch_event("click")
        await expect(form.get_by_text("Authorized").first).to_be_visible()
        await form.locator("button.btn-done").first.dispatch_event("click")

    async def try_out(self, operation: str, body: str | None = None, **parameters: str) -> str:
        """Open an operation, fill in its form, click Execute, and return the text of the response."""
        block = self.page.locator(f"[id$='-{operation}']")
        await self._open_section(self.sections[operation])
        opener, execute = block.locator(".opblock-summary-control"), block.locator("button.execute")
        await opener.dispatch_event("click")
        await execute.wait_for()
        for name, value in parameters.items():
            field = block.locator(f"tr:is([data-param-name='{name}'], [data-property-name='{name}']) input").first
            await field.fill(value)
            await field.blur()
        if body is not None:
            await block.locator("textarea").fill(body)
        await execute.click()
        response = block.locator(".live-responses-table")
        await response.wait_for()
        text = await response.inner_text()
        await opener.dispatch_event("click")
        return text

    async def _open_section(self, section: str) -> None:
        """Open a section and close the others, because each event redraws all open sections."""
        others = self.page.locator(f".opblock-tag[data-is-open='true']:not([data-tag='{section}'])")
        while await others.count():
            await others.first.dispatch_event("click")
        closed = self.page.locator(f".opblock-tag[data-is-open='false'][data-tag='{section}']")
        if await closed.count():
            await closed.dispatch_event("click")


@pytest.fixture
async def docs(service: Service, page: Page) -> Documentation:
    """The documentation of a running service."""
    paths = HTTP.get(f"{service.url}/openapi.json").json()["paths"].values()
    operations = [operation for path in paths for operation in path.values()]
    await page.goto(f"{service.url}/docs")
    await expect(page.locator(".opblock")).to_have_count(len(operations))
    return Documentation(page, {operation["operationId"]: operation["tags"][0] for operation in operations})


async def try_mailed_links(
    docs: Documentation, service: Service, inbox: Inbox, email: str, password: str
) -> dict[str, str]:
    """Confirm a new address, then set PASSWORD as the new password, with the links of mails."""
    new_email = f"new-{email}"
    await docs.try_out("update_me", f'{{"email": "{new_email}", "password": "{password}"}}')
    token = await asyncio.to_thread(wait_for_mail, inbox, service, new_email)
    inbox.mails.clear()
    responses = {
        "confirm_email": await docs.try_out("confirm_email", f'{{"token": "{token}"}}'),
        "request_reset": await docs.try_out("request_reset", f'{{"email": "{new_email}"}}'),
    }
    token = await asyncio.to_thread(wait_for_mail, inbox, service, new_email)
    body = f'{{"token": "{token}", "new_password": "{PASSWORD}"}}'
    return responses | {"reset_password": await docs.try_out("reset_password", body)}


@pytest.mark.timeout(180)
async def test_operations_succeed_in_the_browser(docs: Documentation, service: Service, inbox: Inbox) -> None:
    email, new_password = f"{uuid4().hex}@example.com", f"{PASSWORD}!"
    responses = {"register": await docs.try_out("register", f'{{"email": "{email}", "password": "{PASSWORD}"}}')}
    await docs.authorize(email, PASSWORD)
    responses |= {
        "get_me": await docs.try_out("get_me"),
        "update_me": await docs.try_out("update_me", '{"name": "Ada"}'),
        "export_me": await docs.try_out("export_me"),
        "create_token": await docs.try_out("create_token", '{"name": "cron", "scopes": ["tasks:read"]}'),
        "list_tokens": await docs.try_out("list_tokens"),
        "create_ticket": await docs.try_out("create_ticket"),
        "create_tag": await docs.try_out("create_tag", '{"name": "home"}'),
        "create_task": await docs.try_out("create_task", '{"title": "Water the plants"}'),
    }
    task, tag, token = (field_of(responses[name], "id") for name in ("create_task", "create_tag", "create_token"))
    responses |= {
        "add_tag": await docs.try_out("add_tag", task_id=task, tag_id=tag),
        "list_tasks": await docs.try_out("list_tasks", q="plants"),
        "write_tasks": await docs.try_out(
            "write_tasks", '{"items": [{"action": "create", "task": {"title": "Buy soil"}}]}'
        ),
        "get_task": await docs.try_out("get_task", task_id=task),
        "update_task": await docs.try_out("update_task", '{"completed": true}', task_id=task),
        "replace_task": await docs.try_out(
            "replace_task", '{"title": "Ferns", "priority": "low", "completed": false}', task_id=task
        ),
        "remove_tag": await docs.try_out("remove_tag", task_id=task, tag_id=tag),
        "delete_task": await docs.try_out("delete_task", task_id=task),
        "list_tags": await docs.try_out("list_tags"),
        "get_tag": await docs.try_out("get_tag", tag_id=tag),
        "update_tag": await docs.try_out("update_tag", '{"name": "garden", "color": "#2E8B57"}', tag_id=tag),
        "delete_tag": await docs.try_out("delete_tag", tag_id=tag),
        "delete_token": await docs.try_out("delete_token", token_id=token),
    }
    responses["start_totp"] = await docs.try_out("start_totp", f'{{"password": "{PASSWORD}"}}')
    secret = responses["start_totp"].partition('"secret": "')[2].partition('"')[0]
    responses["confirm_totp"] = await docs.try_out("confirm_totp", f'{{"code": "{pyotp.TOTP(secret).now()}"}}')
    for operation, codes in (("replace_codes", "confirm_totp"), ("delete_totp", "replace_codes")):
        [code, *_] = RECOVERY_CODE.findall(responses[codes])
        responses[operation] = await docs.try_out(operation, f'{{"password": "{PASSWORD}", "code": "{code}"}}')
    responses |= {
        "change_password": await docs.try_out(
            "change_password", f'{{"old_password": "{PASSWORD}", "new_password": "{new_password}"}}'
        ),
        "login": await docs.try_out("login", username=email, password=new_password),
        "refresh": await docs.try_out("refresh"),
        "list_sessions": await docs.try_out("list_sessions"),
    }
    other_login_session = (
        responses["list_sessions"].partition('"current": false')[0].rpartition('"id": ')[2].partition(",")[0]
    )
    responses |= {
        "delete_session": await docs.try_out("delete_session", session_id=other_login_session.strip('"')),
        "logout_all": await docs.try_out("logout_all"),
    }
    await docs.authorize(email, new_password)
    responses |= {
        "logout": await docs.try_out("logout"),
        "get_health": await docs.try_out("get_health"),
        "get_readiness": await docs.try_out("get_readiness"),
    }
    await docs.authorize(email, new_password)
    responses |= await try_mailed_links(docs, service, inbox, email, new_password)
    await docs.authorize(f"new-{email}", PASSWORD)
    new_password = PASSWORD
    responses["delete_me"] = await docs.try_out("delete_me", f'{{"password": "{new_password}"}}')
    await save_screenshot(docs.page, "docs.png")

    created = ("register", "create_token", "create_task", "create_tag", "add_tag")
    statuses = dict.fromkeys(created, "201") | {"request_reset": "202"}
    no_content = {name for name in docs.sections if name.startswith(("remove_", "delete_"))} | {
        "change_password",
        "logout_all",
        "reset_password",
    }
    assert {name: text.split()[2] for name, text in responses.items()} == {
        name: statuses.get(name, "204" if name in no_content else "200") for name in responses
    }


@pytest.mark.spec("PAG-009")
async def test_pasted_token_authorizes_calls(docs: Documentation, log_in: LogIn, service: Service) -> None:
    email = f"{uuid4().hex}@example.com"
    token = log_in(service, email).headers["Authorization"].removeprefix("Bearer ")

    await docs.page.get_by_role("button", name="Authorize").first.dispatch_event("click")
    token_field = docs.page.locator("input[aria-label='auth-bearer-value']")
    form = docs.page.locator(".modal-ux .auth-container", has=token_field)
    await token_field.fill(token)
    await form.get_by_role("button", name="Apply credentials").dispatch_event("click")
    await docs.page.locator(".modal-ux button.btn-done").first.dispatch_event("click")
    response = await docs.try_out("get_me")

    assert email in response


@pytest.mark.spec("PAG-009")
async def test_documentation_follows_the_preferred_colors(docs: Documentation) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = await docs.page.evaluate(background)

    await docs.page.emulate_media(color_scheme="dark")

    await expect(docs.page.locator("html")).to_have_class("dark-mode")
    assert await docs.page.evaluate(background) != light
    await save_screenshot(docs.page, "docs-dark.png")


async def test_recursive_schema_is_shown_to_the_first_level(docs: Documentation) -> None:
    task = {"title": {"type": "string"}, "subtasks": {"items": {"$ref": "#/schemas/Task"}}}
    openapi = {"opened": {"schema": {"$ref": "#/schemas/Task"}, "examples": [None, 1]}, "schemas": {"Task": task}}

    resolved = await docs.page.evaluate(
        "async (openapi) => (await ui.getSystem().fn.resolveSubtree(openapi, ['opened'])).spec", openapi
    )

    assert resolved == {"schema": task, "examples": [None, 1]}


async def test_reference_page_shows_an_operation(service: Service, page: Page) -> None:
    await page.goto(f"{service.url}/redoc")

    await expect(page.get_by_text("Create a task, or a whole tree of tasks")).to_be_visible(timeout=15_000)
    await save_screenshot(page, "redoc.png")


def field_of(response: str, name: str) -> str:
    """Return the number in a field of a response, read from the text of the page."""
    return response.partition(f'"{name}": ')[2].partition(",")[0]
