"""Fixtures of the tests that speak raw bytes."""

from uuid import uuid4

import pytest

from tests.live.conftest import LogIn, Service


@pytest.fixture
def authorization(service: Service, log_in: LogIn) -> str:
    """Return the `Authorization` header of a new user."""
    client = log_in(service, f"{uuid4().hex}@example.com")
    return f"Authorization: {client.headers['Authorization']}"
