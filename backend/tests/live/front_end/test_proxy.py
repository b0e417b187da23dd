"""The page of `docs/front-end.md` and the service behind one nginx, with the configuration of the document."""

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from tests.live.conftest import Start, require, wait_until
from tests.live.front_end.site import DOCUMENT, compiled_files, register_on

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


@pytest.fixture
def origin(start: Start, tmp_path: Path) -> Iterator[str]:
    """The origin of the page and the service behind nginx. The service does not list it in `CORS_ORIGINS`."""
    service = start(CORS_ORIGINS="https://app.example.com")
    for name, text in compiled_files().items():
        (tmp_path / name).write_text(text)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    locations: str = LOCATIONS.findall(DOCUMENT.read_text())[0]
    locations = locations.replace("/srv/todo-page", str(tmp_path)).replace("8000", service.url.rpartition(":")[2])
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(folder=tmp_path, port=port, locations=locations))
    log = tmp_path / "error.log"
    process = subprocess.Popen([require("nginx", "/usr/sbin/nginx"), "-p", tmp_path, "-e", log, "-c", config])
    try:
        wait_until(lambda: accepts_connections(port), service)
        yield f"http://localhost:{port}"
    finally:
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
async def test_page_behind_the_proxy_keeps_its_user_logged_in(context: BrowserContext, origin: str) -> None:
    page = await context.new_page()
    foreign_urls: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(origin) else foreign_urls.append(request.url))
    await page.goto(f"{origin}/inbox")

    await register_on(page)
    await expect(page.get_by_label("New task")).to_be_visible()
    await page.goto(origin)

    await expect(page.get_by_label("New task")).to_be_visible()
    assert foreign_urls == []
