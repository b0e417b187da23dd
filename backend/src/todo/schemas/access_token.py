"""Personal access tokens in requests and responses."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from todo.core.clock import attach_utc
from todo.domain.access_token import Expiry, TokenName
from todo.domain.scope import Scope, Scopes
from todo.schemas.request import RequestModel


class AccessTokenCreate(RequestModel):
    """A personal access token to create: its name, its scopes and its end."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "backup", "scopes": ["tasks:read"], "expires_at": "2099-01-01T00:00:00Z"}]
        }
    )

    name: TokenName
    scopes: Scopes
    expires_at: Expiry | None = Field(default=None, description="Null if the token does not expire.")


class AccessTokenPublic(BaseModel):
    """A personal access token, without the secret value."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["backup"])
    scopes: list[Scope] = Field(examples=[["tasks:read"]])
    created_at: datetime
    expires_at: Annotated[datetime, AfterValidator(attach_utc)] | None
    last_used_at: datetime | None = Field(description="The last use, to the minute; null if the token was never used.")


class AccessTokenCreated(AccessTokenPublic):
    """A new personal access token. Only this response contains the secret value `token`."""

    token: str = Field(examples=["todo_pat_Zm9vYmFyYmF6cXV4"])
