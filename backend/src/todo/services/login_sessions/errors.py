"""Errors of login sessions and refresh tokens."""

from todo.core.errors import AuthenticationError, NotFoundError


class MissingRefreshTokenError(AuthenticationError):
    """Refresh token not found"""

    code = "MISSING_REFRESH_TOKEN"


class RefreshTokenExpiredError(AuthenticationError):
    """Refresh token has expired. Please log in again"""

    code = "REFRESH_TOKEN_EXPIRED"


class RefreshTokenReusedError(AuthenticationError):
    """Refresh token was used before. This session has ended; please log in again"""

    code = "REFRESH_TOKEN_REUSED"


class LoginSessionEndedError(AuthenticationError):
    """This session has ended. Please log in again"""

    code = "SESSION_ENDED"


class LoginSessionNotFoundError(NotFoundError):
    """Session not found"""

    code = "SESSION_NOT_FOUND"
