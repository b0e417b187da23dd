"""The pages that show the OpenAPI document, from files of our own: a machine without internet has them too."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.responses import FileResponse, HTMLResponse

from todo.http.request_state import READ_METHODS, request_state

ASSETS = "/docs/assets"
REDIRECT = "/docs/oauth2-redirect"
REFERENCES = "/docs/swagger_references.js"
SWAGGER_OPTIONS = {"persistAuthorization": True, "tryItOutEnabled": True}
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; "
    "img-src 'self' data:; style-src 'self' 'unsafe-inline'; worker-src blob:; script-src 'self'"
)
"""Nothing comes from, or goes to, anywhere else. Pages style themselves; scripts are ours or known by their hash."""
INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)

router = APIRouter(include_in_schema=False)


@router.api_route("/docs", methods=[*READ_METHODS])
async def show_swagger(request: Request) -> HTMLResponse:
    """Show the page on which every call can be tried."""
    app: FastAPI = request.app
    root = request.scope.get("root_path", "")
    page = get_swagger_ui_html(
        openapi_url=f"{root}{app.openapi_url}",
        title=app.title,
        oauth2_redirect_url=f"{root}{REDIRECT}",
        swagger_js_url=f"{root}{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{root}{ASSETS}/favicon.png",
        swagger_ui_parameters=SWAGGER_OPTIONS,
    )
    plugin = f'<script src="{root}{REFERENCES}"></script>'.encode()
    return _guard(request, HTMLResponse(bytes(page.body).replace(b"<script>", plugin + b"<script>", 1)))


@router.api_route(REFERENCES, methods=[*READ_METHODS])
async def send_plugin() -> FileResponse:
    """Serve what makes the page above open an operation in a third of the time."""
    return FileResponse(Path(__file__).with_name("swagger_references.js"), media_type="text/javascript")


@router.api_route(REDIRECT, methods=[*READ_METHODS])
async def redirect_swagger(request: Request) -> HTMLResponse:
    """Serve what the page above comes back to after a log-in elsewhere."""
    return _guard(request, get_swagger_ui_oauth2_redirect_html())


@router.api_route("/redoc", methods=[*READ_METHODS])
async def show_redoc(request: Request) -> HTMLResponse:
    """Show the page for reading."""
    app: FastAPI = request.app
    root = request.scope.get("root_path", "")
    page = get_redoc_html(
        openapi_url=f"{root}{app.openapi_url}",
        title=app.title,
        redoc_js_url=f"{root}{ASSETS}/redoc.standalone.js",
        with_google_fonts=False,
        redoc_favicon_url=f"{root}{ASSETS}/favicon.png",
    )
    return _guard(request, page)


def _guard(request: Request, page: HTMLResponse) -> HTMLResponse:
    """Let the page run its own scripts and no others (CSP Level 3, script-src)."""
    digests = (b64encode(sha256(script).digest()).decode() for script in INLINE_SCRIPT.findall(bytes(page.body)))
    policy = " ".join([POLICY, *(f"'sha256-{digest}'" for digest in digests)]).encode()
    headers = request_state(request.scope).response_headers
    headers[:] = [(name, policy if name == b"content-security-policy" else value) for name, value in headers]
    return page
