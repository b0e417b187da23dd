"""A web site with the files of `docs/front-end.md`, and pages of it in a browser."""

import json
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from uuid import uuid4

import playwright
from playwright.async_api import BrowserContext, Page, Route

from tests.support import PASSWORD

BACKEND = Path(__file__).parents[3]
DOCUMENT = BACKEND / "docs" / "front-end.md"
SYNC_DOCUMENT = BACKEND / "docs" / "sync.md"
CLIENT = BACKEND / "docs" / "api.ts"
SYNC_CLIENT = BACKEND / "docs" / "sync.ts"
ADDRESS = 'const API = "/api/v1";'
"""The line of the client that a page on another origin than the service changes."""
NODE = Path(playwright.__file__).parent / "driver" / "node"
"""The Node.js of Playwright, because an installed one can be absent or too old to remove types."""
STRIP_TYPES = """
const { stripTypeScriptTypes } = require("node:module");
const sources = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const compiled = Object.entries(sources).map(([name, source]) => [name, stripTypeScriptTypes(source)]);
console.log(JSON.stringify(Object.fromEntries(compiled)));
"""
CALL = """async ([module, body]) => {
    const loaded = await import(module);
    try {
        return { value: await new Function("api", `return (async () => { ${body} })()`)(loaded) };
    } catch (error) {
        return { error: { ...error, name: error.name, message: error.message } };
    }
}"""
BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def read_snippets() -> dict[str, str]:
    """Return the files of the documents by name."""
    return dict(BLOCK.findall(DOCUMENT.read_text() + SYNC_DOCUMENT.read_text()))


@cache
def compiled_files() -> dict[str, str]:
    """Return the client and the files of the document by name, with their types removed."""
    files = read_snippets() | {"api.ts": CLIENT.read_text(), "sync.ts": SYNC_CLIENT.read_text()}
    scripts = {name: text for name, text in files.items() if name.endswith(".ts")}
    command = [str(NODE), "--disable-warning=ExperimentalWarning", "-e", STRIP_TYPES]
    process = subprocess.run(command, input=json.dumps(scripts), capture_output=True, text=True, check=True)
    compiled: dict[str, str] = json.loads(process.stdout)
    return files | compiled


class SiteHandler(BaseHTTPRequestHandler):
    """Serves the files. The client has the address of the service."""

    service_url = ""

    def do_GET(self) -> None:
        """Send a file, or an empty page if there is no such file."""
        name = self.path.partition("?")[0].lstrip("/")
        text = compiled_files().get(name, "<!doctype html><title>empty</title>")
        body = text.replace(ADDRESS, f'const API = "{self.service_url}/api/v1";').encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/javascript" if name.endswith(".ts") else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Write no log."""


class ApiError(Exception):
    """An `ApiError` of the client. Its attributes are in `fields`."""

    def __init__(self, fields: dict[str, Any]) -> None:
        """Keep the attributes."""
        super().__init__(fields)
        self.fields = fields

    @property
    def summary(self) -> tuple[int, str]:
        """Return the status and the code."""
        return self.fields["status"], self.fields["code"]


@dataclass
class Tab:
    """A tab of the browser with the client. Log-ins are those of all tabs of `context`."""

    page: Page
    context: BrowserContext

    async def run(self, body: str, module: str = "/api.ts") -> Any:
        """Run the body of an async function whose parameter `api` is the module. Return its result.

        Raises:
            ApiError: the function throws an error.
        """
        outcome = await self.page.evaluate(CALL, [module, body])
        if "error" in outcome:
            raise ApiError(outcome["error"])
        return outcome.get("value")


async def register_on(page: Page) -> None:
    """Fill in the form of the example and register."""
    await page.get_by_label("E-mail").fill(f"{uuid4().hex}@example.com")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Register").click()


async def lose_responses(tab: Tab, url: str) -> list[str]:
    """Let requests reach the service, and lose the responses. Return a list that grows with each request."""
    methods: list[str] = []

    async def lose(route: Route) -> None:
        if route.request.method != "OPTIONS":
            methods.append(route.request.method)
        await route.fetch()
        await route.abort()

    await tab.page.route(url, lose)
    return methods
