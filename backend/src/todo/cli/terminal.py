"""Questions, passwords and tables on a terminal."""

import getpass
import json
import sys
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic_core import to_jsonable_python

from todo.cli.database import UsageError
from todo.domain.account import PASSWORD_MAX

LINE_MAX = 8 * PASSWORD_MAX
"""Characters that are read from standard input; a longer line is too long for a password in any spelling."""
CELL_MAX = 60


def read_password() -> str:
    """Return a password: asked for twice on a terminal, without echo, or else the first line of standard input.

    Raises:
        UsageError: the two passwords differ, standard input has no line, or the person cancels.
    """
    try:
        if not sys.stdin.isatty():
            return _read_line()
        password = getpass.getpass("Password: ")
        if getpass.getpass("Repeat the password: ") != password:
            raise UsageError("The two passwords differ. Nothing was changed.")
    except (KeyboardInterrupt, EOFError):
        raise UsageError("Cancelled. Nothing was changed.") from None
    return password


def _read_line() -> str:
    try:
        line = sys.stdin.readline(LINE_MAX)
    except UnicodeDecodeError:
        raise UsageError("The password on standard input should be UTF-8.") from None
    if not line:
        raise UsageError("The password is missing. Write it as one line to standard input.")
    return line.removesuffix("\n").removesuffix("\r")


def confirm(question: str) -> None:
    """Ask a person to type `yes`.

    Raises:
        UsageError: the answer is another one, or standard input is no terminal.
    """
    if not sys.stdin.isatty():
        raise UsageError("This needs a confirmation. Add --yes to confirm without a terminal.")
    try:
        answer = input(f"{question} Type yes to confirm: ")
    except (KeyboardInterrupt, EOFError):
        answer = ""
    if answer.strip().lower() != "yes":
        raise UsageError("Cancelled. Nothing was changed.")


def print_json(value: object) -> None:
    """Print a value as JSON in ASCII, with instants in UTC."""
    print(json.dumps(to_jsonable_python(value), indent=2))


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows below their head, in columns that are as wide as their longest cell."""
    lines = [[*head], *([format_cell(cell) for cell in row] for row in rows)]
    widths = [max(width_of(line[index]) for line in lines) for index in range(len(head))]
    for line in lines:
        cells = (cell + " " * (width - width_of(cell)) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes (UAX #11)."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "FW")
        for character in text
    )


def format_cell(value: object) -> str:
    """Return the text of a value: `-` for None, an instant in UTC to the minute, and text on one line.

    A user chooses the own name. Control characters are replaced, because they could change the terminal.
    """
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
    text = "".join(character if character.isprintable() else "\ufffd" for character in str(value))
    return text if len(text) <= CELL_MAX else f"{text[: CELL_MAX - 1]}\u2026"
