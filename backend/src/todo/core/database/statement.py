"""SQL statements, declared once and compiled once."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import ClassVar, NamedTuple

from sqlalchemy import ClauseElement, Table, UpdateBase
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import ExternallyTraversible

from todo.core.database.driver_errors import Violations

VARIANTS_MAX = 1000
"""Statements of one function that stay compiled, if clients choose their parts. Each takes about 15 KB."""


class Parameter(NamedTuple):
    """A numbered parameter of a compiled statement.

    Attributes:
        name: the name of its value.
        is_required: false for a literal of the expression.
        literal: the value of such a literal.
    """

    name: str
    is_required: bool
    literal: object


class Statement:
    """A SQLAlchemy expression with named parameters; each connection keeps its text prepared.

    The expression is compiled at the first use. Only its text and parameters are kept, because they take a twentieth of
    the memory.

    Args:
        expression: the parameters are `bindparam`s.
        violations: by constraint name, the error to raise when the statement violates the constraint.
        timeout: seconds after which the statement is cancelled; None leaves that to DB_STATEMENT_TIMEOUT.
    """

    is_logged_write: ClassVar[bool] = False
    """Whether the statement also writes a log row for each row of a logged table that it changes."""

    def __init__(
        self, expression: ClauseElement, violations: Violations | None = None, timeout: float | None = None
    ) -> None:
        self._expression = expression
        self.violations = violations or {}
        self.timeout = timeout

    @cached_property
    def sql(self) -> str:
        """The text for the driver, with `$1` for the first parameter.

        Raises:
            TypeError: the statement writes a logged table, but writes no log rows.
        """
        return self._compiled.sql

    @cached_property
    def is_write(self) -> bool:
        """Whether the statement, or a part of it, inserts, updates or deletes rows."""
        return self._compiled.is_write

    def arguments(self, values: Mapping[str, object]) -> list[object]:
        """Return the values in the order of the numbered parameters, with the literals of the expression in between.

        Raises:
            TypeError: a parameter has no value, or a value has no parameter.
        """
        if values.keys() != self.parameters:
            missing, unknown = self.parameters - values.keys(), values.keys() - self.parameters
            raise TypeError(f"Statement parameters: missing {sorted(missing)}, unknown {sorted(unknown)}")
        return [values[name] if required else literal for name, required, literal in self.numbered]

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The names of the parameters."""
        return frozenset(parameter.name for parameter in self.numbered if parameter.is_required)

    @cached_property
    def numbered(self) -> list[Parameter]:
        """The parameters and literals by their number, `$1` first."""
        return self._compiled.parameters

    @cached_property
    def _compiled(self) -> "Compiled":
        expression = self._expression
        written = [
            element.table
            for element in _parts_of(expression)
            if isinstance(element, UpdateBase) and isinstance(element.table, Table)
        ]
        if not self.is_logged_write and any(table.info.get("is_logged") for table in written):
            raise TypeError("A statement that writes a logged table must be a Write")
        compiled = expression.compile(dialect=dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy's gap
        assert isinstance(compiled, SQLCompiler)
        binds = (compiled.binds[name] for name in compiled.positiontup or ())
        parameters = [Parameter(bind.key, bind.required, bind.value) for bind in binds]
        del self._expression
        return Compiled(str(compiled), parameters, bool(written))


class Compiled(NamedTuple):
    """The parts of a compiled statement."""

    sql: str
    parameters: list[Parameter]
    is_write: bool


def _parts_of(expression: ClauseElement) -> Iterator[ExternallyTraversible]:
    """Yield each part of an expression once. SQLAlchemy's `iterate` visits a table again for each of its columns."""
    seen: dict[int, ExternallyTraversible] = {id(expression): expression}
    remaining: list[ExternallyTraversible] = [expression]
    while remaining:
        element = remaining.pop()
        yield element
        for part in element.get_children():
            if id(part) not in seen:
                seen[id(part)] = part
                remaining.append(part)
