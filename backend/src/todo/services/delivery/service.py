"""The delivery of queued mails: write the text, hand it to the SMTP server, and retry later if that fails."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from todo.core.database.session import Row, Session
from todo.core.mail.sender import Mail, MailNotSentError, MailRejectedError, MailSender
from todo.core.metrics import MAILS, MAILS_WAITING
from todo.domain.mail import MailKind
from todo.services.accounts import email_change
from todo.services.delivery import texts
from todo.services.delivery.texts import Pages
from todo.services.mail.service import LIFETIME, claim_mail, count_mails, delay_mail, delete_mail
from todo.services.password_resets import service as password_resets

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MailService:
    """The means to send mail.

    Attributes:
        sender: hands mails to the SMTP server.
        pages: the name and the links in the mails.
    """

    sender: MailSender
    pages: Pages


async def deliver_mails(session: Session, mail_service: MailService, clock: Callable[[], datetime]) -> None:
    """Queue the mails of password resets, and send mails until none is due or one could not be sent.

    Several processes can deliver from one queue at once: a claimed mail belongs to one of them (MAI-030).
    """
    while await password_resets.queue_reset_mails(session, clock()):
        pass
    is_sending = True
    while is_sending:
        queued = await claim_mail(session, clock())
        is_sending = queued is not None and await _deliver(session, mail_service, queued, clock)
    MAILS_WAITING.set(await count_mails(session))


async def _deliver(session: Session, mail_service: MailService, queued: Row, clock: Callable[[], datetime]) -> bool:
    """Send a claimed mail, and return whether the server works."""
    now = clock()
    mail = await _write_mail(session, mail_service.pages, queued, now)
    try:
        if mail is not None:
            await mail_service.sender.send(mail, now)
            MAILS.labels("sent").inc()
    except MailRejectedError as error:
        _give_up(queued, error)
    except MailNotSentError as error:
        if queued["created_at"] + LIFETIME > now:
            await _retry(session, queued, error, clock())
            return False
        _give_up(queued, error)
    await delete_mail(session, queued)
    return True


async def _retry(session: Session, queued: Row, error: MailNotSentError, now: datetime) -> None:
    delay = await delay_mail(session, queued, now)
    MAILS.labels("delayed").inc()
    logger.warning(
        "A mail (%s) was not sent, and is tried again in %d seconds: %s",
        queued["kind"],
        delay.total_seconds(),
        error,
    )


def _give_up(queued: Row, error: MailNotSentError) -> None:
    MAILS.labels("failed").inc()
    logger.error("A mail (%s) to user %s cannot be sent: %s", queued["kind"], queued["user_id"], error)


async def _write_mail(session: Session, pages: Pages, queued: Row, now: datetime) -> Mail | None:
    """Return the mail with a new token, or None if its reason has gone."""
    user_id, recipient = queued["user_id"], queued["recipient"]
    match MailKind(queued["kind"]):
        case MailKind.PASSWORD_RESET:
            token = await password_resets.create_reset_token(session, user_id, recipient, now)
            write, lifetime = texts.write_password_reset, password_resets.TOKEN_LIFETIME
        case MailKind.EMAIL_CHANGE:
            token = await email_change.create_email_token(session, user_id, recipient, now)
            write, lifetime = texts.write_email_change, email_change.TOKEN_LIFETIME
        case MailKind.EMAIL_CHANGE_ASKED:
            return texts.write_email_change_asked(pages, recipient)
        case MailKind.EMAIL_CHANGED:
            return texts.write_email_changed(pages, recipient)
    return write(pages, recipient, token.text, now, lifetime) if token else None
