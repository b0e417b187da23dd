"""The clock of lists."""

from collections.abc import Callable
from datetime import datetime

import pytest

from todo.routers import tasks

SetNow = Callable[[str], None]


@pytest.fixture
def set_now(monkeypatch: pytest.MonkeyPatch) -> SetNow:
    """Set the instant at which lists are read."""
    return lambda text: monkeypatch.setattr(tasks, "utc_now", lambda: datetime.fromisoformat(text))
