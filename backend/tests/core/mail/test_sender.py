"""The delivery of one mail to a real SMTP server: encryption, authentication, refusals, addresses."""

import asyncio
import ssl
from datetime import UTC, datetime
from email.headerregistry import Address
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.smtp import MAIL_PASSWORD, USER, Inbox, make_certificate, serving_smtp, text_of
from todo.core.mail import sender as sender_module
from todo.core.mail.addresses import read_sender
from todo.core.mail.sender import Mail, MailNotSentError, MailRejectedError, MailSender, build_message
from todo.core.mail.smtp_url import SmtpServer, read_smtp_url

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
SENDER = "Tödo <todo@example.com>"
MAIL = Mail("ada@example.com", "Todo: Set a new password", "Open this link:\n\nhttps://todo.example.com/x\n")
CREDENTIALS = f"{quote(USER, safe='')}:{quote(MAIL_PASSWORD, safe='')}"


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A self-signed certificate."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


def with_authentication(inbox: Inbox, **options: Any) -> Any:
    """Serve with AUTH, which is required."""
    return serving_smtp(inbox, authenticator=inbox.authenticate, auth_required=True, **options)


async def send(url: str, mail: Mail = MAIL) -> None:
    """Send a mail with the settings of an SMTP_URL."""
    await MailSender(read_smtp_url(url), read_sender(SENDER)).send(mail, NOW)


@pytest.mark.spec("MAI-001")
async def test_server_receives_a_plain_text_mail() -> None:
    async with serving_smtp(Inbox()) as inbox:
        await send(inbox.url)

    [mail] = inbox.mails
    assert mail["From"] == "Tödo <todo@example.com>"
    assert mail["To"] == "ada@example.com"
    assert mail["Subject"] == "Todo: Set a new password"
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"].endswith("@example.com>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail.get_content_type(), mail.get_content_charset()) == ("text/plain", "utf-8")
    assert text_of(mail) == MAIL.text
    [envelope] = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("todo@example.com", ["ada@example.com"])


# Encryption


@pytest.mark.spec("MAI-002")
@pytest.mark.parametrize("option", ["", "?starttls=required"])
async def test_starttls_is_used_when_the_server_offers_it(tls: tuple[ssl.SSLContext, Path], option: str) -> None:
    async with serving_smtp(Inbox(), tls_context=tls[0]) as inbox:
        await send(f"{inbox.url}{option}")

    assert inbox.encrypted == [True]


@pytest.mark.spec("MAI-002")
async def test_starttls_is_not_used_when_the_option_forbids_it(tls: tuple[ssl.SSLContext, Path]) -> None:
    async with serving_smtp(Inbox(), tls_context=tls[0]) as inbox:
        await send(f"{inbox.url}?starttls=never")

    assert inbox.encrypted == [False]


@pytest.mark.spec("MAI-002")
async def test_nothing_is_sent_without_a_required_starttls() -> None:
    async with serving_smtp(Inbox()) as inbox:
        with pytest.raises(MailNotSentError):
            await send(f"{inbox.url}?starttls=required")

    assert inbox.mails == []


@pytest.mark.spec("MAI-002")
async def test_smtps_is_encrypted_from_the_start(tls: tuple[ssl.SSLContext, Path]) -> None:
    async with serving_smtp(Inbox(), implicit_tls=tls[0]) as inbox:
        await send(f"smtps://localhost:{inbox.port}")

    assert len(inbox.mails) == 1


@pytest.mark.spec("MAI-002")
@pytest.mark.parametrize(("trusted", "sent"), [(False, 0), (True, 1)], ids=["unknown", "cafile"])
async def test_certificate_of_a_remote_server_is_verified(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch, trusted: bool, sent: int
) -> None:
    monkeypatch.setattr(SmtpServer, "is_local", False)
    async with serving_smtp(Inbox(), tls_context=tls[0]) as inbox:
        url = f"smtp://localhost:{inbox.port}" + (f"?cafile={quote(str(tls[1]))}" if trusted else "")
        if trusted:
            await send(url)
        else:
            with pytest.raises(MailNotSentError, match="certificate"):
                await send(url)

    assert inbox.encrypted == [True] * sent


# Authentication


@pytest.mark.spec("MAI-003")
async def test_percent_encoded_credentials_authenticate(tls: tuple[ssl.SSLContext, Path]) -> None:
    async with with_authentication(Inbox(), tls_context=tls[0]) as inbox:
        await send(f"smtp://{CREDENTIALS}@127.0.0.1:{inbox.port}")

    assert inbox.logins == [USER]
    assert len(inbox.mails) == 1


@pytest.mark.spec("MAI-003")
async def test_wrong_password_is_a_failure_that_can_be_retried(tls: tuple[ssl.SSLContext, Path]) -> None:
    async with with_authentication(Inbox(), tls_context=tls[0]) as inbox:
        with pytest.raises(MailNotSentError, match="535") as raised:
            await send(f"smtp://relay:wrong@127.0.0.1:{inbox.port}")

    assert not isinstance(raised.value, MailRejectedError)


@pytest.mark.spec("MAI-003")
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize(("option", "logins"), [("", []), ("?starttls=never", [USER])], ids=["default", "never"])
async def test_password_is_sent_in_plain_text_only_if_the_option_allows_it(
    monkeypatch: pytest.MonkeyPatch, option: str, logins: list[str]
) -> None:
    monkeypatch.setattr(SmtpServer, "is_local", False)
    async with with_authentication(Inbox(), auth_require_tls=False) as inbox:
        url = f"smtp://{CREDENTIALS}@127.0.0.1:{inbox.port}{option}"
        if option:
            await send(url)
        else:
            with pytest.raises(MailNotSentError, match="password was not sent"):
                await send(url)

    assert inbox.logins == logins


# Refusals


@pytest.mark.spec("MAI-031")
@pytest.mark.parametrize(("reply", "is_final"), [("451 Try again later", False), ("550 No such mailbox", True)])
@pytest.mark.parametrize("stage", ["replies", "recipient_replies"])
async def test_refusal_is_final_from_code_500_on(stage: str, reply: str, is_final: bool) -> None:
    async with serving_smtp(Inbox()) as inbox:
        getattr(inbox, stage).append(reply)
        with pytest.raises(MailNotSentError, match=reply) as raised:
            await send(inbox.url)

    assert isinstance(raised.value, MailRejectedError) == is_final


@pytest.mark.spec("MAI-031")
async def test_server_that_is_away_is_a_failure_that_can_be_retried() -> None:
    async with serving_smtp(Inbox()) as inbox:
        pass

    with pytest.raises(MailNotSentError) as raised:
        await send(inbox.url)

    assert not isinstance(raised.value, MailRejectedError)


@pytest.mark.spec("MAI-031")
async def test_server_that_hangs_fails_after_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "SEND_SECONDS", 0.2)
    silent = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]

    async with asyncio.timeout(5):
        with pytest.raises(MailNotSentError):
            await send(f"smtp://127.0.0.1:{port}")

    silent.close()


# Addresses and headers


@pytest.mark.spec("MAI-004")
@pytest.mark.parametrize(
    ("recipient", "envelope_recipient"),
    [
        ("o'brien+todo@example.com", "o'brien+todo@example.com"),
        ("!#$%&*/=?^_`{|}~@example.com", "!#$%&*/=?^_`{|}~@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
        ("jürgen@example.com", "jürgen@example.com"),
        ("用户@bücher.example", "用户@xn--bcher-kva.example"),
        ("a" * 64 + "@" + "b" * 60 + ".example", "a" * 64 + "@" + "b" * 60 + ".example"),
    ],
)
async def test_address_with_odd_characters_receives_its_mail(recipient: str, envelope_recipient: str) -> None:
    async with serving_smtp(Inbox()) as inbox:
        await send(inbox.url, Mail(recipient, "Todo: Hello", "Grüße\n"))

    [envelope], [mail] = inbox.envelopes, inbox.mails
    assert envelope.rcpt_tos == [envelope_recipient]
    assert isinstance(envelope.content, bytes)
    assert f"\r\nTo: {envelope_recipient}\r\n".encode() in envelope.content
    assert text_of(mail) == "Grüße\n"


@pytest.mark.spec("MAI-004")
async def test_local_part_outside_ascii_is_rejected_by_a_server_without_smtputf8() -> None:
    async with serving_smtp(Inbox(), enable_SMTPUTF8=False) as inbox:
        with pytest.raises(MailRejectedError, match="SMTPUTF8"):
            await send(inbox.url, Mail("jürgen@example.com", "Todo: Hello", "Hello\n"))

    assert inbox.mails == []


@pytest.mark.spec("MAI-005")
@pytest.mark.parametrize(
    ("recipient", "subject"),
    [
        ("ada@example.com\nBcc: eve@example.com", "Hello"),
        ("ada\r\nBcc: eve@example.com", "Hello"),
        ("ada@example.com", "Hello\nBcc: eve@example.com"),
        ("ada@example.com", "Hello\r\n\r\nAnother body"),
    ],
)
def test_header_injection_is_impossible(recipient: str, subject: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the messages of the standard library vary
        build_message(Address("", "todo", "example.com"), Mail(recipient, subject, "Hello\n"), NOW)


@pytest.mark.spec("MAI-005")
@pytest.mark.parametrize("local_part", ["=?utf-8?q?ada?=", "=?utf-8?q?=40evil.example?=", "x.=?utf-8?b?YQ==?="])
async def test_nothing_is_sent_to_an_address_that_servers_can_decode_to_another_one(local_part: str) -> None:
    async with serving_smtp(Inbox()) as inbox:
        with pytest.raises(MailRejectedError, match="RFC 2047"):
            await send(inbox.url, Mail(f"{local_part}@example.com", "Todo: Hello", "Hello\n"))

    assert inbox.envelopes == []


@pytest.mark.spec("MAI-005")
async def test_long_link_stays_on_one_line() -> None:
    link = f"https://todo.example.com/{'path/' * 100}#token={'t' * 64}"
    async with serving_smtp(Inbox()) as inbox:
        await send(inbox.url, Mail("ada@example.com", "Todo: Hello", f"Open:\n\n{link}\n\nBye\n"))

    assert link in text_of(inbox.mails[0]).splitlines()
