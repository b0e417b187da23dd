"""`todo restore`: replaces the contents of the database, and the secret, with those of a backup."""

import argparse
import asyncio
import contextlib
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from todo.cli.backups.backup import STANDARD_STREAM
from todo.cli.backups.passphrase import passphrase_source
from todo.cli.database import UsageError, open_database, print_status, read_status, usable
from todo.cli.progress import show_progress
from todo.cli.secret_file import settle_restored_secrets, stage_restored_secret
from todo.core.config import Settings, load_settings
from todo.core.postgres.data_folder import DataFolderInUseError
from todo.services.backups.restore import restore_backup
from todo.services.backups.verify import VerifiedBackup, verify_backup

KEY_DIFFERS = (
    "JWT_SECRET_KEY is not the secret of this backup, so all users must log in again, and TOTP codes do not work. "
    "To avoid both, set JWT_SECRET_KEY to the output of: todo restore --print-secret {file}"
)


def restore(options: argparse.Namespace) -> None:
    """Verify a backup, and restore it or print its secret.

    Raises:
        UsageError: the file or the database cannot be used.
        BackupError: the file is damaged, or the database cannot be restored.
    """
    ask_passphrase = passphrase_source(options)
    with _open_input(options.file) as file:
        print_status("verifying the backup")
        backup = verify_backup(file, ask_passphrase)
        if options.print_secret:
            print(backup.secret)
            return
        settings = load_settings()
        with _open_unused_database(settings) as url, show_progress() as progress:
            read_status(url)
            restore_id = secrets.token_hex(8)
            with _restored_secret(settings, url, restore_id, backup):
                asyncio.run(
                    restore_backup(
                        url,
                        file,
                        backup.manifest,
                        ask_passphrase,
                        progress,
                        replaces_data=options.replace,
                        restore_id=restore_id,
                    )
                )
    print_status(f"restored the backup of {backup.manifest.created_at:%Y-%m-%d %H:%M} UTC")
    if _uses_secret_file(settings):
        return
    if settings.jwt_secret_key is None or settings.jwt_secret_key.get_secret_value() != backup.secret:
        print_status(KEY_DIFFERS.format(file=options.file))


@contextlib.contextmanager
def _open_input(name: str) -> Iterator[BinaryIO]:
    """Open the file, or a temporary copy of standard input for `-`, because a backup is read twice."""
    try:
        if name != STANDARD_STREAM:
            with Path(name).open("rb") as file:
                yield file
            return
        if sys.stdin.isatty():
            raise UsageError("Standard input is a terminal. Redirect it from a file or from another program.")
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            yield copy
    except OSError as error:
        raise UsageError(f"The backup {name} cannot be read: {error.strerror or error}") from error


@contextlib.contextmanager
def _open_unused_database(settings: Settings) -> Iterator[str]:
    """Yield the URL of the database. A service that runs the embedded PostgreSQL is not interrupted."""
    try:
        with open_database(settings) as url:
            yield url
    except DataFolderInUseError as error:
        raise UsageError(f"Stop the service first, then restore the backup. {error}") from error


@contextlib.contextmanager
def _restored_secret(settings: Settings, url: str, restore_id: str, backup: VerifiedBackup) -> Iterator[None]:
    """Replace the secret file if the block commits the restore, and leave it otherwise."""
    if not _uses_secret_file(settings):
        yield
        return
    stage_restored_secret(settings.data_dir, restore_id, backup.secret)
    try:
        yield
    finally:
        with usable(url):
            settle_restored_secrets(settings.data_dir, url)


def _uses_secret_file(settings: Settings) -> bool:
    return settings.database_url is None and settings.jwt_secret_key is None
