"""Fixtures of the tests of rules that hold for all resources."""

import pytest

from tests.support import Json, Make, Person


@pytest.fixture
async def task(ada: Person, make_task: Make) -> Json:
    """Return a task of Ada without tags."""
    return await make_task(ada)


@pytest.fixture
async def tag(ada: Person, make_tag: Make) -> Json:
    """Return a tag of Ada without tasks."""
    return await make_tag(ada)
