"""Messages, and their delivery to the SMTP server."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, make_msgid

import aiosmtplib
import idna

from todo.core.mail.addresses import ENCODED_WORD
from todo.core.mail.smtp_url import Encryption, SmtpServer

SEND_SECONDS = 30.0
"""How long one mail may take, from the connection to the acknowledgement."""
QUIT_SECONDS = 2.0
PERMANENT_MIN = 500
"""SMTP replies from this code on are permanent (RFC 5321, section 4.2.1)."""
MAX_LINE = 998
"""Characters of a line (RFC 5322, section 2.1.1). A link stays whole on its line."""
POLICY = SMTP_POLICY.clone(max_line_length=MAX_LINE)


class MailNotSentError(Exception):
    """The server did not accept the mail. Another attempt can succeed."""


class MailRejectedError(MailNotSentError):
    """The mail can never be sent to this recipient."""


@dataclass(frozen=True)
class Mail:
    """A mail in plain text.

    Attributes:
        recipient: an address as `normalize_email` returns it.
        subject: one line.
        text: lines that end with a line feed.
    """

    recipient: str
    subject: str
    text: str


class MailSender:
    """Opens a connection for each mail.

    Args:
        server: accepts the mails.
        sender: the address in `From`, which can have a name: `Todo <todo@example.com>`.
    """

    def __init__(self, server: SmtpServer, sender: Address) -> None:
        self._server = server
        self._sender = sender

    async def send(self, mail: Mail, now: datetime) -> None:
        """Hand a mail to the server.

        Raises:
            MailRejectedError: the server refuses the recipient or the mail for good, or the recipient has an encoded
                word.
            MailNotSentError: the server is away, too slow, or refuses for now.
        """
        if ENCODED_WORD.search(mail.recipient):
            raise MailRejectedError("Mail servers can read the address of the recipient as another one (RFC 2047)")
        message = build_message(self._sender, mail, now)
        client = self._make_client()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._hand_over(client, message, _to_ascii_domain(mail.recipient))
            await _quit(client)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _read_error(error) from error
        finally:
            client.close()

    async def check(self) -> None:
        """Connect to the server, and log in if SMTP_URL has a user. No mail is sent.

        Raises:
            MailNotSentError: the server is away, too slow, or refuses the password.
        """
        client = self._make_client()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._connect(client)
            await _quit(client)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _read_error(error) from error
        finally:
            client.close()

    def _make_client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=self._sender.domain,
            timeout=SEND_SECONDS,
            use_tls=server.encryption is Encryption.TLS,
            start_tls={Encryption.OFFERED: None, Encryption.REQUIRED: True}.get(server.encryption, False),
            tls_context=_tls_context(server),
        )

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        server = self._server
        await client.connect()
        if server.user is not None:
            if not (server.is_local or server.encryption is Encryption.NEVER or _is_encrypted(client)):
                raise aiosmtplib.SMTPNotSupported(
                    "The server offers no STARTTLS, so the password was not sent. "
                    "The option starttls=never in SMTP_URL sends it in plain text"
                )
            await client.login(server.user, server.password)

    async def _hand_over(self, client: aiosmtplib.SMTP, message: EmailMessage, recipient: str) -> None:
        await self._connect(client)
        await client.send_message(message, sender=self._sender.addr_spec, recipients=[recipient])


def build_message(sender: Address, mail: Mail, now: datetime) -> EmailMessage:
    """Return the message of a mail (RFC 5322). The header classes reject line breaks in addresses and subjects."""
    local_part, _, domain = _to_ascii_domain(mail.recipient).rpartition("@")
    message = EmailMessage(POLICY)
    message["From"] = sender
    message["To"] = Address(username=local_part, domain=domain)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.domain)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message


async def _quit(client: aiosmtplib.SMTP) -> None:
    """Say goodbye. The mail is accepted, so a failure here is none."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=QUIT_SECONDS)


def _is_encrypted(client: aiosmtplib.SMTP) -> bool:
    return client.transport is not None and client.transport.get_extra_info("sslcontext") is not None


def _tls_context(server: SmtpServer) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=server.cafile)
    if server.is_local and server.cafile is None:
        # The connection does not leave the machine, and mail servers there often have a self-signed certificate.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _to_ascii_domain(address: str) -> str:
    """Return the address with the domain as in DNS, which every mail server understands."""
    local_part, _, domain = address.rpartition("@")
    return f"{local_part}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"


def _read_error(error: Exception) -> MailNotSentError:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        refusal = error.recipients[0]
        return _rejected_from(refusal.code, f"{refusal.code} {refusal.message}")
    if isinstance(error, aiosmtplib.SMTPDataError):
        return _rejected_from(error.code, f"{error.code} {error.message}")
    if isinstance(error, aiosmtplib.SMTPNotSupported) and "SMTPUTF8" in str(error):
        return MailRejectedError(str(error))
    return MailNotSentError(f"{type(error).__name__}: {str(error) or 'the server did not respond in time'}")


def _rejected_from(code: int, reason: str) -> MailNotSentError:
    return MailRejectedError(reason) if code >= PERMANENT_MIN else MailNotSentError(reason)
