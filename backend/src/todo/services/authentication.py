"""Principals: the user that a request acts for, read from an access token."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from todo.core.errors import AuthenticationError, ForbiddenError
from todo.core.security.tokens import BadTokenError, Claims, TokenKind, TokenSigner


class MissingTokenError(AuthenticationError):
    """Authentication required"""

    code = "MISSING_TOKEN"


class TokenExpiredError(AuthenticationError):
    """Access token has expired"""

    code = "TOKEN_EXPIRED"


class InvalidTokenError(AuthenticationError):
    """Invalid authentication token"""

    code = "INVALID_TOKEN"


class InvalidTokenTypeError(AuthenticationError):
    """Invalid token type for this operation"""

    code = "INVALID_TOKEN_TYPE"


class InsufficientScopeError(ForbiddenError):
    """This personal access token may not do that"""

    code = "INSUFFICIENT_SCOPE"


class LoginSessionRequiredError(ForbiddenError):
    """A personal access token cannot do that. Log in and try again"""

    code = "SESSION_REQUIRED"


class Principal(NamedTuple):
    """The user that a request acts for.

    Attributes:
        id: the id of the user.
        login_session_id: the login session of the access token, or None for a personal access token.
        access_token_id: the personal access token, or None for a person.
        scopes: the scopes of a personal access token, or None for a person, who has every permission.
        expires_at: when the token expires, or None for a personal access token without an expiry.
    """

    id: UUID
    login_session_id: UUID | None = None
    access_token_id: int | None = None
    scopes: frozenset[str] | None = None
    expires_at: datetime | None = None

    def has_scope(self, scope: str) -> bool:
        """Tell whether the principal is a person, or a personal access token with this scope."""
        return self.scopes is None or scope in self.scopes

    def require_scope(self, scope: str) -> None:
        """Check that the principal has this scope.

        Raises:
            InsufficientScopeError: the principal is a personal access token without it.
        """
        if not self.has_scope(scope):
            raise InsufficientScopeError


def read_access_token(signer: TokenSigner, token: str, now: datetime) -> Principal:
    """Return the principal of an access token, without a query.

    Raises:
        InvalidTokenError: the token is malformed, or its signature is wrong (TOK-003).
        InvalidTokenTypeError: it is a refresh token (TOK-005).
        TokenExpiredError: its 15 minutes are over (TOK-002).
    """
    claims = read_claims(signer, token, TokenKind.ACCESS)
    if claims.expires_at <= now:
        raise TokenExpiredError
    return Principal(claims.sub, claims.sid, expires_at=claims.expires_at)


def read_claims(signer: TokenSigner, token: str, kind: TokenKind) -> Claims:
    """Return the claims of a token of this kind; it may have expired.

    Raises:
        InvalidTokenError: the token is malformed, or its signature is wrong.
        InvalidTokenTypeError: the token is of the other kind.
    """
    try:
        claims = signer.verify(token)
    except BadTokenError as error:
        raise InvalidTokenError from error
    if claims.type is not kind:
        raise InvalidTokenTypeError
    return claims
