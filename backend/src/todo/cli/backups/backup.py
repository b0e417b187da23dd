"""`todo backup`: writes the database and the secret into one file."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from todo.cli.backups.passphrase import ask_new_passphrase, find_passphrase
from todo.cli.database import UsageError, open_existing_database, print_status, usable
from todo.cli.progress import show_progress
from todo.cli.secret_file import load_secret, sync_folder
from todo.core.config import load_settings
from todo.services.backups.create import create_backup
from todo.services.backups.manifest import Manifest

STANDARD_STREAM = "-"


def back_up(options: argparse.Namespace) -> None:
    """Write a backup to the file of the command line.

    Raises:
        UsageError: the file or the database cannot be used.
        BackupError: the database cannot be backed up.
    """
    # SIGTERM raises SystemExit, so that the unfinished file is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    settings = load_settings()
    with _open_output(options.file, overwrites=options.force) as output:
        passphrase = find_passphrase(options)
        if passphrase is None and options.encrypt:
            passphrase = ask_new_passphrase()
        with open_existing_database(settings) as url, usable(url), show_progress() as progress:
            secret = load_secret(settings, url).get_secret_value()
            manifest = asyncio.run(create_backup(url, output, secret, passphrase, progress))
    print_status(f"backed up {_count(manifest)}{', encrypted' if passphrase else ', not encrypted'}")


def _count(manifest: Manifest) -> str:
    rows = {table.name: table.rows for table in manifest.tables}
    return f"{rows['users']:,} users and {rows['tasks']:,} tasks"


@contextlib.contextmanager
def _open_output(name: str, *, overwrites: bool) -> Iterator[BinaryIO]:
    """Open the file, or standard output for `-`. A file appears when it is complete and on the disk."""
    try:
        if name == STANDARD_STREAM:
            if sys.stdout.isatty():
                raise UsageError("Standard output is a terminal. Redirect it to a file or to another program.")
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        else:
            with _replace_file(Path(name), overwrites=overwrites) as output:
                yield output
    except OSError as error:
        raise UsageError(f"The backup {name} cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def _replace_file(path: Path, *, overwrites: bool) -> Iterator[BinaryIO]:
    """Write to a temporary file with mode 0600 in the same folder, and rename it at the end of the block."""
    _reject_existing(path, overwrites=overwrites)
    descriptor, name = tempfile.mkstemp(".unfinished", f".{path.name}.", path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as output:
            yield output
            output.flush()
            os.fsync(output.fileno())
        _reject_existing(path, overwrites=overwrites)
        unfinished.rename(path)
        sync_folder(path.parent)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _reject_existing(path: Path, *, overwrites: bool) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder. Name a file in it.")
    if path.exists() and not overwrites:
        raise UsageError(f"{path} exists. Choose another name, or add --force to overwrite it.")
