"""Writes with an idempotency key, and the check of a replayed response."""

from collections.abc import Awaitable
from typing import Protocol

import pytest
from httpx import Response

from tests.contract.support import REPLACEMENT
from tests.support import Json, Person

REUSED = (422, "IDEMPOTENCY_KEY_REUSED", "This idempotency key was used for another request")
IN_USE = (409, "IDEMPOTENCY_KEY_IN_USE")
WRITES: dict[str, tuple[str, str, Json | None, int]] = {
    "create a task": ("POST", "/tasks", {"title": "Water the plants"}, 201),
    "replace a task": ("PUT", "/tasks/{task}", REPLACEMENT, 200),
    "change a task": ("PATCH", "/tasks/{task}", {"completed": True}, 200),
    "delete a task": ("DELETE", "/tasks/{task}", None, 204),
    "create a tag": ("POST", "/tags", {"name": "home"}, 201),
    "replace a tag": ("PUT", "/tags/{tag}", {"name": "house"}, 200),
    "delete a tag": ("DELETE", "/tags/{tag}", None, 204),
    "add a tag": ("POST", "/tasks/{task}/tags/{tag}", None, 201),
    "remove a tag": ("DELETE", "/tasks/{task}/tags/{tag}", None, 204),
    "change the account": ("PATCH", "/auth/me", {"name": "Ada"}, 200),
}
"""Method, path, body and expected status of each write, by name."""
every_write = pytest.mark.parametrize("name", WRITES)
INSERT_KEY = "INSERT INTO idempotency_keys (user_id, key, fingerprint) VALUES ($1, $2, 'x')"


class Write(Protocol):
    """Sends a request of `WRITES` as Ada. Keywords are further headers."""

    def __call__(self, name: str, **headers: str) -> Awaitable[Response]: ...


async def create_task(owner: Person, key: str, title: str = "Water the plants") -> Response:
    """Create a task with an idempotency key."""
    return await owner.client.post("/tasks", json={"title": title}, headers={"Idempotency-Key": key})


def assert_replay(replayed: Response, first: Response) -> None:
    """Check that a response is the replay of the first response."""
    assert "Idempotency-Replayed" not in first.headers, first.headers
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert (replayed.status_code, replayed.content) == (first.status_code, first.content)
    for header in ("ETag", "Content-Type", "Content-Length"):
        assert replayed.headers.get(header) == first.headers.get(header), header
