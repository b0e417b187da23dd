"""The start page, and the pages behind the links in e-mails (ADR 0051)."""

import re
from html import escape
from pathlib import Path
from string import Template

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles

from todo.core.config import Settings
from todo.core.version import service_version
from todo.http.content_policy import set_content_policy
from todo.http.dependencies.principal import API
from todo.http.dependencies.resources import resources_of
from todo.http.request_state import READ_METHODS

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'; "
    "img-src 'self'; script-src 'self'; style-src 'self'"
)
WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)
ROBOTS = "User-agent: *\nDisallow: /\n"
"""Rules for search engines (RFC 9309). A private service has nothing for them."""
ADDRESSES = {"documentation": "/docs", "openapi": "/openapi.json", "api": API, "health": "/health"}
"""The addresses that a client without HTML gets at `/`."""

router = APIRouter(include_in_schema=False)
router.mount("/pages", StaticFiles(directory=STATIC))


@router.api_route("/", methods=[*READ_METHODS])
async def show_home(request: Request) -> Response:
    """Return the start page to browsers, and addresses as JSON to other clients."""
    settings = resources_of(request).settings
    if _prefers_html(request.headers.get("Accept", "")):
        response: Response = _render_page(request, settings, "home", "Start", register=_registration(settings))
    else:
        root = request.scope.get("root_path", "")
        links = {name: root + path for name, path in ADDRESSES.items()}
        response = JSONResponse({"name": settings.app_name} | links)
    response.headers["Vary"] = "Accept"
    return response


@router.api_route("/reset-password", methods=[*READ_METHODS])
async def show_reset_page(request: Request) -> Response:
    """Return the page that requests a link, or sets a new password with the token of a link.

    Without a mail server the page says so.
    """
    settings = resources_of(request).settings
    name = "no-mail" if settings.smtp_url is None else "reset-password"
    return _render_page(request, settings, name, "Reset your password")


@router.api_route("/confirm-email", methods=[*READ_METHODS])
async def show_confirmation_page(request: Request) -> Response:
    """Return the page that confirms a new e-mail address with the token of a link."""
    return _render_page(request, resources_of(request).settings, "confirm-email", "Confirm your address")


@router.api_route("/favicon.ico", methods=[*READ_METHODS])
async def send_icon() -> FileResponse:
    """Return the icon to browsers that do not read the link of a page."""
    return FileResponse(STATIC / "icon.svg")


@router.api_route("/robots.txt", methods=[*READ_METHODS])
async def send_robots() -> PlainTextResponse:
    """Return the rules for search engines."""
    return PlainTextResponse(ROBOTS)


def _render_page(request: Request, settings: Settings, name: str, title: str, **parts: str) -> HTMLResponse:
    """Return a page. `parts` is HTML for the template; all other values are escaped."""
    values = {
        "app_name": escape(settings.app_name),
        "title": title,
        "root": escape(request.scope.get("root_path", "")),
        "version": escape(service_version()),
        **parts,
    }
    values["outcome"] = _read_template("outcome").substitute(values)
    content = _read_template(name).substitute(values)
    set_content_policy(request, POLICY)
    return HTMLResponse(_read_template("layout").substitute(values, content=content))


def _registration(settings: Settings) -> str:
    """Return the form to register, or nothing if registration is closed."""
    if settings.registration == "closed":
        return ""
    is_by_invitation = settings.registration == "invited"
    invitation = _read_template("invitation").substitute() if is_by_invitation else ""
    return _read_template("register").substitute(invitation=invitation)


def _read_template(name: str) -> Template:
    return Template((FOLDER / "templates" / f"{name}.html").read_text())


def _prefers_html(accept: str) -> bool:
    """Tell whether an `Accept` header names HTML, and JSON not with a higher weight (RFC 9110, section 12.5.1)."""
    weights = {}
    for entry in accept.lower().split(","):
        media_type, _, parameters = entry.partition(";")
        weight = parameters.replace(" ", "").partition("q=")[2].partition(";")[0]
        weights[media_type.strip()] = _read_weight(weight)
    html = weights.get("text/html", 0)
    return html > 0 and html >= weights.get("application/json", 0)


def _read_weight(text: str) -> float:
    """Return a weight from 0 to 1; 1 without one, and 0 for one that is malformed."""
    return float(text or 1) if not text or WEIGHT.fullmatch(text) else 0
