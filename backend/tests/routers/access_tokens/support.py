"""Requests for the tests of personal access tokens."""

from uuid import uuid4

from httpx import AsyncClient, Response

from tests.support import Json, Person, authorize


async def create_token(person: Person, **fields: object) -> Response:
    """Create a token, by default with a unique name and the scope tasks:read."""
    return await person.client.post("/auth/tokens", json={"name": uuid4().hex, "scopes": ["tasks:read"]} | fields)


async def list_tokens(person: Person) -> list[Json]:
    """Return the tokens of a user through the API."""
    response = await person.client.get("/auth/tokens")
    assert response.status_code == 200, response.text
    tokens: list[Json] = response.json()
    return tokens


async def list_tasks(client: AsyncClient, token: Json) -> Response:
    """Return the response of /tasks for a token."""
    return await client.get("/tasks", headers=authorize(token["token"]))
