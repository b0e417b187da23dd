"""The setting SMTP_URL."""

from pathlib import Path

import pytest

from todo.core.mail.smtp_url import Encryption, SmtpServer, read_smtp_url


@pytest.mark.spec("MAI-002")
@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.com", SmtpServer("mail.example.com", 587, Encryption.OFFERED)),
        ("smtps://mail.example.com", SmtpServer("mail.example.com", 465, Encryption.TLS)),
        ("smtp://MAIL.example.com:25/", SmtpServer("mail.example.com", 25, Encryption.OFFERED)),
        ("smtp://bücher.example:25", SmtpServer("xn--bcher-kva.example", 25, Encryption.OFFERED)),
        ("smtp://[::1]:2525", SmtpServer("::1", 2525, Encryption.OFFERED)),
        ("smtp://mail:25?starttls=never", SmtpServer("mail", 25, Encryption.NEVER)),
        ("smtp://mail:25?starttls=required", SmtpServer("mail", 25, Encryption.REQUIRED)),
        (
            "smtp://ada%40example.com:p%3A%2F%20%C3%A9@mail.example.com",
            SmtpServer("mail.example.com", 587, Encryption.OFFERED, "ada@example.com", "p:/ é"),
        ),
    ],
)
def test_parts_of_the_url_are_read(url: str, server: SmtpServer) -> None:
    assert read_smtp_url(url) == server


@pytest.mark.spec("MAI-006")
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mail.example.com:587", "should look like"),
        ("http://mail.example.com", "should look like"),
        ("smtp://", "should look like"),
        ("smtp://mail.example.com:0", "should look like"),
        ("smtp://mail.example.com:99999", "should look like"),
        ("smtp://mail.example.com:port", "should look like"),
        ("smtp://mail.example.com/inbox", "should look like"),
        ("smtp://mail.example.com#top", "should look like"),
        ("smtp://mail example.com", "should look like"),
        ("smtp://mail.example.com\r\nX", "should look like"),
        ("smtp://[::1", "should look like"),
        ("smtp://user@mail.example.com", "both a user and a password"),
        ("smtp://:password@mail.example.com", "both a user and a password"),
        ("smtp://us%FFer:password@mail.example.com", "percent-encoded UTF-8"),
        ("smtp://mail.example.com?tls=yes", "only the options"),
        ("smtp://mail.example.com?starttls=never&starttls=never", "only the options"),
        ("smtp://mail.example.com?starttls=maybe", "starttls=required or starttls=never"),
        ("smtp://mail.example.com?starttls=offered", "starttls=required or starttls=never"),
        ("smtps://mail.example.com?starttls=required", "smtps://"),
        ("smtp://mail.example.com?cafile=/nowhere/ca.pem", "readable file"),
        (f"smtp://mail.example.com?starttls=never&cafile={__file__}", "cafile"),
    ],
)
def test_url_that_cannot_be_honoured_is_rejected(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        read_smtp_url(url)

    assert "password@" not in str(raised.value).replace("user:password@mail.example.com", "")


@pytest.mark.spec("MAI-002")
def test_cafile_is_read(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")

    server = read_smtp_url(f"smtps://mail.example.com?cafile={tmp_path}/ca.pem")

    assert server.cafile == f"{tmp_path}/ca.pem"


@pytest.mark.spec("MAI-002")
@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("[::1]", True),
        ("mail", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_addresses_are_local(host: str, is_local: bool) -> None:
    assert read_smtp_url(f"smtp://{host}").is_local == is_local


def test_representation_has_no_password() -> None:
    assert "hunter2" not in repr(read_smtp_url("smtp://relay:hunter2@mail.example.com"))
