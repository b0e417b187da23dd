"""Fixtures of the tests with hostile input."""

from collections.abc import Awaitable

import pytest

from tests.contract.hostile_input.support import ResourceIds
from tests.support import Json, Make, MakeLoginSession, MakeToken, Person


@pytest.fixture
async def resource_ids(
    ada: Person, make_login_session: MakeLoginSession, make_task: Make, make_tag: Make, make_token: MakeToken
) -> ResourceIds:
    """Return ids of resources of Ada. No case ends the login session that creates these resources."""

    def make_account_token(owner: Person) -> Awaitable[Json]:
        return make_token(owner, "account")

    return ResourceIds(
        await make_login_session(ada), {"task_id": make_task, "tag_id": make_tag, "token_id": make_account_token}
    )
