"""A second factor that is enabled during a log-in."""

import asyncio

import pytest
from httpx import AsyncClient

from tests.routers.account.support import BcryptGate
from tests.routers.totp.support import Factor, confirm_totp, start_totp
from tests.support import Person, assert_error, log_in


@pytest.mark.spec("TFA-004")
async def test_log_in_that_began_before_the_factor_was_enabled_is_rejected(
    client: AsyncClient, ada: Person, bcrypt_gate: BcryptGate
) -> None:
    bcrypt_gate.opened.set()
    secret = (await start_totp(ada)).json()["secret"]
    bcrypt_gate.opened.clear()
    bcrypt_gate.reached.clear()

    login = asyncio.create_task(log_in(client, ada.email))
    await asyncio.to_thread(bcrypt_gate.reached.wait, 10)
    confirmed = await confirm_totp(ada, Factor(secret, []).code())
    bcrypt_gate.opened.set()

    assert confirmed.status_code == 200
    assert_error(await login, 401, "INVALID_CREDENTIALS")
