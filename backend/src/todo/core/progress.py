"""Progress of long work, which a command can show."""

from typing import Protocol


class Progress(Protocol):
    """Receives the steps of long work and the rows that each step has processed."""

    def begin(self, label: str, total: int | None = None) -> None:
        """Begin a step. It ends the step before.

        Args:
            label: a short description.
            total: the number of rows that the step processes; None for a step that does not count rows.
        """

    def advance(self, rows: int) -> None:
        """Count further rows of the step."""


class NoProgress:
    """Shows nothing."""

    def begin(self, label: str, total: int | None = None) -> None:
        """Do nothing."""

    def advance(self, rows: int) -> None:
        """Do nothing."""
