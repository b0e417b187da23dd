"""Personal access tokens: for scripts, so that none needs a password."""

from fastapi import status

from todo.core.clock import utc_now
from todo.core.errors import MalformedRequestError, PayloadTooLargeError, UnsupportedMediaTypeError
from todo.domain.access_token import InvalidExpiryError, InvalidTokenNameError
from todo.domain.identifiers import RowId
from todo.domain.scope import InvalidScopeError
from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies import LIVE_ERRORS, SESSION_ERRORS, LiveUser, Session, SessionUser
from todo.http.errors import errors
from todo.http.resource_route import make_router
from todo.schemas.access_token import AccessTokenCreate, AccessTokenCreated, AccessTokenPublic
from todo.services.access_tokens import service as access_token_service
from todo.services.access_tokens.service import AccessTokenExistsError, AccessTokenNotFoundError

router = make_router("/auth/tokens", "tokens")


@router.get("", responses=errors(*LIVE_ERRORS))
async def list_tokens(session: Session, user: LiveUser) -> list[AccessTokenPublic]:
    """Return your personal access tokens and when each was last used; never the tokens themselves."""
    return await access_token_service.list_access_tokens(session, user.id)


async def create_token(token: AccessTokenCreate, session: Session, user: SessionUser) -> AccessTokenCreated:
    """Make a personal access token. It is shown this once: only a hash of it is kept."""
    return await access_token_service.create_access_token(session, user.id, token, utc_now())


router.add_api_route(
    "",
    create_token,
    methods=["POST"],
    status_code=status.HTTP_201_CREATED,
    responses=errors(
        *SESSION_ERRORS,
        InvalidTokenNameError,
        InvalidScopeError,
        InvalidExpiryError,
        AccessTokenExistsError,
        PayloadTooLargeError,
        UnsupportedMediaTypeError,
        MalformedRequestError,
    ),
    # A plain route: to repeat its answer the token would have to be kept. Its name keeps a retry from making a second.
    route_class_override=DeclaredRoute,
)


@router.delete(
    "/{token_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(*SESSION_ERRORS, AccessTokenNotFoundError, MalformedRequestError),
)
async def delete_token(token_id: RowId, session: Session, user: SessionUser) -> None:
    """Delete a personal access token; it stops working at once."""
    await access_token_service.delete_access_token(session, user.id, token_id)
