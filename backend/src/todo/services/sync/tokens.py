"""Sync tokens: a position in the change log of a user, as opaque text with a keyed digest (ADR 0058)."""

import hmac
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple
from uuid import UUID

from todo.core.security.tokens import TokenSigner
from todo.domain.changes import SYNC_TOKEN_MAX, InvalidSyncTokenError

HEAD = struct.Struct(">16sqq")
"""The epoch, the number, and the id of the position."""
DIGEST_BYTES = 16
SHAPE = re.compile(r"[A-Za-z0-9_-]+")
PURPOSE = b"sync token\n"
"""Begins the content of the digest, so that a digest of other content is no token."""


class SyncToken(NamedTuple):
    """The content of a token.

    Attributes:
        epoch: the epoch of the database.
        seq: the number of the last change that the client has; in a full sync, of the last change before it began.
        type: in a full sync, the type of the last resource that the client has; empty after the last page.
        after_id: in a full sync, the id of that resource.
    """

    epoch: UUID
    seq: int
    type: str = ""
    after_id: int = 0


def write_token(signer: TokenSigner, user_id: UUID, token: SyncToken) -> str:
    """Return the text of a token, which only this user can use."""
    content = HEAD.pack(token.epoch.bytes, token.seq, token.after_id) + token.type.encode()
    digest = signer.digests(_signed(user_id, content))[0][:DIGEST_BYTES]
    return urlsafe_b64encode(digest + content).rstrip(b"=").decode()


def read_token(signer: TokenSigner, user_id: UUID, text: str) -> SyncToken:
    """Return the content of a token.

    Raises:
        InvalidSyncTokenError: `write_token` did not write the text, or wrote it for another user.
    """
    decoded = _decode(text)
    digest, content = decoded[:DIGEST_BYTES], decoded[DIGEST_BYTES:]
    expected = [full[:DIGEST_BYTES] for full in signer.digests(_signed(user_id, content))]
    if not any(hmac.compare_digest(digest, own) for own in expected):
        raise InvalidSyncTokenError
    epoch, seq, after_id = HEAD.unpack_from(content)
    return SyncToken(UUID(bytes=epoch), seq, content[HEAD.size :].decode(), after_id)


def _signed(user_id: UUID, content: bytes) -> bytes:
    return PURPOSE + user_id.bytes + content


def _decode(text: str) -> bytes:
    """Return the bytes of a text in base64url without padding, of which each has one spelling."""
    if len(text) > SYNC_TOKEN_MAX or not SHAPE.fullmatch(text) or len(text) % 4 == 1:
        raise InvalidSyncTokenError
    decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if urlsafe_b64encode(decoded).rstrip(b"=").decode() != text:
        raise InvalidSyncTokenError
    return decoded
