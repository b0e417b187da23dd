"""Fixtures: an account, a gate before the service, and each client behind the gate."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.live.conftest import LogIn, Service
from tests.live.sync.clients import PythonClient, SyncClient, run_typescript
from tests.live.sync.gate import Gate


@pytest.fixture
def other(service: Service, log_in: LogIn) -> httpx.Client:
    """Another client of the same account."""
    return log_in(service, f"{uuid4().hex}@example.com")


@pytest.fixture
def gate(service: Service) -> Iterator[Gate]:
    """The server that the client calls."""
    gate = Gate(service.url)
    with gate.running():
        yield gate


@pytest.fixture(params=["sync.py", "sync.ts"])
def client(request: pytest.FixtureRequest, gate: Gate, other: httpx.Client, tmp_path: Path) -> Iterator[SyncClient]:
    """A client whose copy is empty."""
    token = other.headers["Authorization"].removeprefix("Bearer ")
    if request.param == "sync.py":
        yield PythonClient(gate.api, token)
    else:
        yield from run_typescript(gate.api, token, tmp_path)
