"""The text of a quick add, and its language."""

from typing import Annotated, Literal

from pydantic import Strict

from todo.core.errors import InvalidValueError
from todo.domain.rules import ChoiceRule, TextRule
from todo.domain.text import RawText

QUICK_TEXT_MAX = 1000


class InvalidQuickTextError(InvalidValueError):
    """Text is required and must be 1-1000 characters"""

    code = "INVALID_QUICK_TEXT"
    field = "text"


class InvalidLanguageError(InvalidValueError):
    """Language must be one of: en, de"""

    code = "INVALID_LANGUAGE"
    field = "language"


QuickText = Annotated[RawText, TextRule(1, QUICK_TEXT_MAX, InvalidQuickTextError, trim=False)]
"""Text as the client sent it, so that places in it are those of the client."""
QuickLanguage = Annotated[Literal["en", "de"], ChoiceRule("QuickLanguage", InvalidLanguageError)]
DryRun = Annotated[bool, Strict()]
