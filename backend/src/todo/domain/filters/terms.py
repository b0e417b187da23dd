"""The parts of a filter: terms with values, and the expression that combines them."""

from datetime import date
from typing import Literal, NamedTuple

from todo.domain.dates.ranges import Operator

TermKind = Literal[
    "pending",
    "completed",
    "overdue",
    "due",
    "start",
    "deadline",
    "created at",
    "updated at",
    "completed at",
    "no due",
    "no start",
    "no deadline",
    "no tags",
    "no project",
    "no section",
    "priority",
    "tag",
    "project",
    "section",
    "search",
]


class Name(NamedTuple):
    """The name of a tag, a project or a section.

    Attributes:
        text: the name.
        is_quoted: whether digits are the name alone. Without quotes they are also an id.
    """

    text: str
    is_quoted: bool


class RelativeDay(NamedTuple):
    """A day in relation to today.

    Attributes:
        offset: days after today; negative for a day before.
    """

    offset: int


class Days(NamedTuple):
    """Days in relation to today, from the first to the last, counted as in `RelativeDay`."""

    first: int
    last: int


class Comparison(NamedTuple):
    """A comparison with an instant or a day."""

    operator: Operator
    value: date | RelativeDay


class Term(NamedTuple):
    """A condition on tasks.

    Attributes:
        kind: the kind of the condition, which decides the SQL.
        value: the value to compare with; None for kinds without a value.
    """

    kind: TermKind
    value: Name | Days | Comparison | str | None = None


class Leaf(NamedTuple):
    """A term in an expression.

    Attributes:
        kind: the kind of the term.
        place: its place among the terms of the filter, from 0.
    """

    kind: TermKind
    place: int


class Branch(NamedTuple):
    """A combination of expressions. `not` has one part, the others have two or more."""

    operator: Literal["and", "or", "not"]
    parts: tuple["Leaf | Branch", ...]


Expression = Leaf | Branch
"""The form of a filter without its values. Filters with equal expressions have the same statement."""


class Filter:
    """A filter.

    Attributes:
        expression: how the terms are combined.
        terms: the terms in the order of the text.
    """

    def __init__(self, expression: Expression, terms: tuple[Term, ...]) -> None:
        self.expression = expression
        self.terms = terms
