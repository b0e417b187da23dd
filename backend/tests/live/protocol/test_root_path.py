"""The service below a path of an nginx, which strips the path."""

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import async_playwright, expect

from tests.live.conftest import Service, Start, require, wait_until
from tests.live.events.support import LiveStream
from tests.live.protocol.raw_client import connect, request
from tests.support import PASSWORD

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream todo {{
        server 127.0.0.1:{service_port};
        keepalive 4;
    }}
    server {{
        listen 127.0.0.1:{port};
        location {root}/ {{
            proxy_pass         http://todo/;
            proxy_http_version 1.1;
            proxy_set_header   Connection        "";
            proxy_set_header   Host              $http_host;
            proxy_set_header   X-Forwarded-For   $remote_addr;
            proxy_set_header   X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Published:
    """A service below a path of a proxy; `url` is its public address."""

    service: Service
    root: str
    url: str

    def client(self) -> httpx.Client:
        """Return a client that keeps cookies as a browser does."""
        return httpx.Client(base_url=self.url, timeout=30)


@pytest.fixture(scope="module", params=["/todo", "/api"])
def published(
    request: pytest.FixtureRequest, start_for_module: Start, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Published]:
    """A service behind nginx. The path /api is also the beginning of the service's own paths."""
    nginx, root, folder = require("nginx", "/usr/sbin/nginx"), request.param, tmp_path_factory.mktemp("nginx")
    service = start_for_module(ROOT_PATH=root, COOKIE_SECURE="false", RATE_LIMIT_ENABLED="false")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, root=root, service_port=service.url.rpartition(":")[2]))
    process = subprocess.Popen([nginx, "-p", folder, "-e", folder / "error.log", "-c", config])
    try:
        _wait_for(port, process, folder / "error.log")
        yield Published(service, root, f"http://127.0.0.1:{port}{root}")
    finally:
        process.terminate()
        process.wait()
        service.stop()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return


def register(client: httpx.Client) -> httpx.Response:
    """Register a user and log in. Return the response to the log-in."""
    email = f"{uuid4().hex}@example.com"
    client.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})
    return client.post("/api/v1/auth/login", data={"username": email, "password": PASSWORD})


@pytest.mark.spec("PRO-016")
def test_the_cookie_comes_back_below_the_root_path(published: Published) -> None:
    with published.client() as client:
        login = register(client)
        refreshed = client.post("/api/v1/auth/refresh")
        logged_out = client.post("/api/v1/auth/logout")
        after = client.post("/api/v1/auth/refresh")

    assert f"Path={published.root}/api/v1/auth;" in login.headers["set-cookie"]
    assert [refreshed.status_code, logged_out.status_code, after.status_code] == [200, 200, 401]


@pytest.mark.spec("PRO-016")
def test_a_user_creates_and_reads_a_task_below_the_root_path(published: Published) -> None:
    with published.client() as client:
        client.headers["Authorization"] = f"Bearer {register(client).json()['access_token']}"
        task = client.post("/api/v1/tasks", json={"title": "Water the plants"}).json()
        response = client.get(f"/api/v1/tasks/{task['id']}")

    assert response.json()["title"] == "Water the plants"
    assert response.headers["cache-control"] == "private, no-cache"


@pytest.mark.spec("EVT-010")
def test_events_pass_the_proxy_at_once(published: Published) -> None:
    with published.client() as client:
        token = register(client).json()["access_token"]
        authorization = {"Authorization": f"Bearer {token}"}
        ticket = client.post("/api/v1/events/tickets", headers=authorization).json()["ticket"]
        with client.stream("GET", "/api/v1/events", params={"ticket": ticket}, timeout=5) as response:
            stream = LiveStream(response)
            began = time.monotonic()
            task = client.post("/api/v1/tasks", json={"title": "Water the plants"}, headers=authorization).json()
            event = stream.next_event()
            seconds = time.monotonic() - began

    assert event is not None
    assert event.data == {"type": "task", "id": task["id"], "action": "create"}
    assert seconds < 1


@pytest.mark.spec("PRO-016")
def test_a_personal_access_token_has_its_scopes_below_the_root_path(published: Published) -> None:
    with published.client() as client:
        client.headers["Authorization"] = f"Bearer {register(client).json()['access_token']}"
        token = client.post("/api/v1/auth/tokens", json={"name": "cron", "scopes": ["tasks:read"]}).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        statuses = [client.get(f"/api/v1/{path}").status_code for path in ("tasks", "tags", "auth/tokens")]

    assert statuses == [200, 403, 403]


@pytest.mark.spec("PRO-016")
def test_responses_with_tokens_are_not_cached_below_the_root_path(published: Published) -> None:
    with published.client() as client:
        assert register(client).headers["cache-control"] == "no-store"


@pytest.mark.spec("PRO-017")
@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_every_file_of_a_documentation_page_exists_below_the_root_path(published: Published, page: str) -> None:
    with published.client() as client:
        text = client.get(page).text
        files = {
            part.partition('"')[0]
            for part in text.replace("'", '"').split('"')
            if part.startswith(f"{published.root}/")
        }
        statuses = {file: httpx.get(httpx.URL(published.url).join(file)).status_code for file in files}

    assert len(statuses) >= 3
    assert set(statuses.values()) == {200}


@pytest.mark.spec("PRO-017")
def test_the_document_names_the_root_path(published: Published) -> None:
    with published.client() as client:
        document = client.get("/openapi.json").json()

    assert document["servers"] == [{"url": published.root}]
    flow = document["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]["password"]
    assert flow["tokenUrl"] == f"{published.root}/api/v1/auth/login"


@pytest.mark.spec("PRO-017")
async def test_a_person_logs_in_on_the_documentation_page_below_the_root_path(published: Published) -> None:
    email = f"{uuid4().hex}@example.com"
    with published.client() as client:
        client.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})
    async with async_playwright() as playwright:
        executable = require("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
        browser = await playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page()
        await page.goto(f"{published.url}/docs")
        await page.get_by_role("button", name="Authorize").first.click()
        form = page.locator(".modal-ux")
        await form.get_by_label("username").fill(email)
        await form.get_by_role("textbox", name="password").fill(PASSWORD)
        await form.locator("button", has_text="Authorize").first.click()

        await expect(form.get_by_text("Authorized").first).to_be_visible()
        await browser.close()


@pytest.mark.spec("PRO-018")
def test_the_service_also_answers_without_the_root_path(published: Published) -> None:
    """A health check of the container asks the service itself."""
    with connect(published.service) as client:
        assert client.ask(request("GET", "/health")).json == {"status": "healthy"}


@pytest.mark.spec("PRO-018")
def test_log_records_and_paths_do_not_depend_on_the_root_path(published: Published) -> None:
    with published.client() as client:
        client.get("/health")
        client.get("/nowhere-to-be-found")

    wait_until(lambda: "GET /nowhere-to-be-found 404" in published.service.read_log(), published.service)
    assert "/health 200" not in published.service.read_log()


@pytest.mark.spec("PRO-015")
def test_nginx_reuses_its_connections(published: Published) -> None:
    with published.client() as client:
        statuses = [client.get("/health").status_code for _ in range(50)]

    assert statuses == [200] * 50
