"""Progress of long work on standard error: a bar on a terminal, plain lines elsewhere."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Never

from todo.cli.database import print_status
from todo.core.progress import Progress

if TYPE_CHECKING:
    from tqdm import tqdm

LINE_SECONDS = 10.0
"""The time between two lines on the same step."""


@contextlib.contextmanager
def show_progress() -> Iterator[Progress]:
    """Yield a receiver of progress for the length of a block."""
    progress = BarProgress() if sys.stderr.isatty() else LineProgress()
    try:
        yield progress
    finally:
        progress.end()


class LineProgress:
    """Prints a line for each step, and one every ten seconds during a step."""

    def __init__(self) -> None:
        self._label = ""
        self._total: int | None = None
        self._rows = 0
        self._printed_at = 0.0

    def begin(self, label: str, total: int | None = None) -> None:
        """Print the step."""
        self._label, self._total, self._rows, self._printed_at = label, total, 0, time.monotonic()
        print_status(f"  {label}" if total is None else f"  {label}: {total:,} rows")

    def advance(self, rows: int) -> None:
        """Print the count, if the last line is old."""
        self._rows += rows
        if time.monotonic() - self._printed_at >= LINE_SECONDS:
            self._printed_at = time.monotonic()
            print_status(f"  {self._label}: {self._rows:,} of {self._total or 0:,} rows")

    def end(self) -> None:
        """Do nothing. Each line is complete."""


class BarProgress:
    """Draws a bar for each step that counts rows."""

    def __init__(self) -> None:
        self._bar: tqdm[Never] | None = None

    def begin(self, label: str, total: int | None = None) -> None:
        """End the bar of the step before, and draw a new one."""
        from tqdm import tqdm  # noqa: PLC0415 -- the import takes time, and most starts of the service draw no bar

        self.end()
        if total is None:
            print_status(f"  {label}")
        else:
            self._bar = tqdm(total=total, desc=f"  {label}", unit=" rows", file=sys.stderr, dynamic_ncols=True)

    def advance(self, rows: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(rows)

    def end(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
