"""The arguments of `todo user`."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from todo.cli import user

if TYPE_CHECKING:
    from argparse import _SubParsersAction

Run = Callable[[argparse.Namespace], None]
INPUT_NOTE = "The password is asked for on a terminal. Otherwise it is the first line of standard input."


def add_user_commands(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `user` with its subcommands to the parser of `todo`."""
    parser = commands.add_parser(
        "user",
        help="create, list, disable and delete accounts, and invite people",
        description="Look after the accounts in the database of DATABASE_URL or, without it, in the embedded "
        "PostgreSQL in DATA_DIR. The service can run at the same time.",
    )
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Run, text: str, *, email: bool = True, note: str = "") -> argparse.ArgumentParser:
        description = f"{text[0].upper()}{text[1:]}. {note}".rstrip()
        subparser = subcommands.add_parser(name, help=text, description=description)
        if email:
            subparser.add_argument("email", metavar="EMAIL", help="the e-mail address of the account, in any case")
        subparser.add_argument("--json", action="store_true", help="print JSON")
        subparser.set_defaults(run=run)
        return subparser

    create = add("create", user.create_user, "create an account, whatever REGISTRATION is", note=INPUT_NOTE)
    create.add_argument("--name", help="the name of the person")
    add("list", user.list_users, "list all accounts", email=False)
    add(
        "reset-password",
        user.reset_password,
        "set a new password and end all login sessions",
        note=f"{INPUT_NOTE} Personal access tokens stay.",
    )
    add("disable", user.disable_user, "disable an account and end its login sessions and tokens")
    add("enable", user.enable_user, "enable an account", note="Its personal access tokens work again.")
    delete = add("delete", user.delete_user, "delete an account with all its data")
    delete.add_argument("--yes", action="store_true", help="delete without asking")
    add("end-sessions", user.end_sessions, "end all login sessions of an account", note="Personal access tokens stay.")
    add("invite", user.invite, "print a code with which one person can register", email=False)
