"""The settings of mail, together and by themselves."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.support import make_settings
from todo.core.mail.addresses import read_sender

MAIL: dict[str, Any] = {
    "smtp_url": "smtp://mail.example.com",
    "mail_from": "todo@example.com",
    "public_url": "https://todo.example.com/",
}


@pytest.mark.spec("MAI-006")
@pytest.mark.parametrize("name", ["mail_from", "public_url"])
def test_smtp_url_needs_the_other_settings(name: str) -> None:
    with pytest.raises(ValidationError, match="MAIL_FROM and PUBLIC_URL should be set when SMTP_URL is set"):
        make_settings(**{key: value for key, value in MAIL.items() if key != name})


@pytest.mark.spec("MAI-006")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mail_from", "todo@example.com"),
        ("password_reset_url", "https://app.example.com/reset"),
        ("email_confirm_url", "https://app.example.com/confirm"),
    ],
)
def test_setting_without_smtp_url_is_rejected(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=f"SMTP_URL should be set when {name.upper()} is set"):
        make_settings(**{name: value})


def test_public_url_loses_its_trailing_slash() -> None:
    assert make_settings(**MAIL).public_url == "https://todo.example.com"


def test_public_url_can_have_a_path() -> None:
    assert make_settings(public_url="http://host:8000/todo/").public_url == "http://host:8000/todo"


@pytest.mark.spec("MAI-006")
@pytest.mark.parametrize(
    "url",
    [
        *("todo.example.com", "ftp://todo.example.com", "https://", "https://todo.example.com:0"),
        *("https://user:pw@todo.example.com", "https://todo.example.com/#/reset", "https://todo.example.com/a b"),
        *("https://bücher.example", 'https://todo.example.com/"', "https://todo.example.com/\r\nBcc: eve@example.com"),
    ],
)
@pytest.mark.parametrize("name", ["public_url", "password_reset_url", "email_confirm_url"])
def test_url_of_another_form_is_rejected(name: str, url: str) -> None:
    with pytest.raises(ValidationError, match=r"should look like https://todo\.example\.com"):
        make_settings(**(MAIL | {name: url}))


@pytest.mark.spec("MAI-006")
def test_public_url_has_no_query() -> None:
    with pytest.raises(ValidationError, match="neither a query nor a fragment"):
        make_settings(**(MAIL | {"public_url": "https://todo.example.com/?page=1"}))


def test_page_url_can_have_a_query() -> None:
    url = "https://app.example.com/?page=reset"

    assert make_settings(**(MAIL | {"password_reset_url": url})).password_reset_url == url


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("todo@example.com", "", "todo@example.com"),
        ("Todo <todo@example.com>", "Todo", "todo@example.com"),
        ('"Ada, and Bob" <todo@example.com>', "Ada, and Bob", "todo@example.com"),
        ("Bücher <todo@bücher.example>", "Bücher", "todo@xn--bcher-kva.example"),
        ("todo@localhost", "", "todo@localhost"),
    ],
)
def test_sender_is_read(value: str, name: str, address: str) -> None:
    sender = read_sender(value)

    assert (sender.display_name, sender.addr_spec) == (name, address)


@pytest.mark.spec("MAI-006")
@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "todo",
            "todo@",
            "@example.com",
            "Todo <todo>",
            "jürgen@example.com",
            "a b@example.com",
            "a@exa mple.com",
        ),
        *("todo@example.com\nBcc: eve@example.com", "todo@example.com, eve@example.com", "Todo\r\n <todo@example.com>"),
        "=?utf-8?q?todo?=@example.com",
    ],
)
def test_sender_of_another_form_is_rejected(value: str) -> None:
    with pytest.raises(ValueError, match="should be an address"):
        read_sender(value)
