"""Sync, for clients that keep a copy of the account."""

from typing import Annotated

from fastapi import Query, Response

from todo.http.change_seq import CHANGE_SEQ
from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies.principal import CurrentUser
from todo.http.dependencies.resources import Resources, Session
from todo.http.openapi import Responses, errors
from todo.http.resource_route import make_router
from todo.schemas.changes.resources import SYNCED_EXAMPLE
from todo.schemas.changes.sync import NEXT_EXAMPLE, SyncPage, SyncQuery
from todo.services.sync import service as sync_service
from todo.services.sync.errors import SyncTokenExpiredError
from todo.services.sync.service import WaitLimits

EXAMPLE = {"items": SYNCED_EXAMPLE, "next": NEXT_EXAMPLE, "has_more": False, "full": False}
COPY_SEQ = {
    CHANGE_SEQ: {
        "description": "The number of the last change in a copy after this page, for `Change-Base`.",
        "schema": {"type": "integer"},
    }
}
PAGE: Responses = {200: {"content": {"application/json": {"example": EXAMPLE}}, "headers": COPY_SEQ}}

# Not a ResourceRoute: each page belongs to its token, so it has no ETag.
router = make_router("/sync", "sync", route_class=DeclaredRoute)


@router.get("", responses=PAGE | errors(SyncTokenExpiredError))
async def sync(
    query: Annotated[SyncQuery, Query()],
    response: Response,
    session: Session,
    resources: Resources,
    user: CurrentUser,
) -> SyncPage:
    """Return what changed since your last request, for a copy that also works offline.

    1. Begin without `since`. The pages have `full: true` and together replace your copy.
    2. Send `next` as `since` of the next request, and write its items over your copy. Request pages until `has_more` is
       false. Your copy is then consistent.
    3. Later continue with the last `next`. With `wait` the response comes when something changes.
    4. On 410 `SYNC_TOKEN_EXPIRED` or 400 `INVALID_SYNC_TOKEN` begin again without `since`.

    `data` is the current state, and null if the resource was deleted. A tag's new name changes no task, so read the
    names of tags from the items of type `tag`. A personal access token gets the types that its scopes can read: `task`
    and `filter` with `tasks:read`, `tag` with `tags:read`, `project` and `section` with `projects:read`, `account` with
    `account`.
    """
    limits = WaitLimits(resources.settings.max_streams_per_user, resources.settings.stream_limit)
    page, seq = await sync_service.sync(session, resources.security.signer, resources.change_feed, user, query, limits)
    response.headers[CHANGE_SEQ] = str(seq)
    return page
