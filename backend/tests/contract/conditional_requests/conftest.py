"""Fixtures of the tests of conditional requests."""

import pytest

from tests.contract.conditional_requests.support import add_tag
from tests.support import Json, Person


@pytest.fixture
async def tagged_task(ada: Person, task: Json, tag: Json) -> Json:
    """Return the task of Ada with her tag."""
    response = await add_tag(ada, task, tag)
    assert response.status_code == 201, response.text
    tagged_task: Json = response.json()
    return tagged_task


@pytest.fixture
def resources(task: Json, tag: Json) -> dict[str, Json]:
    """Return a task and a tag by collection."""
    return {"tasks": task, "tags": tag}
