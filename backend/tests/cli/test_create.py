"""`todo user create` and the passwords that the commands read."""

import io
from unittest.mock import Mock

import pytest
from httpx import AsyncClient

from tests.cli.conftest import RunUser, Terminal
from tests.routers.support import new_email
from tests.support import PASSWORD, MakeApp, log_in, make_client


@pytest.mark.spec("USR-011")
async def test_created_account_logs_in(user: RunUser, client: AsyncClient) -> None:
    email = new_email()

    created = await user("create", email, "--name", "  Ada ")

    assert (created.status, created.out, created.err) == (0, f"Created the account {email}.\n", "")
    login = await log_in(client, email)
    assert login.status_code == 200
    token = login.json()["access_token"]
    me = await client.get("/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert (me.json()["email"], me.json()["name"]) == (email, "Ada")


@pytest.mark.spec("USR-011")
@pytest.mark.parametrize("registration", ["closed", "invited"])
async def test_account_is_created_whatever_registration_is(
    user: RunUser, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, registration: str
) -> None:
    monkeypatch.setenv("REGISTRATION", registration)
    email = new_email()

    created = await user("create", email)

    assert created.status == 0
    client = make_client(await make_app(registration=registration))
    assert (await log_in(client, email)).status_code == 200


@pytest.mark.spec("USR-018")
async def test_create_prints_the_account_as_json(user: RunUser) -> None:
    email = new_email()

    created = (await user("create", email, "--json")).json

    assert created.keys() == {
        *("id", "email", "name", "created_at", "disabled_at", "login_sessions", "last_used_at"),
        *("totp_enabled", "pending_email", "time_zone", "week_start"),
    }
    assert (created["email"], created["name"], created["login_sessions"]) == (email, None, 0)
    assert created["created_at"].endswith("Z")


@pytest.mark.spec("USR-011", "USR-017")
@pytest.mark.parametrize(
    ("email", "arguments", "stdin", "message"),
    [
        ("ada", (), PASSWORD, "Please provide a valid email address."),
        ("", (), PASSWORD, "Please provide a valid email address."),
        ("ada\udcff@example.com", (), PASSWORD, "Text must be valid Unicode."),
        ("ada@example.com", (), "short", "Password must be at least 8 characters."),
        ("ada@example.com", (), "p" * 1025, "Password cannot exceed 1024 characters."),
        ("ada@example.com", (), "p" * 100_000, "Password cannot exceed 1024 characters."),
        ("ada@example.com", (), "", "The password is missing. Write it as one line to standard input."),
        ("ada@example.com", (), "\n", "Password must be at least 8 characters."),
        ("ada@example.com", (), "eight\0888", "Text must not contain a NUL character."),
        ("ada@example.com", ("--name", "n" * 201), PASSWORD, "Name cannot exceed 200 characters."),
        ("ada", (), "short", "Please provide a valid email address.\nPassword must be at least 8 characters."),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_rules_are_those_of_the_service(
    user: RunUser, email: str, arguments: tuple[str, ...], stdin: str, message: str
) -> None:
    created = await user("create", email, *arguments, stdin=io.StringIO(stdin, newline=""))

    assert (created.status, created.out, created.err) == (1, "", f"todo: {message}\n")


@pytest.mark.spec("USR-011", "USR-017")
async def test_taken_address_is_rejected_in_any_case(user: RunUser) -> None:
    email = new_email()
    await user("create", email)

    second = await user("create", email.upper())

    assert (second.status, second.err) == (1, "todo: A user with this email already exists.\n")


@pytest.mark.spec("USR-015")
@pytest.mark.parametrize(
    ("stdin", "password"),
    [
        ("correct horse battery\n", "correct horse battery"),
        ("correct horse battery", "correct horse battery"),
        ("correct horse battery\r\n", "correct horse battery"),
        ("  two spaces  \n", "  two spaces  "),
        ("correct horse battery\nanother line\n", "correct horse battery"),
        ("パスワードパスワード\n", "パスワードパスワード"),
    ],
)
async def test_password_is_the_first_line_of_standard_input(
    user: RunUser, client: AsyncClient, stdin: str, password: str
) -> None:
    email = new_email()

    await user("create", email, stdin=io.StringIO(stdin, newline=""))

    assert (await log_in(client, email, password)).status_code == 200


@pytest.mark.spec("USR-015")
async def test_password_is_no_argument(user: RunUser, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        await user("create", new_email(), "--password", PASSWORD)

    assert "unrecognized arguments" in capsys.readouterr().err


@pytest.mark.spec("USR-015")
@pytest.mark.parametrize(
    ("typed", "status", "message"),
    [
        ([PASSWORD, PASSWORD], 0, ""),
        ([PASSWORD, "another password"], 1, "todo: The two passwords differ. Nothing was changed.\n"),
        ([KeyboardInterrupt()], 1, "todo: Cancelled. Nothing was changed.\n"),
        ([PASSWORD, EOFError()], 1, "todo: Cancelled. Nothing was changed.\n"),
    ],
    ids=["twice", "different", "ctrl-c", "ctrl-d"],
)
async def test_password_is_asked_for_twice_on_a_terminal(
    user: RunUser,
    client: AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    typed: list[str | BaseException],
    status: int,
    message: str,
) -> None:
    email = new_email()
    monkeypatch.setattr("getpass.getpass", Mock(side_effect=typed))

    created = await user("create", email, stdin=Terminal())

    assert (created.status, created.err) == (status, message)
    assert (await log_in(client, email)).is_success == (status == 0)
