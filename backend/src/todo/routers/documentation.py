"""Swagger UI and ReDoc, served from local files so that they work without internet access (ADR 0015)."""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.responses import FileResponse, HTMLResponse

from todo.http.content_policy import set_content_policy
from todo.http.request_state import READ_METHODS

ASSETS = "/docs/assets"
REDIRECT = "/docs/oauth2-redirect"
PLUGINS = ("swagger_references.js", "swagger_dark_mode.js")
"""Scripts of this folder that run before Swagger UI starts."""
SWAGGER_OPTIONS = {"persistAuthorization": True, "tryItOutEnabled": True}
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; "
    "img-src 'self' data:; style-src 'self' 'unsafe-inline'; worker-src blob:; script-src 'self'"
)
"""The pages connect only to this service. Their inline scripts need a hash in the policy."""
INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)

router = APIRouter(include_in_schema=False)


@router.api_route("/docs", methods=[*READ_METHODS])
async def show_swagger(request: Request) -> HTMLResponse:
    """Return Swagger UI, which can send requests."""
    app: FastAPI = request.app
    root = request.scope.get("root_path", "")
    page = get_swagger_ui_html(
        openapi_url=f"{root}{app.openapi_url}",
        title=escape(app.title),
        oauth2_redirect_url=f"{root}{REDIRECT}",
        swagger_js_url=f"{root}{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{root}{ASSETS}/favicon.png",
        swagger_ui_parameters=SWAGGER_OPTIONS,
    )
    plugins = "".join(f'<script src="{root}/docs/{name}"></script>' for name in PLUGINS).encode()
    return _allow_own_scripts(request, HTMLResponse(bytes(page.body).replace(b"<script>", plugins + b"<script>", 1)))


@router.api_route("/docs/swagger_references.js", methods=[*READ_METHODS])
async def send_references_plugin() -> FileResponse:
    """Return the plugin for Swagger UI, which opens an operation three times as fast."""
    return FileResponse(Path(__file__).with_name("swagger_references.js"), media_type="text/javascript")


@router.api_route("/docs/swagger_dark_mode.js", methods=[*READ_METHODS])
async def send_dark_mode_plugin() -> FileResponse:
    """Return the script that shows Swagger UI in the colours that the browser prefers."""
    return FileResponse(Path(__file__).with_name("swagger_dark_mode.js"), media_type="text/javascript")


@router.api_route(REDIRECT, methods=[*READ_METHODS])
async def redirect_swagger(request: Request) -> HTMLResponse:
    """Return the page to which an OAuth 2 log-in redirects Swagger UI."""
    return _allow_own_scripts(request, get_swagger_ui_oauth2_redirect_html())


@router.api_route("/redoc", methods=[*READ_METHODS])
async def show_redoc(request: Request) -> HTMLResponse:
    """Return ReDoc, which only shows the document."""
    app: FastAPI = request.app
    root = request.scope.get("root_path", "")
    page = get_redoc_html(
        openapi_url=f"{root}{app.openapi_url}",
        title=escape(app.title),
        redoc_js_url=f"{root}{ASSETS}/redoc.standalone.js",
        with_google_fonts=False,
        redoc_favicon_url=f"{root}{ASSETS}/favicon.png",
    )
    return _allow_own_scripts(request, page)


def _allow_own_scripts(request: Request, page: HTMLResponse) -> HTMLResponse:
    """Allow the inline scripts of a page by their hashes (CSP Level 3, script-src)."""
    digests = (b64encode(sha256(script).digest()).decode() for script in INLINE_SCRIPT.findall(bytes(page.body)))
    set_content_policy(request, " ".join([POLICY, *(f"'sha256-{digest}'" for digest in digests)]))
    return page
