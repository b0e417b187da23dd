"""The origin of a request that a web page makes (Fetch standard; RFC 6454)."""

from fastapi import Request

from todo.core.errors import ForeignOriginError
from todo.http.dependencies.resources import resources_of
from todo.http.openapi import raises

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@raises(ForeignOriginError)
async def check_origin(request: Request) -> None:
    """Reject a request that a page of a foreign origin makes (AUT-015).

    A form needs no preflight, so a foreign page could log its visitor in to an account of the page's owner. A page can
    set neither `Origin` nor `Sec-Fetch-Site`. Requests without `Origin` are not made by pages.
    """
    origins = set(request.headers.getlist("origin"))
    if not origins or request.headers.getlist("sec-fetch-site") == ["same-origin"]:
        return
    allowed = {*resources_of(request).settings.cors_origins, _own_origin(request)}
    if "*" not in allowed and not origins <= allowed:
        raise ForeignOriginError


def _own_origin(request: Request) -> str:
    """Return the scheme and host that the request was sent to, as browsers write an origin."""
    scheme = request.url.scheme
    host = request.headers.get("host", "").lower().removesuffix(DEFAULT_PORTS.get(scheme, ""))
    return f"{scheme}://{host}"
