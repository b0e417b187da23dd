"""Fixtures for the tests of the account."""

from collections.abc import Iterator
from uuid import uuid4

import bcrypt
import pytest

from tests.routers.account.support import BcryptGate
from tests.routers.totp.support import enable_totp
from tests.support import Make, MakeToken, Person


@pytest.fixture
async def populated_account(ada: Person, make_task: Make, make_tag: Make, make_token: MakeToken) -> Person:
    """Return Ada with at least one row in every table."""
    task, tag = await make_task(ada), await make_tag(ada)
    headers = {"Idempotency-Key": uuid4().hex}
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}", headers=headers)
    await make_token(ada, "tasks:read")
    await enable_totp(ada)
    return ada


@pytest.fixture
def bcrypt_gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[BcryptGate]:
    """Block bcrypt until the gate is opened, then hash as usual."""
    bcrypt_gate, hash_password = BcryptGate(), bcrypt.hashpw

    def wait_and_hash(password: bytes, salt: bytes) -> bytes:
        bcrypt_gate.pass_through()
        return hash_password(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", wait_and_hash)
    yield bcrypt_gate
    bcrypt_gate.opened.set()
