"""Log-in with a second factor."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from httpx import AsyncClient

from tests.routers.totp.support import STEP, WRONG_LOGIN_CODE, Factor, enable_totp, log_in
from tests.support import Person, assert_error, refresh, refresh_token_in

INVALID_CREDENTIALS = (401, "INVALID_CREDENTIALS", "Invalid email or password")
REQUIRED = (401, "TOTP_REQUIRED", "This account has a second factor. Send its code as totp_code")

# Codes


@pytest.mark.spec("TFA-004")
@pytest.mark.parametrize("code", [None, "", " "], ids=["absent", "empty", "blank"])
async def test_right_password_without_a_code_is_rejected(
    client: AsyncClient, ada: Person, factor: Factor, code: str | None
) -> None:
    response = await log_in(client, ada, code)

    assert_error(response, *REQUIRED)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "Set-Cookie" not in response.headers
    assert factor.recovery_codes


@pytest.mark.spec("TFA-005")
async def test_login_with_a_code_returns_tokens(client: AsyncClient, ada: Person, factor: Factor) -> None:
    response = await log_in(client, ada, factor.code(1))

    assert response.status_code == 200
    assert (await refresh(client, refresh_token_in(response))).status_code == 200, "a refresh needs no code"


@pytest.mark.spec("TFA-005")
@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
async def test_code_of_a_neighbouring_step_is_accepted(
    client: AsyncClient, ada: Person, factor: Factor, steps: int, status: int
) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5), tick=False):
        response = await log_in(client, ada, factor.code(steps))

    assert response.status_code == status


@pytest.mark.spec("TFA-005")
@pytest.mark.parametrize("separator", [" ", "-", "  ", "\u00a0"])
async def test_code_may_have_separators(client: AsyncClient, ada: Person, factor: Factor, separator: str) -> None:
    code = factor.code(1)

    response = await log_in(client, ada, f" {code[:3]}{separator}{code[3:]} ")

    assert response.status_code == 200


@pytest.mark.spec("TFA-005")
@pytest.mark.parametrize(
    "code",
    [
        "abcdef",
        "12345",
        "1234567",
        "-",
        "²²²²²²",
        "0x1234",
        "+12345",
        "' OR 1=1",
        "aaaa-aaaa-aaaa-aaaa",
        "1" * 10_000,
        "-" * 10_000,
        "ﬁ" * 3_000,
    ],
    ids=lambda code: ascii(code[:10]),
)
async def test_text_that_is_no_code_is_rejected(client: AsyncClient, ada: Person, factor: Factor, code: str) -> None:
    response = await log_in(client, ada, code)

    assert_error(response, *WRONG_LOGIN_CODE)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "Set-Cookie" not in response.headers
    assert (await log_in(client, ada, factor.code(1))).status_code == 200


@pytest.mark.spec("TFA-005")
@pytest.mark.parametrize("zero", [0x0660, 0x0966, 0xFF10], ids=["arabic", "devanagari", "fullwidth"])
async def test_right_code_in_other_digits_is_rejected(
    client: AsyncClient, ada: Person, factor: Factor, zero: int
) -> None:
    code = "".join(chr(zero + int(digit)) for digit in factor.code(1))

    assert_error(await log_in(client, ada, code), *WRONG_LOGIN_CODE)


@pytest.mark.parametrize("body", [b"totp_code=%00", b"totp_code=%ff", b"totp_code=%ed%a0%80"])
async def test_text_that_cannot_be_stored_is_rejected(client: AsyncClient, ada: Person, body: bytes) -> None:
    content = f"username={ada.email}&password=x&".encode() + body
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    assert_error(await client.post("/auth/login", content=content, headers=headers), 422, "VALIDATION_ERROR")


@pytest.mark.spec("TFA-005")
async def test_code_of_another_user_is_rejected(client: AsyncClient, ada: Person, bob: Person, factor: Factor) -> None:
    foreign_factor = await enable_totp(bob)

    for code in (foreign_factor.code(1), foreign_factor.recovery_codes[0]):
        assert_error(await log_in(client, ada, code), *WRONG_LOGIN_CODE)
    assert (await log_in(client, bob, foreign_factor.recovery_codes[0])).status_code == 200
    assert factor.recovery_codes


# Once


@pytest.mark.spec("TFA-006")
async def test_code_works_once(client: AsyncClient, ada: Person, factor: Factor) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1), tick=False) as traveller:
        code = factor.code()
        first = await log_in(client, ada, code)
        second = await log_in(client, ada, code)
        traveller.shift(STEP)
        third = await log_in(client, ada, code)
        next_code = await log_in(client, ada, factor.code())

    assert first.status_code == 200
    assert_error(second, *WRONG_LOGIN_CODE)
    assert_error(third, *WRONG_LOGIN_CODE)
    assert next_code.status_code == 200


@pytest.mark.spec("TFA-006")
async def test_code_before_a_used_one_is_rejected(client: AsyncClient, ada: Person, factor: Factor) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5), tick=False):
        assert (await log_in(client, ada, factor.code(0))).status_code == 200
        assert_error(await log_in(client, ada, factor.code(-1)), *WRONG_LOGIN_CODE)
        assert (await log_in(client, ada, factor.code(1))).status_code == 200


@pytest.mark.spec("TFA-006")
async def test_code_of_the_confirmation_is_used(client: AsyncClient, ada: Person) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False):
        factor = await enable_totp(ada)

        assert_error(await log_in(client, ada, factor.code()), *WRONG_LOGIN_CODE)


@pytest.mark.spec("TFA-006")
@pytest.mark.parametrize("kind", ["totp", "recovery"])
async def test_of_concurrent_logins_with_one_code_one_succeeds(
    client: AsyncClient, ada: Person, factor: Factor, kind: str
) -> None:
    code = factor.code(1) if kind == "totp" else factor.recovery_codes[0]

    responses = await asyncio.gather(*(log_in(client, ada, code) for _ in range(6)))

    assert sorted(response.status_code for response in responses) == [200] + [401] * 5


@pytest.mark.spec("TFA-006")
@pytest.mark.parametrize("change", [str.upper, lambda code: code.replace("-", ""), lambda code: code.replace("-", " ")])
async def test_each_recovery_code_works_once_in_any_spelling(
    client: AsyncClient, ada: Person, factor: Factor, change: type[str]
) -> None:
    code = factor.recovery_codes[3]

    assert (await log_in(client, ada, change(code))).status_code == 200
    assert_error(await log_in(client, ada, code), *WRONG_LOGIN_CODE)
    assert (await log_in(client, ada, factor.recovery_codes[4])).status_code == 200


# Wrong passwords


@pytest.mark.spec("TFA-010")
async def test_wrong_password_tells_nothing_about_the_factor(
    client: AsyncClient, ada: Person, bob: Person, factor: Factor
) -> None:
    codes = (None, "123456", factor.code(1), factor.recovery_codes[0], "x" * 10_000)
    responses = [await log_in(client, person, code, "wrong password") for person in (ada, bob) for code in codes]

    for response in responses:
        assert_error(response, *INVALID_CREDENTIALS)
        assert response.content == responses[0].content
        assert set(response.headers) == set(responses[0].headers)


@pytest.mark.spec("TFA-010")
async def test_wrong_password_uses_no_code(client: AsyncClient, ada: Person, factor: Factor) -> None:
    codes = (factor.code(1), factor.recovery_codes[0])
    for code in codes:
        await log_in(client, ada, code, "wrong password")

    assert [(await log_in(client, ada, code)).status_code for code in codes] == [200, 200]


@pytest.mark.spec("TFA-011")
@pytest.mark.parametrize("code", [None, "", "123456", "no code"])
async def test_account_without_a_factor_ignores_the_code(client: AsyncClient, ada: Person, code: str | None) -> None:
    assert (await log_in(client, ada, code)).status_code == 200
