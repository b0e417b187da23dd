"""The second factor of the user's own account."""

from fastapi import status

from todo.core.clock import utc_now
from todo.core.errors import RateLimitExceededError
from todo.http.dependencies.client import Client
from todo.http.dependencies.principal import LoggedInUser
from todo.http.dependencies.resources import Resources, Security, Session
from todo.http.dependencies.writer import CurrentWriter
from todo.http.openapi import errors
from todo.http.resource_route import WriteRoute, make_router
from todo.schemas.totp import RecoveryCodesPublic, TotpCode, TotpConfirmation, TotpSetupPublic, TotpStart
from todo.services.accounts import two_factors
from todo.services.accounts.errors import WrongPasswordError
from todo.services.totp import service as totp_service
from todo.services.totp.errors import (
    TotpAlreadyEnabledError,
    TotpNotEnabledError,
    TotpNotStartedError,
    WrongTotpCodeError,
)

# Not idempotent by key: a stored response would contain the secret or the recovery codes.
router = make_router("/auth/totp", "totp", route_class=WriteRoute)
CONFIRMED = errors(WrongPasswordError, WrongTotpCodeError, TotpNotEnabledError, RateLimitExceededError)


@router.post("", responses=errors(WrongPasswordError, TotpAlreadyEnabledError, RateLimitExceededError))
async def start_totp(
    start: TotpStart, session: Session, resources: Resources, client: Client, user: LoggedInUser
) -> TotpSetupPublic:
    """Get a secret for an authenticator app. It is pending until you confirm it, and replaces a pending one."""
    return await two_factors.start_totp(
        session, resources.security, user, start.password, client, utc_now(), issuer=resources.settings.app_name
    )


@router.post(
    "/confirm",
    responses=errors(WrongTotpCodeError, TotpAlreadyEnabledError, TotpNotStartedError, RateLimitExceededError),
)
async def confirm_totp(
    confirmation: TotpCode, writer: CurrentWriter, security: Security, _user: LoggedInUser
) -> RecoveryCodesPublic:
    """Enable the second factor with a code of the app. Returns ten recovery codes. Your login sessions stay."""
    return await totp_service.confirm_totp(writer, security.sealer, security.rate_limits, confirmation.code, utc_now())


@router.post("/recovery-codes", responses=CONFIRMED)
async def replace_codes(
    confirmation: TotpConfirmation, session: Session, security: Security, client: Client, user: LoggedInUser
) -> RecoveryCodesPublic:
    """Get ten new recovery codes. The old ones stop working."""
    return await two_factors.replace_recovery_codes(session, security, user, confirmation, client, utc_now())


@router.delete("", status_code=status.HTTP_204_NO_CONTENT, responses=CONFIRMED)
async def delete_totp(
    confirmation: TotpConfirmation, writer: CurrentWriter, security: Security, client: Client, user: LoggedInUser
) -> None:
    """Delete the second factor and its recovery codes. The log-in then requires the password alone."""
    await two_factors.delete_totp(writer, security, user, confirmation, client, utc_now())
