"""Errors of second factors."""

from todo.core.errors import AuthenticationError, InvalidValueError


class TotpRequiredError(AuthenticationError):
    """This account has a second factor. Send its code as totp_code"""

    code = "TOTP_REQUIRED"


class InvalidTotpCodeError(AuthenticationError):
    """The code is wrong, or it was used before"""

    code = "INVALID_TOTP_CODE"


class WrongTotpCodeError(InvalidValueError):
    """The code is wrong, or it was used before"""

    code = "WRONG_TOTP_CODE"
    field = "code"


class TotpAlreadyEnabledError(InvalidValueError):
    """This account already has a second factor. Delete it first"""

    code = "TOTP_ALREADY_ENABLED"


class TotpNotStartedError(InvalidValueError):
    """No second factor is pending. Request a secret first"""

    code = "TOTP_NOT_STARTED"


class TotpNotEnabledError(InvalidValueError):
    """This account has no second factor"""

    code = "TOTP_NOT_ENABLED"
