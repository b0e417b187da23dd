"""Password resets and confirmations of addresses in requests."""

from typing import Annotated

from pydantic import ConfigDict, Field

from todo.domain.account import Email, Password
from todo.domain.text import RawText
from todo.schemas.request import RequestModel

EXAMPLE = "Cx9vDm8vSlecPi2bbwx6EdV4fTgE0Zq0oZcU5H8nq1pT2v8mJkQeR7YwLx3sB6aN"

MailedToken = Annotated[RawText, Field(description="The token behind `#token=` in the link of the mail.")]


class PasswordResetRequest(RequestModel):
    """The e-mail address of an account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ada@example.com"}]})

    email: Email


class PasswordResetConfirm(RequestModel):
    """The token of a mail, and the new password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": EXAMPLE, "new_password": "staple and a longer one"}]}
    )

    token: MailedToken
    new_password: Password


class EmailChangeConfirm(RequestModel):
    """The token of a mail to a new address."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": EXAMPLE}]})

    token: MailedToken
