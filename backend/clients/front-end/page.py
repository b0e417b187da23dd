"""The page of docs/front-end.md behind the proxy of Vite, in a browser. Run it in the folder of the page.

The argument is the command of Vite. The type checker and Vite read the same files as the browser.
"""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Page, expect, sync_playwright

PASSWORD = "correct horse battery"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PHONE_URL, HOST_NAME = "http://198.51.100.7", "todo.example"
"""An address and a host name of this machine in a network. The browser resolves both to the loopback device."""
GENERATED_CLIENT = """<!doctype html>
<script type="module">
    import { countPending } from "./generated.ts";
    document.title = `${await countPending()} pending`;
</script>
"""


def free_port() -> int:
    """Return a port on which no program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def use_page(page: Page, url: str) -> None:
    """Register, add a task, reload, use the generated client, complete the task and log out."""
    page.goto(url)
    expect(page.get_by_role("alert")).to_have_text("Please log in")
    page.get_by_label("E-mail").fill(f"{uuid4().hex}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Register").click()
    page.get_by_label("New task").fill("Buy soil")
    page.get_by_role("button", name="Add").click()
    task = page.get_by_role("button", name="Buy soil")
    expect(task).to_be_visible()
    page.reload()
    expect(task).to_be_visible()

    page.goto(f"{url}/generated.html")
    expect(page).to_have_title("1 pending")

    page.goto(url)
    task.click()
    expect(task).to_be_hidden()
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Please log in")


def use_page_in_network(page: Page, port: int) -> None:
    """Register over plain HTTP on an address that is not localhost. Open the pages of mailed links.

    The browser sends `Sec-Fetch-Site` to localhost and over HTTPS only, so the service compares `Origin` with `Host`.
    """
    page.goto(f"{PHONE_URL}:{port}")
    page.get_by_label("E-mail").fill(f"{uuid4().hex}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_label("New task")).to_be_visible()

    page.goto(f"{PHONE_URL}:{port}/reset-password#token=unknown")
    expect(page.get_by_text("This service sends no mail")).to_be_visible()
    page.goto(f"{PHONE_URL}:{port}/confirm-email#token=unknown")
    page.get_by_role("button", name="Confirm the address").click()
    expect(page.get_by_role("alert")).to_contain_text("This service sends no mail")

    response = page.goto(f"http://{HOST_NAME}:{port}")
    assert response is not None
    assert "allowedHosts" in response.text(), "Vite allows a host name without the setting of the document"


def main(vite: str) -> None:
    """Serve the page with Vite, and use it."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        sys.exit(f"page.py: needs one of: {', '.join(BROWSERS)}")
    Path("generated.html").write_text(GENERATED_CLIENT)
    port = free_port()
    rules = f"MAP {PHONE_URL.removeprefix('http://')} 127.0.0.1, MAP {HOST_NAME} 127.0.0.1"
    server = subprocess.Popen([vite, "--host", "--port", str(port), "--strictPort", "--logLevel", "warn"])
    try:
        with sync_playwright() as playwright:
            options = ["--no-sandbox", f"--host-resolver-rules={rules}"]
            browser = playwright.chromium.launch(executable_path=executable, args=options)
            page = browser.new_page()
            requests: list[str] = []
            page.on("request", lambda request: requests.append(request.url))
            wait_for_server(port, server)
            expect.set_options(timeout=15_000)
            use_page(page, f"http://localhost:{port}")
            foreign = {url for url in requests if not url.startswith(f"http://localhost:{port}/")}
            assert not foreign, f"requests to other origins: {foreign}"
            use_page_in_network(browser.new_page(), port)
            browser.close()
    finally:
        server.terminate()
        server.wait()


def wait_for_server(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Return when a program listens on the port.

    Raises:
        TimeoutError: no program listens after 30 seconds, or the server has ended.
    """
    for _ in range(300):
        try:
            socket.create_connection(("localhost", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
        if server.poll() is not None:
            break
    raise TimeoutError("Vite does not listen")


if __name__ == "__main__":
    main(sys.argv[1])
