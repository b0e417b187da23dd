"""The base of all request schemas: unknown fields are rejected."""

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

FIELDS_MAX = 100
"""Unknown fields that a response names. pydantic needs a second to describe those of a body of 1 MiB."""


class RequestModel(BaseModel):
    """A body or a query. A field that it does not have is 422 `UNKNOWN_FIELD` (REQ-011).

    Attributes:
        ignored: further fields that requests may have. Their values are neither validated nor kept.
    """

    model_config = ConfigDict(extra="forbid")

    ignored: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, *, ignores: Iterable[str] = (), **options: Any) -> None:
        """Set the ignored fields of a subclass.

        Args:
            ignores: names of fields, such as those of the resource that an update returns. Names of fields that the
                model has are no problem.
            options: as for every pydantic model.
        """
        super().__init_subclass__(**options)
        cls.ignored = cls.ignored.union(ignores)

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Read the fields that the model has."""
        super().__pydantic_init_subclass__(**options)
        cls.ignored = cls.ignored.difference(cls.model_fields)

    @model_validator(mode="before")
    @classmethod
    def _remove_fields(cls, value: object) -> object:
        """Remove ignored fields and surplus unknown fields."""
        if not isinstance(value, dict) or (len(value) <= FIELDS_MAX and cls.ignored.isdisjoint(value)):
            return value
        unknown = [name for name in value if name not in cls.model_fields and name not in cls.ignored]
        surplus = cls.ignored.union(unknown[FIELDS_MAX:])
        return {name: content for name, content in value.items() if name not in surplus}
