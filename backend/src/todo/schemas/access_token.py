"""Personal access tokens as they travel."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from todo.core.clock import as_utc
from todo.domain.access_token import Expiry, TokenName
from todo.domain.scope import Scope, Scopes
from todo.schemas.request import RequestModel


class AccessTokenCreate(RequestModel):
    """What a script is to be called, what it may do, and until when."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "backup", "scopes": ["tasks:read"], "expires_at": "2099-01-01T00:00:00Z"}]
        }
    )

    name: TokenName
    scopes: Scopes
    expires_at: Expiry | None = Field(default=None, description="Null: until it is deleted.")


class AccessTokenPublic(BaseModel):
    """A personal access token, without the token."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["backup"])
    scopes: list[Scope] = Field(examples=[["tasks:read"]])
    created_at: datetime
    expires_at: Annotated[datetime, AfterValidator(as_utc)] | None
    last_used_at: datetime | None = Field(description="To the minute; null when it was never used.")


class AccessTokenCreated(AccessTokenPublic):
    """A personal access token, with the token: it is shown this once."""

    token: str = Field(examples=["todo_pat_Zm9vYmFyYmF6cXV4"])
