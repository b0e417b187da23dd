"""The passphrase of a backup: from the environment, from a file, or from the terminal. It is never an argument."""

import argparse
import os
from collections.abc import Callable
from functools import cache
from getpass import getpass
from pathlib import Path

from todo.cli.database import UsageError

VARIABLE = "TODO_BACKUP_PASSPHRASE"
TERMINAL = "/dev/tty"


def find_passphrase(options: argparse.Namespace) -> str | None:
    """Return the passphrase of `--passphrase-file` or of TODO_BACKUP_PASSPHRASE, or None without both.

    Raises:
        UsageError: the file cannot be read, or the passphrase is empty.
    """
    if options.passphrase_file is not None:
        try:
            passphrase = Path(options.passphrase_file).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"The passphrase file {options.passphrase_file} cannot be read: {error}") from error
        return _require(passphrase, f"The passphrase file {options.passphrase_file}")
    if VARIABLE in os.environ:
        return _require(os.environ[VARIABLE], VARIABLE)
    return None


def ask_new_passphrase() -> str:
    """Ask for a passphrase twice on the terminal, without echo.

    Raises:
        UsageError: there is no terminal, or the two differ.
    """
    passphrase = _ask("Passphrase of the backup: ")
    if _ask("The same passphrase again: ") != passphrase:
        raise UsageError("The two passphrases differ.")
    return passphrase


def passphrase_source(options: argparse.Namespace) -> Callable[[], str]:
    """Return a function that returns the passphrase, and asks for it on the terminal once if it is not set."""
    return cache(lambda: find_passphrase(options) or _ask("Passphrase of the backup: "))


def _ask(prompt: str) -> str:
    try:
        with Path(TERMINAL).open():
            pass
    except OSError as error:
        raise UsageError(
            f"A passphrase is needed, and there is no terminal to ask for it. Set {VARIABLE} or add --passphrase-file."
        ) from error
    return _require(getpass(prompt), "The passphrase")


def _require(passphrase: str, source: str) -> str:
    if not passphrase:
        raise UsageError(f"{source} is empty.")
    return passphrase
