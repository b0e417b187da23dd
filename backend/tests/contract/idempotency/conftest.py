"""Fixtures of the tests of idempotency keys."""

from uuid import uuid4

import pytest
from httpx import Response

from tests.contract.idempotency.support import WRITES, Write
from tests.support import Json, Person


@pytest.fixture
def key() -> str:
    """Return an unused idempotency key."""
    return str(uuid4())


@pytest.fixture
def write(ada: Person, task: Json, tag: Json, key: str) -> Write:
    """Send requests of `WRITES` as Ada with the key."""

    async def send(name: str, **headers: str) -> Response:
        method, path, body, _ = WRITES[name]
        path = path.format(task=task["id"], tag=tag["id"])
        return await ada.client.request(method, path, json=body, headers={"Idempotency-Key": key, **headers})

    return send
