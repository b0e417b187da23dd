"""The `todo` command."""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence

from pydantic import SecretStr

from todo.cli.backups.backup import back_up
from todo.cli.backups.restore import restore
from todo.cli.database import UsageError
from todo.cli.distribute import distribute_tables
from todo.cli.doctor.command import examine
from todo.cli.healthcheck import check_health
from todo.cli.migrate import migrate_down, migrate_up, show_status
from todo.cli.serve import run_service
from todo.cli.users.parser import add_user_commands
from todo.core.config import SettingsError, load_settings, read_env_file
from todo.core.database.migrator import MigrationError
from todo.core.postgres.process import EmbeddedPostgresError
from todo.core.version import service_version
from todo.main import create_app
from todo.services.backups.errors import BackupError

INTERRUPTED = 130
"""The exit status after Ctrl-C, as of shells."""
PASSPHRASE_HELP = "read the passphrase from FILE; the default is the variable TODO_BACKUP_PASSPHRASE"  # noqa: S105


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 1 with the reason on standard error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The names of users have characters that the encoding of the terminal may lack.
        sys.stdout.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        if options.env_file is not None:
            read_env_file(options.env_file)
        options.run(options)
    except (UsageError, SettingsError, EmbeddedPostgresError, MigrationError, BackupError) as error:
        print(f"todo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of standard output, such as head, has ended. The interpreter would flush to it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="todo",
        description="A self-hosted to-do service. Settings come from the environment and from .env in this folder.",
    )
    parser.add_argument("--version", action="version", version=f"todo {service_version()}")
    parser.add_argument(
        "--env-file", metavar="FILE", help="read settings from FILE too; variables of the environment win"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve",
        help="start the service",
        description="Start the service on HOST:PORT. Without DATABASE_URL the service starts an embedded PostgreSQL "
        "with its data in DATA_DIR.",
    )
    serve.set_defaults(run=lambda _: run_service(load_settings()))

    migrate = commands.add_parser(
        "migrate",
        help="apply or undo migrations of the database",
        description="Migrate the database of DATABASE_URL or, without it, the embedded PostgreSQL in DATA_DIR.",
    )
    migrate_commands = migrate.add_subparsers(required=True, metavar="COMMAND")
    up = migrate_commands.add_parser("up", help="apply all pending migrations, or those up to REVISION")
    up.add_argument("revision", nargs="?", default="head", metavar="REVISION")
    up.set_defaults(run=migrate_up)
    down = migrate_commands.add_parser(
        "down", help="undo the last migration, the migrations after REVISION, or all migrations (REVISION base)"
    )
    down.add_argument("revision", nargs="?", default="-1", metavar="REVISION")
    down.set_defaults(run=migrate_down)
    status = migrate_commands.add_parser(
        "status", help="print the current revision and the pending migrations; exit status 1 if migrations are pending"
    )
    status.set_defaults(run=show_status)

    health = commands.add_parser(
        "healthcheck",
        help="exit with 0 if the service on this machine responds",
        description="Send a request to the service at HOST and PORT. The exit status is 0 if it responds, else 1.",
    )
    health.add_argument("--ready", action="store_true", help="check the database too")
    health.set_defaults(run=check_health)

    doctor = commands.add_parser(
        "doctor",
        help="check the settings, the database, Redis, mail, the clock and the permissions",
        description="Check the installation, and print what to do. The exit status is 1 if there is a problem. An "
        "embedded database that does not run is started for the check.",
    )
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.set_defaults(run=examine)
    distribute = commands.add_parser(
        "distribute",
        help="distribute the tables over a Citus cluster",
        description="Distribute the tables of an empty database by user over the nodes of a Citus cluster. Run `todo "
        "migrate up` first. DATABASE_URL names the coordinator.",
    )
    distribute.add_argument("--print", action="store_true", help="only print the SQL")
    distribute.set_defaults(run=distribute_tables)
    add_user_commands(commands)
    _add_backup_commands(commands)

    openapi = commands.add_parser("openapi", help="print the OpenAPI document")
    openapi.set_defaults(run=_print_openapi)
    return parser


def _add_backup_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backup = commands.add_parser(
        "backup",
        help="write the database and the secret into a file",
        description="Write all data and the secret into FILE, also while the service runs. The backup is encrypted if "
        "there is a passphrase.",
    )
    backup.add_argument("file", metavar="FILE", help="a new file, or - for standard output")
    backup.add_argument("--force", action="store_true", help="overwrite FILE if it exists")
    backup.add_argument("--encrypt", action="store_true", help="ask for a passphrase on the terminal")
    backup.add_argument("--passphrase-file", metavar="FILE", help=PASSPHRASE_HELP)
    backup.set_defaults(run=back_up)

    restore_parser = commands.add_parser(
        "restore",
        help="replace the database and the secret with those of a backup",
        description="Verify the backup FILE, then restore it into an empty database. Stop the service first.",
    )
    restore_parser.add_argument("file", metavar="FILE", help="a file of `todo backup`, or - for standard input")
    restore_parser.add_argument("--replace", action="store_true", help="delete the data of a database with users")
    restore_parser.add_argument("--passphrase-file", metavar="FILE", help=PASSPHRASE_HELP)
    restore_parser.add_argument(
        "--print-secret", action="store_true", help="only verify the backup, and print its secret (JWT_SECRET_KEY)"
    )
    restore_parser.set_defaults(run=restore)


def _print_openapi(_: argparse.Namespace) -> None:
    # The application requires these settings, but the document does not depend on them.
    placeholders = {"database_url": "postgresql://nowhere/todo", "jwt_secret_key": SecretStr("0" * 64)}
    settings = load_settings().model_copy(update=placeholders)
    print(json.dumps(create_app(settings).openapi(), indent=2))
