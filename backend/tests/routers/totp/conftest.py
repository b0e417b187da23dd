"""Fixtures for the tests of the second factor."""

import pytest

from tests.routers.totp.support import Factor, enable_totp
from tests.support import Person


@pytest.fixture
async def factor(ada: Person) -> Factor:
    """Return the second factor of Ada."""
    return await enable_totp(ada)
