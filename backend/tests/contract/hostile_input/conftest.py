"""Fixtures of the tests with hostile input."""

import pytest
from fastapi import FastAPI

from tests.contract.hostile_input.support import ResourceIds
from tests.support import MakeLoginSession, Person


@pytest.fixture
async def resource_ids(app: FastAPI, ada: Person, make_login_session: MakeLoginSession) -> ResourceIds:
    """Return ids of resources of Ada. No case ends the login session that creates these resources."""
    return ResourceIds(await make_login_session(ada), app.openapi())
