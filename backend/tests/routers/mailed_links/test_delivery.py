"""The queue: retries, giving up, several processes, and a server that is away."""

import asyncio
import logging
from datetime import timedelta

import asyncpg
import pytest
import time_machine
from fastapi import FastAPI
from httpx import AsyncClient
from pydantic import SecretStr

from tests.routers.mailed_links.support import Deliver, change_email, request_reset
from tests.routers.support import new_email
from tests.smtp import Inbox, text_of
from tests.support import RETENTION, Person
from todo.core.clock import utc_now
from todo.core.config import Settings
from todo.core.mail import sender as sender_module
from todo.core.metrics import MAILS, MAILS_WAITING
from todo.http.request_state import AppResources
from todo.services.housekeeping import sweep
from todo.services.mail import service as mail_service

SELECT_QUEUE = "SELECT kind, attempts, created_at, next_attempt_at FROM mail_queue ORDER BY kind"


def settings_with(app: FastAPI, **changes: object) -> Settings:
    """Return the settings of the application with changes."""
    settings: Settings = app.state.resources.settings
    return settings.model_copy(update=changes)


async def fetch_queue(connection: asyncpg.Connection) -> list[asyncpg.Record]:
    """Return the mails that wait."""
    rows: list[asyncpg.Record] = await connection.fetch(SELECT_QUEUE)
    return rows


def mails_counted(outcome: str) -> float:
    """Return the metric of this outcome."""
    value: float = MAILS.labels(outcome)._value.get()
    return value


@pytest.mark.spec("MAI-030")
async def test_sent_mail_leaves_the_queue(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    sent = mails_counted("sent")
    await request_reset(client, ada.email)
    await deliver()

    assert len(inbox.mails) == 1
    assert await fetch_queue(connection) == []
    assert mails_counted("sent") == sent + 1
    assert MAILS_WAITING._value.get() == 0


@pytest.mark.spec("MAI-030")
async def test_several_requests_before_the_delivery_cause_one_mail(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    for _ in range(3):
        await request_reset(client, ada.email)
    await deliver()

    assert len(inbox.mails) == 1


@pytest.mark.spec("MAI-030")
async def test_several_processes_send_each_mail_once(
    client: AsyncClient, ada: Person, bob: Person, deliver: Deliver, inbox: Inbox
) -> None:
    for person in (ada, bob):
        await request_reset(client, person.email)
        await change_email(person, new_email())

    await asyncio.gather(*(deliver() for _ in range(4)))

    assert sorted(len(inbox.to(person.email)) for person in (ada, bob)) == [2, 2]
    assert len(inbox.mails) == 6


@pytest.mark.spec("MAI-031")
async def test_mail_that_is_refused_for_now_is_sent_later(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    inbox.replies.append("451 Try again later")
    await request_reset(client, ada.email)
    await deliver()
    await deliver()

    assert (inbox.mails, inbox.commands) == ([], 1)
    [row] = await fetch_queue(connection)
    assert timedelta(seconds=50) < row["next_attempt_at"] - row["created_at"] < timedelta(seconds=70)
    assert MAILS_WAITING._value.get() == 1

    with time_machine.travel(utc_now() + timedelta(minutes=2), tick=True):
        await deliver()

    assert len(inbox.mails) == 1
    assert await fetch_queue(connection) == []


@pytest.mark.spec("MAI-031")
async def test_delays_double_up_to_an_hour(
    client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    await request_reset(client, ada.email)
    now, minutes = utc_now(), []
    for _ in range(9):
        inbox.replies.append("451 Try again later")
        with time_machine.travel(now, tick=False):
            await deliver()
        [row] = await fetch_queue(connection)
        minutes.append((row["next_attempt_at"] - now) // timedelta(minutes=1))
        now = row["next_attempt_at"]

    assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.spec("MAI-031")
async def test_server_that_is_away_delays_the_mail(
    app: FastAPI, client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    # The port is reserved and nothing listens on it.
    await request_reset(client, ada.email)
    await deliver(settings_with(app, smtp_url=SecretStr("smtp://127.0.0.1:1")))

    [row] = await fetch_queue(connection)
    assert (row["kind"], row["attempts"]) == ("password_reset", 1)
    assert inbox.mails == []


@pytest.mark.spec("MAI-032")
async def test_mail_is_given_up_after_a_day(
    client: AsyncClient,
    ada: Person,
    deliver: Deliver,
    inbox: Inbox,
    connection: asyncpg.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    failed = mails_counted("failed")
    inbox.replies += ["451 Try again later", "451 Try again later"]
    await request_reset(client, ada.email)
    await deliver()
    with time_machine.travel(utc_now() + timedelta(hours=25), tick=True):
        await deliver()

    assert await fetch_queue(connection) == []
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "cannot be sent: 451 Try again later" in record.getMessage()
    assert ada.email not in caplog.text
    assert mails_counted("failed") == failed + 1


@pytest.mark.spec("MAI-032")
async def test_mail_that_is_refused_for_good_is_given_up_at_once(
    client: AsyncClient, ada: Person, bob: Person, deliver: Deliver, inbox: Inbox, connection: asyncpg.Connection
) -> None:
    inbox.recipient_replies.append("550 No such mailbox")
    for person in (ada, bob):
        await request_reset(client, person.email)
    await deliver()

    assert len(inbox.mails) == 1, "the mail to the other recipient is sent"
    assert await fetch_queue(connection) == []


@pytest.mark.spec("MAI-033")
async def test_request_does_not_wait_for_a_server_that_hangs(
    app: FastAPI, client: AsyncClient, ada: Person, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "SEND_SECONDS", 3)
    silent = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    url = SecretStr(f"smtp://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
    await request_reset(client, ada.email)
    delivery = asyncio.create_task(deliver(settings_with(app, smtp_url=url)))
    await asyncio.sleep(0.2)

    async with asyncio.timeout(1):
        assert (await request_reset(client, ada.email)).status_code == 202
        assert (await ada.client.get("/auth/me")).status_code == 200

    assert not delivery.done()
    await delivery
    silent.close()


@pytest.mark.spec("MAI-034")
async def test_mail_of_a_process_that_died_is_sent_by_another(
    app: FastAPI, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    resources: AppResources = app.state.resources
    await change_email(ada, new_email())
    claimed = [await mail_service.claim_mail(resources.database.session, utc_now()) for _ in range(3)]
    await deliver()
    assert [row is not None for row in claimed] == [True, True, False]
    assert inbox.mails == []

    with time_machine.travel(utc_now() + timedelta(minutes=3), tick=True):
        await deliver()

    assert len(inbox.mails) == 2


@pytest.mark.spec("MAI-034")
async def test_mail_that_is_queued_again_while_it_is_sent_is_sent_again(
    app: FastAPI, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    database, email = app.state.resources.database.session, new_email()
    await change_email(ada, email)
    claimed = [await mail_service.claim_mail(database, utc_now()) for _ in range(2)]

    await change_email(ada, email)
    for row in claimed:
        assert row is not None
        await mail_service.delete_mail(database, row)
    await deliver()

    assert len(inbox.to(email)) == 1


@pytest.mark.spec("MAI-035")
async def test_sweep_deletes_what_has_expired(
    app: FastAPI, client: AsyncClient, ada: Person, deliver: Deliver, connection: asyncpg.Connection
) -> None:
    await request_reset(client, ada.email)
    await deliver()
    await request_reset(client, new_email())
    await change_email(ada, new_email())

    with time_machine.travel(utc_now() + timedelta(hours=25), tick=True):
        await sweep(app.state.resources.database.session, RETENTION)

    for table in ("mail_queue", "password_resets", "password_reset_requests"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await connection.fetchval("SELECT pending_email FROM users WHERE id = $1", ada.id) is None


@pytest.mark.spec("MAI-007")
async def test_mails_use_the_name_and_the_pages_of_the_settings(
    app: FastAPI, client: AsyncClient, ada: Person, deliver: Deliver, inbox: Inbox
) -> None:
    email, page = new_email(), "https://app.example.com/?page="
    await request_reset(client, ada.email)
    await change_email(ada, email)
    changes = {"app_name": "Our\nlist é", "password_reset_url": f"{page}reset", "email_confirm_url": f"{page}confirm"}
    await deliver(settings_with(app, **changes))

    subjects = sorted(mail["Subject"] for mail in inbox.to(ada.email))
    assert subjects == ["Our list é: Set a new password", "Our list é: Your e-mail address is about to change"]
    assert any(f"\n{page}reset#token=" in text_of(mail) for mail in inbox.to(ada.email))
    assert f"\n{page}confirm#token=" in text_of(inbox.to(email)[0])
