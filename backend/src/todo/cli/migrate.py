"""`todo migrate`: applies and undoes migrations."""

import argparse
import sys

from todo.cli.database import (
    open_database_for_migration,
    open_existing_database,
    print_status,
    read_status,
    reject_newer,
)
from todo.cli.progress import show_progress
from todo.core.config import load_settings
from todo.core.database import migrator


def migrate_up(options: argparse.Namespace) -> None:
    """Apply the migrations up to the revision of the command line."""
    with open_database_for_migration(load_settings()) as url:
        reject_newer(url)
        with show_progress() as progress:
            migrator.upgrade(url, options.revision, progress)
        print_status(f"the database is at revision {migrator.read_status(url).current or 'base'}")


def migrate_down(options: argparse.Namespace) -> None:
    """Undo the migrations after the revision of the command line."""
    with open_existing_database(load_settings()) as url:
        reject_newer(url)
        migrator.downgrade(url, options.revision)
        print_status(f"the database is at revision {migrator.read_status(url).current or 'base'}")


def show_status(_: argparse.Namespace) -> None:
    """Print the current revision and the pending ones; exit with 1 if there are any."""
    with open_existing_database(load_settings()) as url:
        status = read_status(url)
    print(f"current: {status.current or 'nothing'}")
    print(f"pending: {', '.join(status.pending) or 'nothing'}")
    if status.pending:
        sys.exit(1)
