"""Sync: pages of what changed since a token, or of everything, for clients that keep a copy (ADR 0058)."""

import time
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from todo.core.clock import utc_now
from todo.core.database.session import Row, Session
from todo.core.security.tokens import TokenSigner
from todo.schemas.changes.resources import Synced
from todo.schemas.changes.sync import SyncPage, SyncQuery
from todo.services.authentication import InvalidTokenError, Principal
from todo.services.resources.access import make_item, read_items, readable_resources
from todo.services.resources.registry import RESOURCES
from todo.services.resources.types import Resource
from todo.services.shared.log.change_feed import ChangeFeed
from todo.services.sync import statements
from todo.services.sync.errors import SyncTokenExpiredError
from todo.services.sync.tokens import SyncToken, read_token, write_token


class WaitLimits(NamedTuple):
    """How many requests and event streams may wait for changes in a process.

    Attributes:
        of_user: those of one user.
        of_all: those of all users.
    """

    of_user: int
    of_all: int


@dataclass(frozen=True)
class SyncRequest:
    """A request for a page.

    Attributes:
        user_id: the user.
        resources: the types that the principal can read.
        token: the position to continue at; None for the first page of a full sync.
        limit: how many changes or resources the page has.
        signer: signs the next token.
    """

    user_id: UUID
    resources: list[Resource]
    token: SyncToken | None
    limit: int
    signer: TokenSigner

    @property
    def is_full(self) -> bool:
        """Whether the page belongs to a full sync."""
        return self.token is None or self.token.type != ""

    def write_next(self, token: SyncToken) -> str:
        """Return the text of the token for the next page."""
        return write_token(self.signer, self.user_id, token)


async def sync(
    session: Session,
    signer: TokenSigner,
    feed: ChangeFeed,
    principal: Principal,
    query: SyncQuery,
    limits: WaitLimits,
) -> tuple[SyncPage, int]:
    """Return a page of the resources that changed since a token, or of all resources (SYN-001 to SYN-015).

    The number is that of the last change that a copy has after this page.

    If nothing has changed, the page is read again after each announced change, until it has an item or `query.wait`
    is over. A waiting request holds no connection. Above the limits a request does not wait (SYN-017).

    Raises:
        InsufficientScopeError: the principal can read no type.
        InvalidSyncTokenError: the token is malformed, or belongs to another user.
        SyncTokenExpiredError: the token has another epoch, or a number that was swept or not assigned yet.
        InvalidTokenError: the user was deleted.
    """
    resources = readable_resources(principal)
    token = None if query.since is None else read_token(signer, principal.id, query.since)
    request = SyncRequest(principal.id, resources, token, query.limit, signer)
    is_full = feed.is_full(principal.id, max_of_user=limits.of_user, max_of_all=limits.of_all)
    if query.wait and not request.is_full and not is_full:
        return await _wait_for_page(session, feed, request, query.wait)
    return await _read_page(session, request)


async def _wait_for_page(
    session: Session, feed: ChangeFeed, request: SyncRequest, seconds: int
) -> tuple[SyncPage, int]:
    """Return the page as soon as it has an item, or an empty page when the time is over or the service stops."""
    ends_at = time.monotonic() + seconds
    with feed.listening(request.user_id) as listener:
        page, seq = await _read_page(session, request)
        while not page["items"] and not page["has_more"] and await listener.wait(ends_at - time.monotonic()):
            page, seq = await _read_page(session, request)
    return page, seq


async def _read_page(session: Session, request: SyncRequest) -> tuple[SyncPage, int]:
    """Return the page. All its statements read one snapshot, so it belongs to one state of the database."""
    async with session.snapshot() as snapshot:
        clock = await snapshot.fetch_one(statements.SELECT_CLOCK, user_id=request.user_id)
        if clock is None:
            raise InvalidTokenError
        if request.token is not None:
            _check_token(request.token, clock)
        if request.is_full:
            return await _read_full_page(snapshot, request, clock)
        return await _read_changed_page(snapshot, request, clock)


def _check_token(token: SyncToken, clock: Row) -> None:
    is_known = token.epoch == clock["epoch"] and clock["swept_seq"] <= token.seq <= clock["seq"]
    if not is_known or token.type not in {"", *(resource.type for resource in RESOURCES)}:
        raise SyncTokenExpiredError


async def _read_full_page(snapshot: Session, request: SyncRequest, clock: Row) -> tuple[SyncPage, int]:
    """Return resources in the order of their types and ids. The token after the last page is that of the start."""
    token = request.token or SyncToken(clock["epoch"], clock["seq"], RESOURCES[0].type)
    types = [resource.type for resource in RESOURCES]
    now = utc_now()
    items: list[Synced] = []
    for resource in request.resources:
        if types.index(resource.type) < types.index(token.type):
            continue
        after_id = token.after_id if resource.type == token.type else 0
        wanted = request.limit - len(items)
        found = await resource.read_after(snapshot, request.user_id, after_id, wanted, now)
        items += [make_item(resource.type, id_, data) for id_, data in found.items()]
        if len(items) == request.limit:
            position = token._replace(type=resource.type, after_id=[*found][-1] or 1)
            page = SyncPage(items=items, next=request.write_next(position), has_more=True, full=True)
            return page, token.seq
    start = SyncToken(token.epoch, token.seq)
    page = SyncPage(items=items, next=request.write_next(start), has_more=clock["seq"] > start.seq, full=True)
    return page, token.seq


async def _read_changed_page(snapshot: Session, request: SyncRequest, clock: Row) -> tuple[SyncPage, int]:
    """Return the changed resources, each once, in the order of their last changes."""
    assert request.token is not None
    changes, has_more = await _read_changes(snapshot, request, request.token.seq)
    last_changes = {(change["type"], change["id"]): change["seq"] for change in changes}
    keys = sorted(last_changes, key=last_changes.__getitem__)
    items = await read_items(snapshot, request.user_id, keys, utc_now())
    token = SyncToken(clock["epoch"], changes[-1]["seq"] if has_more else clock["seq"])
    page = SyncPage(items=items, next=request.write_next(token), has_more=has_more, full=False)
    return page, token.seq


async def _read_changes(snapshot: Session, request: SyncRequest, seq: int) -> tuple[list[Row], bool]:
    """Return the next changes up to the end of a batch, and whether more exist.

    There are at most `request.limit` of them, unless the first batch alone has more.
    """
    types = [resource.type for resource in request.resources]
    changes: list[Row] = []
    while True:
        rows = await snapshot.fetch_all(
            statements.SELECT_CHANGES, user_id=request.user_id, seq=seq, types=types, limit=request.limit + 1
        )
        changes += rows
        ends = [number for number in range(1, len(changes)) if changes[number]["batch"] != changes[number - 1]["batch"]]
        is_last = len(rows) <= request.limit
        if is_last:
            ends.append(len(changes))
        if ends:
            end = max((number for number in ends if number <= request.limit), default=ends[0])
            return changes[:end], end < len(changes) or not is_last
        seq = rows[-1]["seq"]
