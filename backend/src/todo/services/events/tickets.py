"""Tickets: signed text that opens an event stream, for clients that cannot send headers."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic_core import to_json

from todo.core.security.tokens import TokenSigner
from todo.services.authentication import Principal
from todo.services.events.errors import InvalidTicketError

TICKET_LIFETIME = timedelta(seconds=30)
STREAM_LIFETIME = timedelta(minutes=15)
"""How long a stream that was opened with a ticket stays open."""
TICKET_MAX = 1000
SHAPE = re.compile(r"[A-Za-z0-9_-]+")
DIGEST_BYTES = 32
PURPOSE = b"event ticket\n"
"""Begins the content of the digest, so that a digest of other content is no ticket."""


class Ticket(NamedTuple):
    """The content of a ticket."""

    expires_at: AwareDatetime
    user_id: UUID
    login_session_id: UUID | None
    access_token_id: int | None
    scopes: list[str] | None
    principal_expires_at: AwareDatetime | None


TICKET = TypeAdapter(Ticket)


def write_ticket(signer: TokenSigner, principal: Principal, now: datetime) -> str:
    """Return a ticket of the principal that expires after TICKET_LIFETIME."""
    scopes = None if principal.scopes is None else sorted(principal.scopes)
    token_expires_at = None if principal.access_token_id is None else principal.expires_at
    content = to_json(
        Ticket(
            now + TICKET_LIFETIME,
            principal.id,
            principal.login_session_id,
            principal.access_token_id,
            scopes,
            token_expires_at,
        )
    )
    return urlsafe_b64encode(signer.digests(PURPOSE + content)[0] + content).rstrip(b"=").decode()


def read_ticket(signer: TokenSigner, text: str, now: datetime) -> Principal:
    """Return the principal of a ticket; it expires when the stream must end.

    Raises:
        InvalidTicketError: `write_ticket` did not write the text, or the ticket has expired.
    """
    if len(text) > TICKET_MAX or not SHAPE.fullmatch(text) or len(text) % 4 == 1:
        raise InvalidTicketError
    decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    digest, content = decoded[:DIGEST_BYTES], decoded[DIGEST_BYTES:]
    if not any(hmac.compare_digest(digest, own) for own in signer.digests(PURPOSE + content)):
        raise InvalidTicketError
    try:
        ticket = TICKET.validate_json(content)
    except ValidationError as error:
        raise InvalidTicketError from error
    if ticket.expires_at <= now:
        raise InvalidTicketError
    expires_at = min(now + STREAM_LIFETIME, ticket.principal_expires_at or datetime.max.replace(tzinfo=now.tzinfo))
    scopes = None if ticket.scopes is None else frozenset(ticket.scopes)
    principal = Principal(ticket.user_id, ticket.login_session_id, ticket.access_token_id, scopes)
    return principal._replace(expires_at=expires_at)
