"""The list of personal access tokens, their last use and their deletion."""

from datetime import datetime, timedelta

import pytest
import time_machine
from httpx import AsyncClient

from tests.routers.access_tokens.support import list_tasks, list_tokens
from tests.routers.support import INVALID_TOKEN, START
from tests.support import MakeToken, Person, RecordedApp, assert_error, make_client

# List


@pytest.mark.spec("PAT-003")
async def test_list_of_a_new_user_is_empty(ada: Person) -> None:
    assert await list_tokens(ada) == []


@pytest.mark.spec("PAT-003")
async def test_list_excludes_the_secrets(ada: Person, make_token: MakeToken) -> None:
    tokens = [await make_token(ada, "tasks:read", expires_at="2099-01-01"), await make_token(ada, "account")]

    response = await ada.client.get("/auth/tokens")

    secrets = [token.pop("token") for token in tokens]
    assert response.json() == tokens
    assert not [secret for secret in secrets if secret in response.text]


@pytest.mark.spec("PAT-003")
async def test_tokens_of_other_users_are_hidden(ada: Person, bob: Person, make_token: MakeToken) -> None:
    await make_token(bob, "tasks:read")

    assert await list_tokens(ada) == []


# Last use


@pytest.mark.spec("PAT-003")
async def test_use_updates_last_used_at(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read")
    with time_machine.travel(START, tick=False):
        await list_tasks(client, token)

    [listed_token] = await list_tokens(ada)

    assert datetime.fromisoformat(listed_token["last_used_at"]) == START
    assert listed_token["last_used_at"].endswith("Z")


@pytest.mark.spec("PAT-003")
@pytest.mark.parametrize(("seconds", "last_used_seconds"), [(59.9, 0), (60, 60), (3600, 3600)])
async def test_last_used_at_is_updated_once_a_minute(
    client: AsyncClient, ada: Person, make_token: MakeToken, seconds: float, last_used_seconds: float
) -> None:
    token = await make_token(ada, "tasks:read")
    for offset in (0, seconds):
        with time_machine.travel(START + timedelta(seconds=offset), tick=False):
            await list_tasks(client, token)

    [listed_token] = await list_tokens(ada)

    assert datetime.fromisoformat(listed_token["last_used_at"]) == START + timedelta(seconds=last_used_seconds)


@pytest.mark.spec("PAT-003")
async def test_recently_used_token_adds_one_statement(
    recorded_app: RecordedApp, ada: Person, make_token: MakeToken
) -> None:
    token = await make_token(ada, "tasks:read")
    async with make_client(recorded_app.app) as client:
        await list_tasks(client, token)
        recorded_app.statements.clear()
        await list_tasks(client, token)

    assert len(recorded_app.statements) == 2


# Delete


@pytest.mark.spec("PAT-004")
async def test_deleted_token_is_rejected_at_once(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read")
    assert (await list_tasks(client, token)).status_code == 200

    delete_response = await ada.client.delete(f"/auth/tokens/{token['id']}")
    response = await list_tasks(client, token)

    assert delete_response.status_code == 204
    assert delete_response.content == b""
    assert_error(response, *INVALID_TOKEN)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert await list_tokens(ada) == []


@pytest.mark.spec("PAT-004")
async def test_delete_keeps_other_tokens(client: AsyncClient, ada: Person, make_token: MakeToken) -> None:
    other_token, token = await make_token(ada, "tasks:read"), await make_token(ada, "tasks:read")

    await ada.client.delete(f"/auth/tokens/{token['id']}")

    assert (await list_tasks(client, other_token)).status_code == 200


@pytest.mark.spec("PAT-004")
@pytest.mark.parametrize("token_id", ["999999999", "0", "-1", "9" * 30])
async def test_delete_of_unknown_token_returns_404(ada: Person, token_id: str) -> None:
    response = await ada.client.delete(f"/auth/tokens/{token_id}")

    assert_error(response, 404, "TOKEN_NOT_FOUND", "Personal access token not found")


@pytest.mark.spec("PAT-004")
async def test_second_delete_returns_404(ada: Person, make_token: MakeToken) -> None:
    token = await make_token(ada, "tasks:read")
    await ada.client.delete(f"/auth/tokens/{token['id']}")

    assert_error(await ada.client.delete(f"/auth/tokens/{token['id']}"), 404, "TOKEN_NOT_FOUND")


@pytest.mark.spec("PAT-004")
async def test_delete_of_another_users_token_returns_404(
    client: AsyncClient, ada: Person, bob: Person, make_token: MakeToken
) -> None:
    token = await make_token(bob, "tasks:read")

    response = await ada.client.delete(f"/auth/tokens/{token['id']}")

    assert_error(response, 404, "TOKEN_NOT_FOUND", "Personal access token not found")
    assert (await list_tasks(client, token)).status_code == 200


async def test_non_integer_id_is_rejected(ada: Person) -> None:
    assert_error(await ada.client.delete("/auth/tokens/backup"), 422, "VALIDATION_ERROR")
