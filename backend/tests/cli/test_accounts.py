"""`todo user` on existing accounts: list, reset-password, disable, enable, end-sessions, delete."""

import io

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from tests.cli.conftest import RunUser, Terminal
from tests.models.rows import INSERT_RESET
from tests.routers.totp.support import enable_totp
from tests.support import (
    MakeDatabase,
    MakeLoginSession,
    MakeToken,
    Person,
    assert_error,
    authorize,
    log_in,
    make_client,
    refresh,
    refresh_token_of,
)

NEW_PASSWORD = "staple and a longer one"


# list


@pytest.mark.spec("USR-010")
async def test_list_shows_accounts_in_columns(
    user: RunUser, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", await make_database())
    await user("create", "bob@example.com")
    await user("create", "ada@example.com", "--name", "Ada Lovelace")
    await user("disable", "bob@example.com")

    listed = await user("list")

    head, *rows = listed.out.splitlines()
    assert head.split("  ")[0] == "E-MAIL"
    assert [row.split()[0] for row in rows] == ["ada@example.com", "bob@example.com"]
    columns = [head.index(title) for title in ("NAME", "CREATED (UTC)", "DISABLED", "LOGIN SESSIONS", "LAST USE")]
    ada, bob = ([row[column:].split("  ")[0] for column in columns] for row in rows)
    assert (ada[0], ada[2:]) == ("Ada Lovelace", ["-", "0", "-"])
    assert (bob[0], bob[2] != "-") == ("-", True)


@pytest.mark.spec("USR-010", "USR-018")
async def test_list_as_json_counts_login_sessions_and_the_last_use(
    user: RunUser, ada: Person, make_login_session: MakeLoginSession, make_token: MakeToken
) -> None:
    second_login = await make_login_session(ada)
    await second_login.client.post("/auth/logout")

    [before] = [account for account in (await user("list", "--json")).json if account["email"] == ada.email]
    token = await make_token(ada, "tasks:read")
    await second_login.client.get("/tasks", headers=authorize(token["token"]))
    [after] = [account for account in (await user("list", "--json")).json if account["email"] == ada.email]

    assert (before["id"], before["login_sessions"], before["disabled_at"]) == (str(ada.id), 1, None)
    assert after["last_used_at"] > before["last_used_at"]


@pytest.mark.spec("USR-010")
async def test_control_characters_of_a_name_do_not_reach_the_terminal(user: RunUser, client: AsyncClient) -> None:
    body = {"email": "esc@example.com", "password": NEW_PASSWORD, "name": "\x1b[2J\x9bA\n\u202eda"}
    assert (await client.post("/auth/register", json=body)).status_code == 201

    listed = await user("list")

    assert "\ufffd[2J\ufffdA\ufffd\ufffdda" in listed.out
    assert "\x1b" not in listed.out


@pytest.mark.spec("USR-010")
async def test_columns_are_aligned_after_wide_characters(
    user: RunUser, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", await make_database())
    await user("create", "ada@example.com", "--name", "小林")
    await user("create", "bob@example.com", "--name", "Bob!")

    _, ada, bob = (await user("list")).out.splitlines()

    assert ada.index("20") == bob.index("20") - 2


@pytest.mark.spec("USR-010", "USR-018")
async def test_list_of_no_accounts(user: RunUser, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", await make_database())

    listed, as_json = await user("list"), await user("list", "--json")

    assert (listed.status, listed.out) == (0, "")
    assert listed.err == "There are no accounts. Create one with: todo user create EMAIL\n"
    assert as_json.json == []


# reset-password, end-sessions


@pytest.mark.spec("USR-012")
async def test_reset_password_replaces_the_password_and_ends_all_login_sessions(
    user: RunUser, app: FastAPI, client: AsyncClient, ada: Person, make_token: MakeToken
) -> None:
    token = await make_token(ada, "tasks:read")

    done = await user("reset-password", ada.email.upper(), stdin=io.StringIO(NEW_PASSWORD))

    assert done.out == f"Set a new password for {ada.email}. Ended 1 login session.\n"
    assert_error(await log_in(client, ada.email), 401, "INVALID_CREDENTIALS")
    assert (await log_in(client, ada.email, NEW_PASSWORD)).status_code == 200
    assert_error(await refresh(make_client(app), refresh_token_of(ada)), 401, "SESSION_ENDED")
    assert (await make_client(app).get("/tasks", headers=authorize(token["token"]))).status_code == 200


@pytest.mark.spec("USR-012")
async def test_rejected_password_changes_nothing(user: RunUser, client: AsyncClient, ada: Person) -> None:
    done = await user("reset-password", ada.email, stdin=io.StringIO("short"))

    assert (done.status, done.err) == (1, "todo: Password must be at least 8 characters.\n")
    assert (await log_in(client, ada.email)).status_code == 200
    assert (await ada.client.get("/auth/sessions")).status_code == 200


@pytest.mark.spec("USR-012")
async def test_reset_password_leaves_an_account_disabled(user: RunUser, client: AsyncClient, ada: Person) -> None:
    await user("disable", ada.email)

    done = await user("reset-password", ada.email, "--json", stdin=io.StringIO(NEW_PASSWORD))

    assert done.json["disabled_at"] is not None
    assert_error(await log_in(client, ada.email, NEW_PASSWORD), 403, "ACCOUNT_DISABLED")


@pytest.mark.spec("USR-013", "USR-018")
async def test_end_sessions_ends_all_login_sessions(
    user: RunUser, app: FastAPI, ada: Person, make_login_session: MakeLoginSession
) -> None:
    await make_login_session(ada)

    done, again = await user("end-sessions", ada.email, "--json"), await user("end-sessions", ada.email)

    assert (done.json["ended_login_sessions"], done.json["login_sessions"]) == (2, 0)
    assert again.out == f"{ada.email}: Ended 0 login sessions.\n"
    assert_error(await refresh(make_client(app), refresh_token_of(ada)), 401, "SESSION_ENDED")
    assert (await log_in(make_client(app), ada.email)).status_code == 200


# disable, enable


@pytest.mark.spec("USR-005", "USR-008", "USR-018")
async def test_disable_and_enable(user: RunUser, client: AsyncClient, ada: Person) -> None:
    disabled, disabled_json = await user("disable", ada.email), await user("disable", ada.email, "--json")
    login_while_disabled = await log_in(client, ada.email)
    enabled, enabled_json = await user("enable", ada.email), await user("enable", ada.email, "--json")

    assert disabled.out == f"Disabled the account {ada.email}. Ended 1 login session.\n"
    assert disabled_json.json["disabled_at"] is not None
    assert_error(login_while_disabled, 403, "ACCOUNT_DISABLED")
    assert enabled.out == f"Enabled the account {ada.email}.\n"
    assert enabled_json.json["disabled_at"] is None
    assert (await log_in(client, ada.email)).status_code == 200


# delete


@pytest.mark.spec("USR-014", "USR-018")
async def test_delete_removes_the_account_with_its_data(user: RunUser, client: AsyncClient, ada: Person) -> None:
    await ada.client.post("/tasks", json={"title": "Water the plants"})

    deleted = await user("delete", ada.email, "--yes", "--json")

    assert (deleted.json["email"], deleted.json["deleted"]) == (ada.email, True)
    assert_error(await log_in(client, ada.email), 401, "INVALID_CREDENTIALS")
    assert (await client.post("/auth/register", json={"email": ada.email, "password": NEW_PASSWORD})).is_success


@pytest.mark.spec("USR-014")
async def test_delete_without_a_terminal_requires_yes(user: RunUser, client: AsyncClient, ada: Person) -> None:
    done = await user("delete", ada.email, stdin=io.StringIO("yes\n"))

    assert (done.status, done.out) == (1, "")
    assert done.err == "todo: This needs a confirmation. Add --yes to confirm without a terminal.\n"
    assert (await log_in(client, ada.email)).status_code == 200


@pytest.mark.spec("USR-014")
@pytest.mark.parametrize(("answer", "status"), [("yes\n", 0), (" YES \n", 0), ("y\n", 1), ("\n", 1), ("", 1)])
async def test_delete_asks_on_a_terminal(
    user: RunUser, client: AsyncClient, ada: Person, answer: str, status: int
) -> None:
    done = await user("delete", ada.email, stdin=Terminal(answer))

    assert done.status == status
    assert f"Delete the account {ada.email} with all its data" in done.out
    assert (await log_in(client, ada.email)).is_success == (status == 1)


# All commands


@pytest.mark.spec("USR-017")
@pytest.mark.parametrize("email", ["nobody@example.com", "no address", "", "a\0b@example.com", "\udcff@example.com"])
@pytest.mark.parametrize(
    "command", [["reset-password"], ["disable"], ["enable"], ["end-sessions"], ["delete", "--yes"]], ids=lambda c: c[0]
)
async def test_unknown_address_is_named(user: RunUser, command: list[str], email: str) -> None:
    done = await user(*command, email)

    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("todo: No account has the address ")
    assert done.err.count("\n") == 1


# disable-totp


@pytest.mark.spec("TFA-014")
async def test_disable_totp_deletes_the_second_factor(user: RunUser, client: AsyncClient, ada: Person) -> None:
    await enable_totp(ada)
    assert_error(await log_in(client, ada.email), 401, "TOTP_REQUIRED")

    first, second = [await user("disable-totp", ada.email.upper()) for _ in range(2)]

    assert (first.status, first.out) == (0, f"{ada.email}: The second factor was deleted.\n")
    assert (second.status, second.out) == (0, f"{ada.email}: The account has no second factor.\n")
    assert (await log_in(client, ada.email)).status_code == 200


@pytest.mark.spec("TFA-014")
async def test_disable_totp_of_an_unknown_address_fails(user: RunUser) -> None:
    assert (await user("disable-totp", "no@one.example")).status == 1


# Mailed links


@pytest.mark.spec("USR-005", "USR-013")
@pytest.mark.parametrize("command", ["disable", "end-sessions"])
async def test_command_cancels_a_pending_address_and_reset_tokens(
    user: RunUser, ada: Person, connection: asyncpg.Connection, command: str
) -> None:
    await connection.execute(
        "UPDATE users SET pending_email = 'x@example.com', pending_email_expires_at = now() + '1 day' WHERE id = $1",
        ada.id,
    )
    await connection.execute(INSERT_RESET, ada.id)

    assert (await user(command, ada.email)).status == 0

    assert await connection.fetchval("SELECT pending_email FROM users WHERE id = $1", ada.id) is None
    assert await connection.fetchval("SELECT count(*) FROM password_resets WHERE user_id = $1", ada.id) == 0
