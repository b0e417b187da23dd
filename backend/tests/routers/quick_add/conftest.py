"""The clock of quick add, and a request."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import pytest
from httpx import Response

from tests.support import Person
from todo.routers import tasks

NOW = "2026-11-27T11:00:00+00:00"
QuickAdd = Callable[..., Awaitable[Response]]


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read texts on Friday, 27 November 2026."""
    monkeypatch.setattr(tasks, "utc_now", lambda: datetime.fromisoformat(NOW))


@pytest.fixture
def quick_add() -> QuickAdd:
    """Send a text. Keywords are further fields of the body."""

    async def send(owner: Person, text: str, headers: Mapping[str, str] | None = None, **fields: object) -> Response:
        return await owner.client.post("/tasks/quick", json={"text": text} | fields, headers=dict(headers or {}))

    return send


@pytest.fixture
async def berliner(ada: Person) -> Person:
    """Return Ada with an account in Berlin and a project Home."""
    response = await ada.client.patch("/auth/me", json={"time_zone": "Europe/Berlin"})
    assert response.status_code == 200, response.text
    response = await ada.client.post("/projects", json={"name": "Home"})
    assert response.status_code == 201, response.text
    return ada
