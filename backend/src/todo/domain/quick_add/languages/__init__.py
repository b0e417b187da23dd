"""The words of each language, one module a language."""

from todo.domain.quick_add.languages.english import ENGLISH
from todo.domain.quick_add.languages.german import GERMAN
from todo.domain.quick_add.languages.language import Language

LANGUAGES: dict[str, Language] = {"en": ENGLISH, "de": GERMAN}
"""By code, the words of a language."""
