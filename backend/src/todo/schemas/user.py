"""Users in requests and responses."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, ConfigDict, Field
from typing_extensions import TypedDict

from todo.domain.account import Email, Name, Password, WeekStart
from todo.domain.dates.time_zones import TimeZone
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
    time_zone: Annotated[
        str, Field(description="The IANA time zone in which lists read days.", examples=["Europe/Berlin"])
    ]
    week_start: Annotated[WeekStart, Field(description="The first day of a week.")]
    totp_enabled: Annotated[bool, Field(description="Whether the log-in requires a second factor.", examples=[False])]
    pending_email: Annotated[
        str | None,
        Field(description="A new address that waits for confirmation by mail, or null.", examples=[None]),
    ]


class UserSummary(UserPublic):
    """A user as the operator sees it. The numbers are those of live login sessions and existing tokens."""

    disabled_at: datetime | None
    login_sessions: int
    last_used_at: datetime | None


class AccountUpdate(RequestModel, ignores=UserPublic.__annotations__):
    """The new values of an account. A new `email` also requires the current `password`.

    If the service sends mail, the new address is in `pending_email` until the link in a mail to it is opened. The
    present address as `email` cancels the change.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Ada Lovelace", "time_zone": "Europe/London"}]})

    name: Name | MISSING | None = MISSING
    time_zone: TimeZone | MISSING = MISSING
    week_start: WeekStart | MISSING = MISSING
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
