"""Scopes: the permissions of a personal access token."""

from typing import Annotated

from pydantic import BeforeValidator, FailFast, Field

from todo.core.errors import InvalidValueError
from todo.domain.rules import COMPONENT, Raises, string_schema

SCOPED_RESOURCES = ("tasks", "tags", "projects")
"""First path segments below `/api/v1`; each has a scope to read and a scope to write."""
SCOPE_OF_PATH = {"filters": "tasks", "sections": "projects"}
"""By first path segment below `/api/v1`, the resource whose scopes it needs, if that is another one."""
SHARED_RESOURCES = frozenset({"changes", "events", "sync", "trash"})
"""First path segments whose items have several types. Their services check the scope of each type."""
ACCOUNT_SCOPE = "account"
ACCOUNT_RESOURCES = frozenset({"auth", "import"})
"""First path segments below `/api/v1` that need the scope `account`."""
SCOPES = (*(f"{resource}:{right}" for resource in SCOPED_RESOURCES for right in ("read", "write")), ACCOUNT_SCOPE)


class InvalidScopeError(InvalidValueError):
    """Scopes must be one or more of: SCOPES."""

    code = "INVALID_SCOPE"
    field = "scopes"

    @classmethod
    def detail(cls) -> str:
        """Return the sentence for a person, with all scopes."""
        return f"Scopes must be one or more of: {', '.join(SCOPES)}"


def _check_scopes(value: object) -> object:
    if isinstance(value, list) and all(isinstance(scope, str) for scope in value) and not {*value} <= {*SCOPES}:
        raise InvalidScopeError
    if value == []:
        raise InvalidScopeError
    return value


Scope = Annotated[str, string_schema(enum=[*SCOPES], **{COMPONENT: "Scope"})]
Scopes = Annotated[
    list[Scope], Field(min_length=1), FailFast(), BeforeValidator(_check_scopes), Raises(InvalidScopeError)
]
