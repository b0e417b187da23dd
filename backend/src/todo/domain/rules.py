"""Rules on values: annotations that validate, describe themselves in OpenAPI, and name the errors they raise.

A value of a wrong type is left to pydantic (422). A value of the right type that breaks a rule raises an
`InvalidValueError` (400).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from todo.core.errors import InvalidValueError
from todo.domain.text import check_storable

COMPONENT = "x-component"
"""The keyword of a schema that is a component of the OpenAPI document: its name there.

A schema with this keyword alone refers to the component.
"""


class Raises:
    """Annotation that names the errors of the validator beside it."""

    def __init__(self, *errors: type[InvalidValueError]) -> None:
        self.errors = errors


@dataclass(frozen=True)
class TextRule:
    """Annotation of `Text`: trims it if asked, and limits its length in characters.

    Attributes:
        minimum: the shortest text; 0 for no limit.
        maximum: the longest text.
        error: raised for a text that is too short or too long.
        trim: whether spaces around the text are removed before it is measured.
    """

    minimum: int
    maximum: int
    error: type[InvalidValueError]
    trim: bool = True

    @property
    def errors(self) -> tuple[type[InvalidValueError], ...]:
        """The errors that this rule raises."""
        return (self.error,)

    def check(self, value: str) -> str:
        """Return the text as it is stored.

        Raises:
            InvalidValueError: `error`, if the length is out of range.
        """
        text = value.strip() if self.trim else value
        if not self.minimum <= len(text) <= self.maximum:
            raise self.error
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        shortest: JsonSchemaValue = {"minLength": self.minimum} if self.minimum else {}
        visible: JsonSchemaValue = {"pattern": r"\S"} if self.minimum and self.trim else {}
        return {"type": "string", **shortest, "maxLength": self.maximum, **visible}


@dataclass(frozen=True)
class ChoiceRule:
    """Annotation of a `Literal` of strings: any other string raises `error`.

    Attributes:
        name: the name of the type in the OpenAPI document.
        error: raised for any other string.
    """

    name: str
    error: type[InvalidValueError]

    @property
    def errors(self) -> tuple[type[InvalidValueError], ...]:
        """The errors that this rule raises."""
        return (self.error,)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = frozenset(get_args(source))

        def check(value: object) -> object:
            if isinstance(value, str) and check_storable(value) not in choices:
                raise self.error
            return value

        return core_schema.no_info_before_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), COMPONENT: self.name}


def string_schema(**keywords: object) -> WithJsonSchema:
    """Describe a string in OpenAPI; the validator beside it enforces the rule."""
    return WithJsonSchema({"type": "string", **keywords})


def errors_of(annotation: Any) -> Iterator[type[InvalidValueError]]:
    """Yield the errors that validating a type can raise: the errors of its rules, then of the types inside it.

    Args:
        annotation: a type, an `Annotated`, a union, a generic, or a pydantic model, whose fields are walked.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for field in annotation.model_fields.values():
            for rule in field.metadata:
                yield from getattr(rule, "errors", ())
            yield from errors_of(field.annotation)
        return
    for rule in getattr(annotation, "__metadata__", ()):
        yield from getattr(rule, "errors", ())
    for inner in get_args(annotation):
        if not isinstance(inner, str):
            yield from errors_of(inner)
