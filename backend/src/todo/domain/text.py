"""Text that PostgreSQL can store."""

from typing import Annotated

from pydantic import AfterValidator, Strict


def check_storable(value: str) -> str:
    """Return the text.

    Raises:
        ValueError: it has a NUL character or a lone surrogate, which UTF-8 text in PostgreSQL cannot hold.
    """
    if "\0" in value:
        raise ValueError("Text must not contain a NUL character")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("Text must be valid Unicode")
    return value


Text = Annotated[str, Strict(), AfterValidator(check_storable)]
