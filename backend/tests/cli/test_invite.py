"""`todo user invite`."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import RunUser
from tests.routers.auth.support import register
from tests.support import MakeApp, make_client


@pytest.mark.spec("USR-003")
async def test_code_on_standard_output_creates_an_account(
    user: RunUser, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRATION", "invited")

    invited = await user("invite")

    assert invited.err.startswith("One person can register with this code until 20")
    response = await register(make_client(await make_app(registration="invited")), invitation=invited.out)
    assert response.status_code == 201


@pytest.mark.spec("USR-003", "USR-018")
async def test_invite_as_json_has_the_code_and_its_expiry(user: RunUser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRATION", "invited")

    invited = await user("invite", "--json")

    assert invited.json.keys() == {"invitation", "expires_at"}
    lifetime = datetime.fromisoformat(invited.json["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < lifetime <= timedelta(days=7)
    assert invited.err == ""


@pytest.mark.spec("USR-003")
@pytest.mark.parametrize("registration", ["open", "closed"])
async def test_invite_says_that_the_code_has_no_effect(
    user: RunUser, monkeypatch: pytest.MonkeyPatch, registration: str
) -> None:
    monkeypatch.setenv("REGISTRATION", registration)

    invited = await user("invite")

    message = f"This command has REGISTRATION={registration}. The service needs REGISTRATION=invited.\n"
    assert invited.err.endswith(message)
