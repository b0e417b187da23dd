"""Personal access tokens: credentials for scripts."""

from fastapi import status

from todo.core.clock import utc_now
from todo.domain.identifiers import RowId
from todo.http.declared_route import DeclaredRoute
from todo.http.dependencies.principal import ActiveUser, LoggedInUser
from todo.http.dependencies.resources import Resources, Session
from todo.http.openapi import errors
from todo.http.resource_route import make_router
from todo.schemas.access_token import AccessTokenCreate, AccessTokenCreated, AccessTokenPublic
from todo.services.access_tokens import service as access_token_service
from todo.services.access_tokens.errors import AccessTokenExistsError, AccessTokenNotFoundError, TooManyTokensError

router = make_router("/auth/tokens", "tokens")


@router.get("")
async def list_tokens(session: Session, user: ActiveUser) -> list[AccessTokenPublic]:
    """Return your personal access tokens, with the time of their last use and without the tokens themselves."""
    return await access_token_service.list_access_tokens(session, user.id)


async def create_token(
    token: AccessTokenCreate, session: Session, resources: Resources, user: LoggedInUser
) -> AccessTokenCreated:
    """Create a personal access token. Only this response contains it, because the service stores a hash."""
    max_tokens = resources.settings.max_access_tokens
    return await access_token_service.create_access_token(session, user.id, token, utc_now(), max_tokens=max_tokens)


router.add_api_route(
    "",
    create_token,
    methods=["POST"],
    status_code=status.HTTP_201_CREATED,
    responses=errors(AccessTokenExistsError, TooManyTokensError),
    # Not idempotent by key: a stored response would contain the token. Its unique name prevents a second token.
    route_class_override=DeclaredRoute,
)


@router.delete(
    "/{token_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=errors(AccessTokenNotFoundError),
)
async def delete_token(token_id: RowId, session: Session, user: LoggedInUser) -> None:
    """Delete a personal access token. It stops working at once."""
    await access_token_service.delete_access_token(session, user.id, token_id)
