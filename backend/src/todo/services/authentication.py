"""Who is asking: the token of a request, and what it may do."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from todo.core.errors import AuthenticationError, ForbiddenError
from todo.core.security.tokens import BadTokenError, Claims, TokenKind, TokenSigner
from todo.domain.scope import Scope


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


class SessionRequiredError(ForbiddenError):
    """A personal access token cannot do that. Log in and try again"""

    code = "SESSION_REQUIRED"


@dataclass(frozen=True)
class Caller:
    """The user that a request acts for.

    Attributes:
        id: the user's.
        session_id: the session that the access token belongs to, None for a personal access token.
        scopes: what a personal access token may do; None for a person, who may do everything.
    """

    id: UUID
    session_id: UUID | None = None
    scopes: frozenset[Scope] | None = None

    def require_scope(self, scope: str) -> None:
        """Refuse a personal access token that was not given this scope; one that nobody knows is never given.

        Raises:
            InsufficientScopeError: it was not.
        """
        if self.scopes is not None and scope not in self.scopes:
            raise InsufficientScopeError


def read_access_token(signer: TokenSigner, token: str, now: datetime) -> Caller:
    """Return whom an access token is for, without asking the database.

    Raises:
        InvalidTokenError: it is malformed or not signed by us (TOK-003).
        InvalidTokenTypeError: it is a refresh token (TOK-005).
        TokenExpiredError: its 15 minutes are over (TOK-002).
    """
    claims = read_claims(signer, token, TokenKind.ACCESS)
    if claims.exp <= now.timestamp():
        raise TokenExpiredError
    return Caller(claims.sub, claims.sid)


def read_claims(signer: TokenSigner, token: str, kind: TokenKind) -> Claims:
    """Return what a token of this kind says; it may have expired.

    Raises:
        InvalidTokenError: it is malformed or not signed by us.
        InvalidTokenTypeError: it is of the other kind.
    """
    try:
        claims = signer.verify(token)
    except BadTokenError as error:
        raise InvalidTokenError from error
    if claims.type is not kind:
        raise InvalidTokenTypeError
    return claims
