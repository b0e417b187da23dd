"""An SMTP server on the loopback device that keeps the mails it accepts."""

import asyncio
import re
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support import Json

SENDER = "Todo <todo@example.com>"
PUBLIC_URL = "https://todo.example.com"
TOKEN = re.compile(r"#token=([A-Za-z0-9_-]{64})\n")
USER, MAIL_PASSWORD = "relay@example.com", "p@ss:word/é"


class Inbox:
    """The mails that a server has accepted, and how it behaves.

    Attributes:
        port: the port on 127.0.0.1.
        mails: the accepted mails, in order.
        envelopes: their envelopes.
        encrypted: for each mail, whether it arrived over TLS.
        logins: the users who authenticated.
        replies: replies to the next mails in place of 250, such as "451 Try again later".
        recipient_replies: replies to the next recipients in place of 250.
        commands: how many mails were offered.
    """

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.logins: list[str] = []
        self.replies: list[str] = []
        self.recipient_replies: list[str] = []
        self.commands = 0

    @property
    def url(self) -> str:
        """The SMTP_URL of this server."""
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept or refuse a recipient."""
        self.commands += 1
        if self.recipient_replies:
            return self.recipient_replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Accept or refuse a mail."""
        if self.replies:
            return self.replies.pop(0)
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default_policy)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.envelopes.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        """Accept USER with MAIL_PASSWORD."""
        assert isinstance(data, LoginPassword)
        if (data.login.decode(), data.password.decode()) != (USER, MAIL_PASSWORD):
            return AuthResult(success=False, handled=False)
        self.logins.append(data.login.decode())
        return AuthResult(success=True)

    def to(self, recipient: str) -> list[EmailMessage]:
        """Return the mails to a recipient, oldest first."""
        pairs = zip(self.mails, self.envelopes, strict=True)
        return [mail for mail, envelope in pairs if recipient in envelope.rcpt_tos]


def text_of(mail: EmailMessage) -> str:
    """Return the text of a mail, with line feeds."""
    return str(mail.get_content()).replace("\r\n", "\n")


def token_in(mail: EmailMessage) -> str:
    """Return the token in the link of a mail."""
    [token] = TOKEN.findall(text_of(mail))
    return str(token)


@asynccontextmanager
async def serving_smtp(inbox: Inbox, **options: Any) -> AsyncIterator[Inbox]:
    """Serve SMTP for the length of the block. Keywords are options of aiosmtpd's server."""
    implicit_tls = options.pop("implicit_tls", None)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(inbox, enable_SMTPUTF8=options.get("enable_SMTPUTF8", True), **_without_utf8(options)),
        "127.0.0.1",
        inbox.port,
        ssl=implicit_tls,
    )
    inbox.port = server.sockets[0].getsockname()[1]
    try:
        yield inbox
    finally:
        server.close()


def make_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return the context of a TLS server with a self-signed certificate for localhost, and the certificate."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:mail.test,IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


def mail_settings(inbox: Inbox) -> Json:
    """Return the settings that send mail to this server."""
    return {"smtp_url": inbox.url, "mail_from": SENDER, "public_url": PUBLIC_URL}


def _without_utf8(options: Json) -> Json:
    return {name: value for name, value in options.items() if name != "enable_SMTPUTF8"}
