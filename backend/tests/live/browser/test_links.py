"""The links of e-mails and the second factor, used in the pages of the service."""

from uuid import uuid4

import pyotp
import pytest
from playwright.async_api import Page, expect

from tests.live.conftest import LogIn, Service, Start, wait_for_mail
from tests.smtp import PUBLIC_URL, SENDER, Inbox
from tests.support import PASSWORD

NEW_PASSWORD = "staple and a longer one"


@pytest.fixture
def service(start: Start, inbox: Inbox) -> Service:
    """A service that sends mail."""
    return start(SMTP_URL=inbox.url, MAIL_FROM=SENDER, PUBLIC_URL=PUBLIC_URL, RATE_LIMIT_ENABLED="false")


@pytest.fixture
def email() -> str:
    """An address without an account."""
    return f"{uuid4().hex}@example.com"


async def submit_login(page: Page, email: str, password: str) -> None:
    form = page.locator("#log-in")
    await form.get_by_label("E-mail address").fill(email)
    await form.get_by_label("Password").fill(password)
    await form.get_by_role("button", name="Log in").click()


@pytest.mark.spec("PAG-010")
async def test_forgotten_password_is_replaced_through_the_pages(
    service: Service, inbox: Inbox, log_in: LogIn, page: Page, email: str
) -> None:
    log_in(service, email)

    await page.goto(service.url)
    await page.get_by_role("link", name="Forgot your password?").click()
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_role("button", name="Send the link").click()
    await expect(page.get_by_role("status")).to_contain_text("an e-mail with a link is on its way")
    token = wait_for_mail(inbox, service)
    await page.goto("about:blank")
    await page.goto(f"{service.url}/reset-password#token={token}")
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Set the password").click()

    await expect(page.get_by_role("status")).to_be_focused()
    await expect(page.get_by_role("status")).to_contain_text("Your password is changed")
    await page.get_by_role("link", name="Back to the start page").click()
    await submit_login(page, email, NEW_PASSWORD)
    await expect(page.get_by_text(f"Logged in as {email}")).to_be_visible()


@pytest.mark.spec("PAG-010")
async def test_link_that_was_used_shows_the_message_of_the_service(service: Service, page: Page) -> None:
    await page.goto(f"{service.url}/reset-password#token=unknown")
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Set the password").click()

    await expect(page.get_by_role("alert")).to_contain_text("link")


@pytest.mark.spec("PAG-010")
async def test_new_address_is_confirmed_with_a_button(
    service: Service, inbox: Inbox, log_in: LogIn, page: Page, email: str
) -> None:
    client = log_in(service, email)
    new_email = f"new-{email}"
    client.patch("/auth/me", json={"email": new_email, "password": PASSWORD})
    token = wait_for_mail(inbox, service, new_email)

    await page.goto(f"{service.url}/confirm-email#token={token}")
    assert client.get("/auth/me").json()["email"] == email
    await page.get_by_role("button", name="Confirm the address").click()

    await expect(page.get_by_role("status")).to_contain_text(new_email)
    assert client.get("/auth/me").json()["email"] == new_email


@pytest.mark.spec("PAG-011")
async def test_log_in_asks_for_the_code_of_the_second_factor(
    service: Service, log_in: LogIn, page: Page, email: str
) -> None:
    client = log_in(service, email)
    totp = pyotp.TOTP(client.post("/auth/totp", json={"password": PASSWORD}).json()["secret"])
    recovery_code = client.post("/auth/totp/confirm", json={"code": totp.now()}).json()["recovery_codes"][0]

    await page.goto(service.url)
    await expect(page.get_by_label("Code of your authenticator")).to_be_hidden()
    await submit_login(page, email, PASSWORD)
    code = page.get_by_label("Code of your authenticator")
    await expect(code).to_be_focused()
    await code.fill(recovery_code)
    await page.get_by_role("button", name="Log in").click()

    await expect(page.get_by_text(f"Logged in as {email}")).to_be_visible()
