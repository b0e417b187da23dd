"""Registration by invitation, in the start page."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.live.conftest import Service, Start, run_todo
from tests.support import PASSWORD

EMAIL = "ada@example.com"


@pytest.fixture
def service(start: Start) -> Service:
    """A service with registration by invitation."""
    return start(REGISTRATION="invited")


@pytest.fixture
def invitation(service: Service, tmp_path: Path) -> str:
    """The code that the operator sends to a person."""
    return run_todo("user", "invite", cwd=tmp_path, DATA_DIR=str(service.data_dir)).stdout.split()[0]


@pytest.mark.spec("PAG-011")
async def test_invitation_is_entered_in_the_form(service: Service, page: Page, invitation: str) -> None:
    await page.goto(service.url)
    form = page.locator("#register")
    await form.get_by_label("E-mail address").fill(EMAIL)
    await form.get_by_label("Password").fill(PASSWORD)
    await form.get_by_label("Invitation").fill("wrong")
    await form.get_by_role("button", name="Create account").click()
    await expect(form.get_by_role("alert")).to_contain_text("invitation")
    await form.get_by_label("Invitation").fill(invitation)
    await form.get_by_role("button", name="Create account").click()

    await expect(page.get_by_text(f"Logged in as {EMAIL}")).to_be_visible()
