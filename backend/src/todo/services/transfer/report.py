"""The numbers of rows and the problems of an import."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from todo.core.errors import DomainError, Problem
from todo.schemas.error import PROBLEMS_MAX, FieldError
from todo.schemas.transfer.report import ImportCounts, ImportReport, NotImported


@dataclass
class Report:
    """The numbers of rows by list, and the problems.

    Attributes:
        created: rows that are new.
        existing: rows that exist.
        failed: rows with a problem.
        left_out: occurrences of tasks that the document does not have, or that have a problem.
        problems: the first problems, at most PROBLEMS_MAX.
    """

    created: Counter[str] = field(default_factory=Counter)
    existing: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    left_out: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def has_room(self) -> bool:
        """Whether further problems are kept."""
        return len(self.problems) < PROBLEMS_MAX

    def fail(self, name: str, index: int, error: type[DomainError], field: str) -> None:
        """Count a row that has a problem with a field."""
        self.fail_with(name, index, [Problem.of(error, field)])

    def fail_with(self, name: str, index: int, problems: Iterable[Problem]) -> None:
        """Count a row that has problems. Their fields get the place of the row, such as `tasks.17.title`."""
        self.failed[name] += 1
        for problem in problems:
            if self.has_room:
                place = f"{name}.{index}.{problem.field}".removesuffix(".")
                self.problems.append(problem._replace(field=place))

    def public(self, *, filters: int, trash: int, dry_run: bool) -> ImportReport:
        """Return the report for the client.

        Args:
            filters: the number of saved filters.
            trash: the number of entries of the trash.
            dry_run: whether nothing was written.
        """
        return ImportReport(
            dry_run=dry_run,
            created=_counts(self.created),
            existing=_counts(self.existing),
            failed=_counts(self.failed),
            not_imported=NotImported(filters=filters, trash=trash, occurrences=self.left_out),
            errors=[FieldError(**problem.describe()) for problem in self.problems],
        )


def _counts(counter: Counter[str]) -> ImportCounts:
    return ImportCounts(
        tags=counter["tags"],
        projects=counter["projects"],
        sections=counter["sections"],
        tasks=counter["tasks"],
        occurrences=counter["occurrences"],
    )
