"""Requests and types for the tests of the second factor."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyotp
from httpx import AsyncClient, Response

from tests.support import PASSWORD, Json, Person

STEP = timedelta(seconds=30)
WRONG_CODE = (400, "WRONG_TOTP_CODE", "The code is wrong, or it was used before")
WRONG_LOGIN_CODE = (401, "INVALID_TOTP_CODE", "The code is wrong, or it was used before")


@dataclass(frozen=True)
class Factor:
    """An enabled second factor: its secret, and its recovery codes as the service returned them."""

    secret: str
    recovery_codes: list[str]

    def code(self, steps: int = 0) -> str:
        """Return the TOTP code of the current step, or of a step before or after it."""
        return pyotp.TOTP(self.secret).at(datetime.now(UTC) + steps * STEP)

    def wrong_code(self) -> str:
        """Return six digits that are no code of the steps around the current one."""
        codes = {self.code(steps) for steps in range(-3, 4)}
        return next(code for code in map("{:06}".format, range(10)) if code not in codes)


async def start_totp(person: Person, password: str = PASSWORD) -> Response:
    """Request a secret."""
    return await person.client.post("/auth/totp", json={"password": password})


async def confirm_totp(person: Person, code: str) -> Response:
    """Confirm the pending secret with a code."""
    return await person.client.post("/auth/totp/confirm", json={"code": code})


async def enable_totp(person: Person) -> Factor:
    """Set up a second factor. The code of the current step is used."""
    start = await start_totp(person)
    assert start.status_code == 200, start.text
    secret: str = start.json()["secret"]
    response = await confirm_totp(person, Factor(secret, []).code())
    assert response.status_code == 200, response.text
    return Factor(secret, response.json()["recovery_codes"])


async def delete_totp(person: Person, code: str, password: str = PASSWORD) -> Response:
    """Delete the second factor."""
    return await person.client.request("DELETE", "/auth/totp", json={"password": password, "code": code})


async def replace_codes(person: Person, code: str, password: str = PASSWORD) -> Response:
    """Replace the recovery codes."""
    return await person.client.post("/auth/totp/recovery-codes", json={"password": password, "code": code})


async def log_in(client: AsyncClient, person: Person, code: str | None = None, password: str = PASSWORD) -> Response:
    """Send the login form, with the field `totp_code` unless it is None."""
    form = {"username": person.email, "password": password}
    return await client.post("/auth/login", data=form if code is None else form | {"totp_code": code})


async def is_enabled(person: Person) -> bool:
    """Return the field `totp_enabled` of the account."""
    account: Json = (await person.client.get("/auth/me")).json()
    enabled: bool = account["totp_enabled"]
    return enabled
