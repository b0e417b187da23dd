"""JSON Web Tokens: signed and verified with one secret (RFC 7519)."""

import base64
import hmac
import re
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import sha256
from uuid import UUID

from jose import JWTError, jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

ALGORITHM = "HS256"
ACCESS_LIFETIME = timedelta(seconds=900)
REFRESH_LIFETIME = timedelta(seconds=604_800)
VERIFIED_TOKENS_MAX = 10_000
TOKEN_MAX_BYTES = 2000
"""The longest token. The token of the longest possible e-mail address is shorter than 1,500 bytes."""
TOKEN_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.([A-Za-z0-9_-]{43})")
"""Header, claims and signature in base64url without padding. A signature of HS256 has 32 bytes."""
LAST_SECOND = 253_402_300_799
"""The end of the year 9999, the greatest `exp`."""
UNCHECKED_BY_JOSE = {"verify_exp": False, "verify_iat": False, "verify_aud": False, "verify_nbf": False}
"""`Claims` checks the claims, and services compare times with the service's clock."""


class TokenKind(StrEnum):
    """The purpose of a token."""

    ACCESS = "access"
    REFRESH = "refresh"


LIFETIMES = {TokenKind.ACCESS: ACCESS_LIFETIME, TokenKind.REFRESH: REFRESH_LIFETIME}


class BadTokenError(Exception):
    """The token is malformed, has a wrong signature, or lacks a claim."""


class Claims(BaseModel):
    """The claims of a verified token (TOK-006). The token may have expired: services compare `exp` with the clock.

    Attributes:
        sub: the id of the user.
        email: the user's e-mail address when the token was signed.
        iat: issued at, in seconds since 1970.
        exp: expires at, in seconds since 1970.
        type: access or refresh.
        sid: the id of the login session.
        jti: the id of the token.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    sub: UUID = Field(strict=False)
    email: str
    iat: int
    exp: int = Field(le=LAST_SECOND)
    type: TokenKind = Field(strict=False)
    sid: UUID | None = Field(default=None, strict=False)
    jti: str | None = None

    @cached_property
    def expires_at(self) -> datetime:
        """The instant of `exp`, or the beginning of 1970 for a number before it."""
        return datetime.fromtimestamp(max(self.exp, 0), UTC)


class TokenSigner:
    """Signs tokens with a secret, and verifies them with it or with the previous one; the algorithm is HS256 alone.

    Args:
        secret: the key, at least 64 hexadecimal characters.
        previous: the key before; tokens signed with it stay valid until they expire (SES-012).
    """

    def __init__(self, secret: str, previous: str | None = None) -> None:
        self._secrets = (secret,) if previous is None else (secret, previous)
        # Verifying costs 100 µs, and a client sends one access token hundreds of times. The cache holds verified tokens
        # alone, each in its one spelling. Services compare the expiry on every request.
        self.verify = lru_cache(VERIFIED_TOKENS_MAX)(self._verify)

    def sign(
        self,
        kind: TokenKind,
        user_id: UUID,
        email: str,
        issued_at: datetime,
        *,
        login_session_id: UUID | None = None,
        token_id: str | None = None,
    ) -> str:
        """Return a token that expires one lifetime of its kind after `issued_at`.

        The same arguments give the same token, provided that `token_id` is among them.
        """
        issued = int(issued_at.timestamp())
        expires = issued + int(LIFETIMES[kind].total_seconds())
        claims = {"sub": str(user_id), "email": email, "iat": issued, "exp": expires, "type": kind.value}
        if login_session_id is not None:
            claims |= {"sid": str(login_session_id), "jti": token_id or new_token_id()}
        return jwt.encode(claims, self._secrets[0], algorithm=ALGORITHM)

    def successors(self, token_id: str) -> list[str]:
        """Return the id of the token after a refresh token, derived with the secret and with the previous secret.

        The id is derived, so two requests with one refresh token get the same successor, although the database stores
        hashes alone.
        """
        return [digest.hex() for digest in self.digests(token_id.encode())]

    def digests(self, content: bytes) -> list[bytes]:
        """Return the keyed digests of a content: with the secret, then with the previous secret."""
        return [hmac.digest(secret.encode(), content, "sha256") for secret in self._secrets]

    def _verify(self, token: str) -> Claims:
        """Return the claims of a token with a valid signature; the token may have expired (AUT-001).

        Raises:
            BadTokenError: the token is malformed, has a wrong signature, or a claim is missing or has a wrong type.
        """
        if not _has_token_shape(token):
            raise BadTokenError
        problem: Exception | None = None
        for secret in self._secrets:
            try:
                claims = jwt.decode(token, secret, algorithms=[ALGORITHM], options=UNCHECKED_BY_JOSE)
                return Claims.model_validate(claims)
            except (JWTError, ValidationError, RecursionError) as error:
                problem = error
        raise BadTokenError from problem


def _has_token_shape(token: str) -> bool:
    """Tell whether a text can be a token. Base64 has several spellings of one signature, of which one is accepted."""
    if len(token) > TOKEN_MAX_BYTES or not (match := TOKEN_SHAPE.fullmatch(token)):
        return False
    signature = match[1]
    return base64.urlsafe_b64encode(base64.urlsafe_b64decode(f"{signature}=")) == f"{signature}=".encode()


def new_token_id() -> str:
    """Return a random id of 128 bits."""
    return secrets.token_hex(16)


def hash_token(token: str) -> bytes:
    """Return the hash under which a random token is stored; its entropy makes a slow hash needless."""
    return sha256(token.encode()).digest()
