"""`todo user`: creates, lists, disables and deletes accounts."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from todo.cli.database import (
    UsageError,
    Work,
    open_existing_database,
    print_status,
    reject_newer,
    reject_pending,
    run_in_session,
)
from todo.cli.terminal import confirm, format_cell, print_json, print_table, read_password
from todo.core.clock import utc_now
from todo.core.config import Settings, load_settings
from todo.core.errors import InvalidValueError
from todo.core.security.passwords import PasswordHasher
from todo.domain.account import PASSWORD_MAX, Password
from todo.schemas.user import UserCreate, UserSummary
from todo.services.accounts import service as account_service
from todo.services.administration import service as administration
from todo.services.authentication import Principal
from todo.services.invitations.service import create_invitation
from todo.services.shared.log.writer import Writer
from todo.services.totp.service import delete_factor

TABLE_HEAD = ("E-MAIL", "NAME", "CREATED (UTC)", "DISABLED", "LOGIN SESSIONS", "LAST USE")
Result = TypeVar("Result")
Model = TypeVar("Model")


@dataclass(frozen=True)
class Accounts:
    """The accounts in the database of a command."""

    settings: Settings
    url: str

    def run(self, work: Work[Result]) -> Result:
        """Return the result of a function that calls services with a database session."""
        try:
            return run_in_session(self.settings, self.url, work)
        except InvalidValueError as error:
            raise UsageError(f"{error}.") from error

    def get(self, email: str) -> UserSummary:
        """Return the account with this address.

        Raises:
            UsageError: no account has the address.
        """
        account = self.run(lambda session: administration.find_user(session, email, utc_now()))
        if account is None:
            raise UsageError(f"No account has the address {format_cell(email)}.")
        return account

    def make_hasher(self) -> PasswordHasher:
        """Return a hasher with the cost of the settings."""
        return PasswordHasher(self.settings.bcrypt_rounds, PASSWORD_MAX)


@contextmanager
def open_accounts() -> Iterator[Accounts]:
    """Yield the accounts of the database of the settings.

    Raises:
        UsageError: the database cannot be used, or lacks migrations, or the command is interrupted.
    """
    settings = load_settings()
    try:
        with open_existing_database(settings) as url:
            reject_newer(url)
            reject_pending(url)
            yield Accounts(settings, url)
    except KeyboardInterrupt:
        raise UsageError("Interrupted.") from None


def create_user(options: argparse.Namespace) -> None:
    """Create an account with a password that is read."""
    with open_accounts() as accounts:
        password = read_password()
        user = validate(lambda: UserCreate(email=options.email, password=password, name=options.name))
        accounts.run(lambda session: account_service.create_user(session, accounts.make_hasher(), user))
        account = accounts.get(user.email)
    report(options, f"Created the account {account['email']}.", account)


def list_users(options: argparse.Namespace) -> None:
    """Print all accounts."""
    with open_accounts() as accounts:
        users = accounts.run(lambda session: administration.list_users(session, utc_now()))
    if options.json:
        print_json(users)
    elif users:
        columns = ("email", "name", "created_at", "disabled_at", "login_sessions", "last_used_at")
        print_table(TABLE_HEAD, [[user[name] for name in columns] for user in users])  # type: ignore[literal-required]
    else:
        print_status("There are no accounts. Create one with: todo user create EMAIL")


def reset_password(options: argparse.Namespace) -> None:
    """Set a password that is read, and end all login sessions."""
    with open_accounts() as accounts:
        user_id = accounts.get(options.email)["id"]
        password = validate(lambda: TypeAdapter(Password).validate_python(read_password()))
        ended = accounts.run(
            lambda session: administration.reset_password(session, accounts.make_hasher(), user_id, password, utc_now())
        )
        account = accounts.get(options.email)
    report(options, f"Set a new password for {account['email']}. {describe_ended(ended)}", account, ended)


def disable_user(options: argparse.Namespace) -> None:
    """Disable an account."""
    with open_accounts() as accounts:
        before = accounts.get(options.email)
        ended = accounts.run(lambda session: administration.disable_user(session, before["id"], utc_now()))
        account = accounts.get(options.email)
    outcome = "Disabled the account" if before["disabled_at"] is None else "Already disabled: the account"
    report(options, f"{outcome} {account['email']}. {describe_ended(ended)}", account, ended)


def enable_user(options: argparse.Namespace) -> None:
    """Enable an account."""
    with open_accounts() as accounts:
        user_id = accounts.get(options.email)["id"]
        accounts.run(lambda session: administration.enable_user(session, user_id))
        account = accounts.get(options.email)
    report(options, f"Enabled the account {account['email']}.", account)


def disable_totp(options: argparse.Namespace) -> None:
    """Delete the second factor of an account."""
    with open_accounts() as accounts:
        user_id = accounts.get(options.email)["id"]
        deleted = accounts.run(lambda session: delete_factor(Writer(session, Principal(user_id))))
        account = accounts.get(options.email)
    outcome = "The second factor was deleted." if deleted else "The account has no second factor."
    report(options, f"{account['email']}: {outcome}", account)


def end_sessions(options: argparse.Namespace) -> None:
    """End all login sessions of an account."""
    with open_accounts() as accounts:
        user_id = accounts.get(options.email)["id"]
        ended = accounts.run(lambda session: administration.end_sessions(session, user_id, utc_now()))
        account = accounts.get(options.email)
    report(options, f"{account['email']}: {describe_ended(ended)}", account, ended)


def delete_user(options: argparse.Namespace) -> None:
    """Delete an account after a confirmation."""
    with open_accounts() as accounts:
        account = accounts.get(options.email)
        email = format_cell(account["email"])
        if not options.yes:
            confirm(f"Delete the account {email} with all its data? This cannot be undone.")
        accounts.run(lambda session: administration.delete_user(session, account["id"]))
    if options.json:
        print_json({**account, "deleted": True})
    else:
        print(f"Deleted the account {email}.")


def invite(options: argparse.Namespace) -> None:
    """Create an invitation and print its code."""
    with open_accounts() as accounts:
        created = accounts.run(lambda session: create_invitation(session, utc_now()))
        registration = accounts.settings.registration
    if options.json:
        print_json(created)
    else:
        print(created["invitation"])
        print_status(f"One person can register with this code until {format_cell(created['expires_at'])} UTC.")
    if registration != "invited":
        print_status(f"This command has REGISTRATION={registration}. The service needs REGISTRATION=invited.")


def validate(read: Callable[[], Model]) -> Model:
    """Return what a function reads.

    Raises:
        UsageError: a value breaks a rule. The message has all problems.
    """
    try:
        return read()
    except ValidationError as error:
        problems = (problem["msg"].removeprefix("Value error, ") for problem in error.errors())
        raise UsageError("\n".join(f"{problem}." for problem in problems)) from None


def describe_ended(login_sessions: int) -> str:
    """Return a sentence about login sessions that were ended."""
    return f"Ended {login_sessions} login session{'' if login_sessions == 1 else 's'}."


def report(options: argparse.Namespace, sentence: str, account: UserSummary, ended: int | None = None) -> None:
    """Print a sentence or, with `--json`, the account and how many login sessions were ended."""
    if options.json:
        print_json(account if ended is None else {**account, "ended_login_sessions": ended})
    else:
        print(sentence)
