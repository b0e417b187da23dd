"""The page of `docs/front-end.md` and the service behind one nginx, with the configuration of the document."""

import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from tests.live.conftest import Service, Start, require, run_todo, wait_for_mail, wait_until
from tests.live.front_end.site import DOCUMENT, ApiError, Tab, compiled_files, lose_responses, register_on
from tests.smtp import SENDER, Inbox, text_of
from tests.support import PASSWORD

EMAIL, NEW_PASSWORD = "ada@example.com", "staple and a longer one"
LOCATIONS = re.compile(r"^```nginx\n(.*?)^```", re.MULTILINE | re.DOTALL)
NGINX = """
daemon off;
user root;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    types {{ text/html html; text/javascript ts; }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {locations}
    }}
}}
"""


@dataclass
class Site:
    """The origin of the page, the service behind it and a tab of the browser."""

    origin: str
    service: Service
    tab: Tab


@dataclass
class StartSite:
    """Starts the service and nginx. The service does not list the page in `CORS_ORIGINS`."""

    start: Start
    folder: Path
    context: BrowserContext
    processes: list["subprocess.Popen[bytes]"]

    async def __call__(self, **settings: str) -> Site:
        """Start both, and open an empty page. `{origin}` in a setting is the origin of the page."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        origin = f"http://localhost:{port}"
        settings = {name: value.format(origin=origin) for name, value in settings.items()}
        service = self.start(None, CORS_ORIGINS="https://app.example.com", **settings)
        self.start_proxy(port, service)
        wait_until(lambda: accepts_connections(port), service)
        return Site(origin, service, Tab(await self.context.new_page(), self.context))

    def start_proxy(self, port: int, service: Service) -> None:
        """Start nginx with the files of the page and the configuration of the document."""
        for name, text in compiled_files().items():
            (self.folder / name).write_text(text)
        locations: str = LOCATIONS.findall(DOCUMENT.read_text())[0]
        locations = locations.replace("/srv/todo-page", str(self.folder))
        locations = locations.replace("8000", service.url.rpartition(":")[2])
        config, log = self.folder / "nginx.conf", self.folder / "error.log"
        config.write_text(NGINX.format(folder=self.folder, port=port, locations=locations))
        command = [require("nginx", "/usr/sbin/nginx"), "-p", str(self.folder), "-e", str(log), "-c", str(config)]
        self.processes.append(subprocess.Popen(command))


@pytest.fixture
def start_site(start: Start, tmp_path: Path, context: BrowserContext) -> Iterator[StartSite]:
    """Start sites for the length of the test."""
    processes: list[subprocess.Popen[bytes]] = []
    yield StartSite(start, tmp_path, context, processes)
    for process in processes:
        process.terminate()
        process.wait()


def accepts_connections(port: int) -> bool:
    """Tell whether a program listens on the port."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.spec("FRO-020")
async def test_page_behind_the_proxy_keeps_its_user_logged_in(start_site: StartSite) -> None:
    site = await start_site()
    page = site.tab.page
    foreign: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(site.origin) else foreign.append(request.url))
    await page.goto(f"{site.origin}/inbox")

    await register_on(page)
    await expect(page.get_by_label("New task")).to_be_visible()
    await page.goto(site.origin)

    await expect(page.get_by_label("New task")).to_be_visible()
    assert foreign == []


@pytest.mark.spec("FRO-021")
async def test_mailed_link_opens_the_page_of_the_service_behind_the_proxy(start_site: StartSite, inbox: Inbox) -> None:
    site = await start_site(SMTP_URL=inbox.url, MAIL_FROM=SENDER, PUBLIC_URL="{origin}")
    await site.tab.page.goto(site.origin)
    await site.tab.run(f"await api.register({{ email: '{EMAIL}', password: '{PASSWORD}' }})")
    await site.tab.run(f"return api.forgetPassword('{EMAIL}')", "/mails.ts")
    token = wait_for_mail(inbox, site.service, EMAIL)

    assert f"{site.origin}/reset-password#token={token}" in text_of(inbox.mails[-1])
    await site.tab.page.goto(f"{site.origin}/reset-password#token={token}")
    await site.tab.page.get_by_label("New password").fill(NEW_PASSWORD)
    await site.tab.page.get_by_role("button", name="Set the password").click()
    await expect(site.tab.page.get_by_role("status")).to_contain_text("Your password is changed")
    await site.tab.page.goto(f"{site.origin}/confirm-email")
    await expect(site.tab.page).to_have_title(re.compile("Confirm your address"))

    await site.tab.page.goto(site.origin)
    await site.tab.run(f"await api.login('{EMAIL}', '{NEW_PASSWORD}')")


@pytest.mark.spec("FRO-021")
async def test_pages_of_the_front_end_reset_a_password_and_confirm_an_address(
    start_site: StartSite, inbox: Inbox
) -> None:
    urls = {"PASSWORD_RESET_URL": "{origin}/new-password", "EMAIL_CONFIRM_URL": "{origin}/new-address"}
    site = await start_site(SMTP_URL=inbox.url, MAIL_FROM=SENDER, PUBLIC_URL="{origin}", **urls)
    tab, new_email = site.tab, f"new-{EMAIL}"
    await tab.page.goto(site.origin)
    await tab.run(f"await api.register({{ email: '{EMAIL}', password: '{PASSWORD}' }})")
    await tab.run(f"return api.forgetPassword('{EMAIL}')", "/mails.ts")
    token = wait_for_mail(inbox, site.service, EMAIL)
    assert f"{site.origin}/new-password#token={token}" in text_of(inbox.mails[-1])

    await tab.page.goto(f"{site.origin}/new-password#token={token}")
    assert await tab.run(f"return api.resetPassword(api.takeToken(), '{NEW_PASSWORD}')", "/mails.ts") is None
    assert tab.page.url == f"{site.origin}/new-password"
    with pytest.raises(ApiError) as caught:
        await tab.run(f"return api.resetPassword('{token}', '{NEW_PASSWORD}')", "/mails.ts")
    assert caught.value.summary == (400, "INVALID_RESET_TOKEN")

    await tab.run(f"await api.login('{EMAIL}', '{NEW_PASSWORD}')")
    user = await tab.run(f"return api.changeEmail('{new_email}', '{NEW_PASSWORD}')", "/mails.ts")
    assert (user["email"], user["pending_email"]) == (EMAIL, new_email)
    token = wait_for_mail(inbox, site.service, new_email)
    await tab.page.goto(f"{site.origin}/new-address#token={token}")
    user = await tab.run("return api.confirmEmail(api.takeToken())", "/mails.ts")
    assert (user["email"], user["pending_email"]) == (new_email, None)


@pytest.mark.spec("FRO-022")
async def test_lost_registration_by_invitation_is_not_repeated_and_has_an_account(
    start_site: StartSite, tmp_path: Path
) -> None:
    site = await start_site(REGISTRATION="invited")
    output = run_todo("user", "invite", cwd=tmp_path, DATA_DIR=str(site.service.data_dir)).stdout
    account = f"{{ email: '{EMAIL}', password: '{PASSWORD}', invitation: '{output.split()[0]}' }}"
    await site.tab.page.goto(site.origin)
    attempts = await lose_responses(site.tab, "**/auth/register")

    with pytest.raises(ApiError) as lost:
        await site.tab.run(f"return api.register({account})")
    assert (lost.value.summary, len(attempts)) == ((0, "UNREACHABLE"), 1)
    await site.tab.page.unroute("**/auth/register")
    with pytest.raises(ApiError) as repeated:
        await site.tab.run(f"return api.register({account})")

    assert repeated.value.summary == (403, "INVITATION_REQUIRED")
    await site.tab.run(f"return api.login('{EMAIL}', '{PASSWORD}')")


@pytest.mark.spec("FRO-015")
async def test_example_page_asks_for_an_invitation(start_site: StartSite, tmp_path: Path) -> None:
    site = await start_site(REGISTRATION="invited")
    page = site.tab.page
    await page.goto(site.origin)
    await expect(page.get_by_label("Invitation")).to_be_hidden()

    await register_on(page)
    code = run_todo("user", "invite", cwd=tmp_path, DATA_DIR=str(site.service.data_dir)).stdout.split()[0]
    await page.get_by_label("Invitation").fill(code)
    await page.get_by_role("button", name="Register").click()

    await expect(page.get_by_label("New task")).to_be_visible()
