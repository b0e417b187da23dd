"""Fixtures: an application that sends mail, its database, and the server that receives the mail."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from fastapi import FastAPI

from tests.routers.mailed_links.support import Deliver
from tests.smtp import Inbox, mail_settings, serving_smtp
from tests.support import MakeApp, MakeDatabase
from todo.core.clock import utc_now
from todo.core.config import Settings
from todo.core.database.url import connect_arguments
from todo.http.request_state import AppResources
from todo.main import make_mail_service
from todo.services.delivery.service import deliver_mails
from todo.workers import mailer


@pytest.fixture(scope="session")
async def inbox() -> AsyncIterator[Inbox]:
    """Serve SMTP."""
    async with serving_smtp(Inbox()) as inbox:
        yield inbox


@pytest.fixture(scope="session")
async def mail_database_url(make_database: MakeDatabase) -> str:
    """Return the URL of a database whose mails no other application sends."""
    return await make_database()


@pytest.fixture(scope="session")
async def app(make_session_app: MakeApp, mail_database_url: str, inbox: Inbox) -> FastAPI:
    """Return an application that sends mail only when `deliver` is called."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mailer, "INTERVAL_SECONDS", 3600)
        return await make_session_app(mail_database_url, **mail_settings(inbox))


@pytest.fixture
async def connection(mail_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection to the database of the application."""
    connection = await asyncpg.connect(**connect_arguments(mail_database_url))
    yield connection
    await connection.close()


@pytest.fixture
def deliver(app: FastAPI) -> Deliver:
    """Send the mails that are due, as the worker does."""
    resources: AppResources = app.state.resources

    async def deliver(settings: Settings | None = None) -> None:
        mail_service = make_mail_service(settings or resources.settings)
        assert mail_service is not None
        await deliver_mails(resources.database.session, mail_service, utc_now)

    return deliver


@pytest.fixture(autouse=True)
async def clean_inbox(inbox: Inbox, connection: asyncpg.Connection) -> None:
    """Forget the mails and replies of earlier tests."""
    for messages in (inbox.mails, inbox.envelopes, inbox.encrypted, inbox.replies, inbox.recipient_replies):
        messages.clear()
    inbox.commands = 0
    for table in ("mail_queue", "password_resets", "password_reset_requests"):
        await connection.execute(f"DELETE FROM {table}")
