"""The clock of completions."""

from collections.abc import Callable
from datetime import datetime

import pytest

from todo.routers import occurrences

SetNow = Callable[[str], None]


@pytest.fixture(autouse=True)
def set_now(monkeypatch: pytest.MonkeyPatch) -> SetNow:
    """Set the instant of the next requests; at first it is noon of a Tuesday in UTC."""

    def set_instant(text: str) -> None:
        monkeypatch.setattr(occurrences, "utc_now", lambda: datetime.fromisoformat(text))

    set_instant("2026-12-01T12:00:00Z")
    return set_instant
