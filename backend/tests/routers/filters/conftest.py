"""Fixtures of the tests of saved filters."""

import pytest

from tests.support import Json, Make, Person


@pytest.fixture
def make_filter() -> Make:
    """Save filters. The default is "Around the house"."""

    async def make(owner: Person, **fields: object) -> Json:
        body = {"name": "Around the house", "query": "today & @home"} | fields
        response = await owner.client.post("/filters", json=body)
        assert response.status_code == 201, response.text
        saved_filter: Json = response.json()
        return saved_filter

    return make


@pytest.fixture
async def saved_filter(ada: Person, make_filter: Make) -> Json:
    """Return a filter of Ada."""
    return await make_filter(ada, color="#2E8B57")
