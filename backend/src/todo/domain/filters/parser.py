"""The parser of filters, by recursive descent (ADR 0065)."""

import re
from datetime import date
from typing import get_args

from todo.core.errors import InvalidValueError
from todo.domain.dates.ranges import Operator, parse_bound
from todo.domain.filters.terms import (
    Branch,
    Comparison,
    Days,
    Expression,
    Filter,
    Leaf,
    Name,
    RelativeDay,
    Term,
    TermKind,
)

FILTER_MAX = 1000
"""Characters of a filter."""
DEPTH_MAX = 20
"""Parentheses and `!` around a term."""
TERMS_MAX = 30
SEARCHES_MAX = 10
"""Terms that search. Each of them reads the texts of all tasks."""
SPACE = re.compile(r"\s*")
WORD = re.compile(r'[^\s&|!()<>=:,"„“”«»]+')
"""A keyword."""
BARE = re.compile(r'[^\s&|!()<>=,"„“”«»]+')
"""A name, a text or a value without quotes."""
OPERATOR = re.compile("<=|>=|<|>|=")
OPERATORS: tuple[Operator, ...] = get_args(Operator)
NUMBER_OF_DAYS = re.compile(r"([+-]?[0-9]{1,4})\s*days?\b", re.IGNORECASE)
QUOTED = {
    opening: re.compile(rf"{opening}((?:[^{closing}\\]|\\.)+)[{closing}]", re.DOTALL)
    for opening, closing in (('"', '"'), ("„", "“”"), ("“", "”"), ("”", "”"), ("«", "»"), ("»", "«"))
}
"""By opening quote, the text up to the closing quote. A backslash takes the special meaning from the next character."""
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
KEYWORDS: dict[str, Term] = {
    "pending": Term("pending"),
    "overdue": Term("overdue"),
    "today": Term("due", Days(0, 0)),
    "tomorrow": Term("due", Days(1, 1)),
    "p1": Term("priority", "high"),
    "p2": Term("priority", "medium"),
    "p3": Term("priority", "low"),
}
COMPARED: dict[str, TermKind] = {
    "due": "due",
    "start": "start",
    "deadline": "deadline",
    "created": "created at",
    "updated": "updated at",
    "completed": "completed at",
}
"""By keyword, the kind of a comparison."""
MISSING: dict[str, TermKind] = {
    "due": "no due",
    "start": "no start",
    "deadline": "no deadline",
    "tags": "no tags",
    "project": "no project",
    "section": "no section",
}
"""By the keyword after `no`, the kind of the term."""
NAMED: dict[str, tuple[TermKind, str]] = {
    "@": ("tag", "the name of a tag"),
    "#": ("project", "the name of a project"),
    "/": ("section", "the name of a section"),
}
"""By sign, the kind of the term and the description of its name."""
RELATIVE_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


class InvalidFilterError(InvalidValueError):
    """Expected a term at position 9"""

    code = "INVALID_FILTER"
    field = "filter"
    position = 9

    def __init__(self, sentence: str, position: int) -> None:
        """Keep the sentence for a person, and the position of the fault from 1."""
        super().__init__()
        self.sentence = sentence
        self.position = position

    def __str__(self) -> str:
        return self.sentence


def parse_filter(text: str) -> Filter:
    """Return the filter of a text.

    Raises:
        InvalidFilterError: the text is not a filter, or is too long, too deep, or has too many terms.
    """
    if len(text) > FILTER_MAX:
        raise InvalidFilterError(f"A filter has at most {FILTER_MAX} characters", FILTER_MAX + 1)
    return _Parser(text).parse()


class _Parser:
    """Reads one filter. The position is that of the next character, from 0."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._terms: list[Term] = []

    def parse(self) -> Filter:
        expression = self._read_alternatives(0)
        if self._position < len(self._text):
            raise self._expected("& or |")
        return Filter(expression, tuple(self._terms))

    def _read_alternatives(self, depth: int) -> Expression:
        parts = [self._read_conjunction(depth)]
        while self._accept("|"):
            parts.append(self._read_conjunction(depth))
        return parts[0] if len(parts) == 1 else Branch("or", tuple(parts))

    def _read_conjunction(self, depth: int) -> Expression:
        parts = [self._read_factor(depth)]
        while self._accept("&"):
            parts.append(self._read_factor(depth))
        return parts[0] if len(parts) == 1 else Branch("and", tuple(parts))

    def _read_factor(self, depth: int) -> Expression:
        """Read a term, or an expression after `!` or in parentheses."""
        self._skip_space()
        if depth == DEPTH_MAX and self._text.startswith(("!", "("), self._position):
            raise self._fault(f"A filter has at most {DEPTH_MAX} levels of parentheses and !")
        if self._accept("!"):
            return Branch("not", (self._read_factor(depth + 1),))
        if self._accept("("):
            expression = self._read_alternatives(depth + 1)
            if not self._accept(")"):
                raise self._expected("& or | or )")
            return expression
        return self._read_term()

    def _read_term(self) -> Leaf:
        if len(self._terms) == TERMS_MAX:
            raise self._fault(f"A filter has at most {TERMS_MAX} terms")
        start = self._position
        term = self._read_name_term() or self._read_days_term() or self._read_keyword_term()
        self._terms.append(term)
        if [found.kind for found in self._terms].count("search") > SEARCHES_MAX:
            raise InvalidFilterError(f"A filter has at most {SEARCHES_MAX} searches", start + 1)
        self._skip_space()
        return Leaf(term.kind, len(self._terms) - 1)

    def _read_name_term(self) -> Term | None:
        for sign, (kind, description) in NAMED.items():
            if self._accept(sign):
                return Term(kind, self._read_text(description))
        return None

    def _read_days_term(self) -> Term | None:
        start = self._position
        found = self._match(NUMBER_OF_DAYS)
        if found is None:
            return None
        if not found[1].isdigit() or int(found[1]) == 0:
            raise self._expected("a number of days from 1", start)
        return Term("due", Days(0, int(found[1]) - 1))

    def _read_keyword_term(self) -> Term:
        start = self._position
        keyword = self._read_keyword()
        if keyword in KEYWORDS:
            return KEYWORDS[keyword]
        if keyword in COMPARED:
            return self._read_comparison(keyword)
        if keyword == "no":
            return self._read_missing()
        if keyword == "search":
            if not self._accept(":"):
                raise self._expected("a colon")
            self._skip_space()
            return Term("search", self._read_text("a text to search").text)
        raise self._expected("a term", start)

    def _read_comparison(self, keyword: str) -> Term:
        self._skip_space()
        found = self._match(OPERATOR)
        if found is None:
            if keyword == "completed":
                return Term("completed")
            raise self._expected(_either(OPERATORS))
        [operator] = [name for name in OPERATORS if name == found[0]]
        self._skip_space()
        return Term(COMPARED[keyword], Comparison(operator, self._read_moment()))

    def _read_moment(self) -> date | RelativeDay:
        """Read an instant, a day, or a day in relation to today."""
        if found := self._match(NUMBER_OF_DAYS):
            return RelativeDay(int(found[1]))
        start = self._position
        found = self._match(BARE)
        text = found[0] if found else ""
        if text.lower() in RELATIVE_DAYS:
            return RelativeDay(RELATIVE_DAYS[text.lower()])
        try:
            return parse_bound(text)
        except InvalidValueError as error:
            raise self._expected("a day such as 2026-12-01 or an instant such as 2026-12-01T18:00Z", start) from error

    def _read_missing(self) -> Term:
        self._skip_space()
        start = self._position
        keyword = self._read_keyword()
        if keyword not in MISSING:
            raise self._expected(_either(MISSING), start)
        return Term(MISSING[keyword])

    def _read_keyword(self) -> str:
        found = self._match(WORD)
        return found[0].lower() if found else ""

    def _read_text(self, description: str) -> Name:
        """Read a name or a text, with or without quotes."""
        opening = self._text[self._position : self._position + 1]
        if opening not in QUOTED:
            found = self._match(BARE)
            if found is None:
                raise self._expected(description)
            return Name(found[0], is_quoted=False)
        found = self._match(QUOTED[opening])
        if found is None:
            raise self._expected(f"{description}, and a closing quote")
        return Name(ESCAPED.sub(r"\1", found[1]), is_quoted=True)

    def _accept(self, sign: str) -> bool:
        """Move behind a sign, and return whether it was there."""
        self._skip_space()
        if not self._text.startswith(sign, self._position):
            return False
        self._position += len(sign)
        return True

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Move behind the text that matches, and return the match."""
        found = pattern.match(self._text, self._position)
        if found is not None:
            self._position = found.end()
        return found

    def _skip_space(self) -> None:
        self._match(SPACE)

    def _expected(self, description: str, index: int | None = None) -> InvalidFilterError:
        position = (self._position if index is None else index) + 1
        return InvalidFilterError(f"Expected {description} at position {position}", position)

    def _fault(self, sentence: str) -> InvalidFilterError:
        return InvalidFilterError(sentence, self._position + 1)


def _either(words: "tuple[str, ...] | dict[str, TermKind]") -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}"
