"""Users in requests and responses."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, ConfigDict, Field
from typing_extensions import TypedDict

from todo.domain.account import Email, Name, Password
from todo.domain.text import RawText
from todo.schemas.request import RequestModel


class UserCreate(RequestModel):
    """A user to register."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"}]
        }
    )

    email: Email
    password: Password
    name: Name | None = None
    invitation: Annotated[
        RawText | None,
        Field(
            description="The code of an invitation. Needed if the operator has set `REGISTRATION=invited`. Otherwise "
            "the service ignores it.",
        ),
    ] = None


class UserPublic(TypedDict):
    """A user, without the password."""

    id: Annotated[UUID, Field(examples=["0b1f6f0e-6f2f-4a57-9c3e-2d9b6f0c7a11"])]
    email: Annotated[str, Field(examples=["ada@example.com"])]
    name: Annotated[str | None, Field(examples=["Ada"])]
    created_at: Annotated[datetime, Field(examples=["2026-11-23T09:30:00Z"])]
    totp_enabled: Annotated[bool, Field(description="Whether the log-in requires a second factor.", examples=[False])]


class UserSummary(UserPublic):
    """A user as the operator sees it. The numbers are those of live login sessions and existing tokens."""

    disabled_at: datetime | None
    login_sessions: int
    last_used_at: datetime | None


class AccountUpdate(RequestModel, ignores=UserPublic.__annotations__):
    """The new values of an account. A new `email` also requires the current `password`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Ada Lovelace"}]})

    name: Name | MISSING | None = MISSING
    email: Email | MISSING = MISSING
    password: RawText | MISSING = MISSING


class PasswordChange(RequestModel):
    """The current password and the new password."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"old_password": "correct horse battery", "new_password": "staple and a longer one"}]
        }
    )

    old_password: RawText
    new_password: Password


class AccountDeletion(RequestModel):
    """The current password, which confirms the deletion of the account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse battery"}]})

    password: RawText
