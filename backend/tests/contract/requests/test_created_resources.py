"""`Location` of a 201, and the lifetime of a new access token."""

from uuid import uuid4

import pytest
from httpx import AsyncClient

from tests.support import PASSWORD, Make, MakeApp, Person, make_client


@pytest.mark.spec("REQ-021")
async def test_location_of_an_account_is_me(client: AsyncClient) -> None:
    response = await client.post("/auth/register", json={"email": f"{uuid4()}@example.com", "password": PASSWORD})

    assert (response.status_code, response.headers["Location"]) == (201, "/api/v1/auth/me")


@pytest.mark.spec("REQ-021")
@pytest.mark.parametrize(
    ("path", "body"),
    [("/tasks", {"title": "x"}), ("/tags", {"name": "x"}), ("/auth/tokens", {"name": "x", "scopes": ["account"]})],
)
async def test_location_ends_with_the_new_id(ada: Person, path: str, body: dict[str, object]) -> None:
    response = await ada.client.post(path, json=body)

    assert response.headers["Location"] == f"/api/v1{path}/{response.json()['id']}"


@pytest.mark.spec("REQ-021")
@pytest.mark.parametrize(("path", "body"), [("/tasks", {"title": "x"}), ("/tags", {"name": "x"})])
async def test_resource_is_at_its_location(ada: Person, path: str, body: dict[str, object]) -> None:
    response = await ada.client.post(path, json=body)

    read = await ada.client.get(f"https://todo.test{response.headers['Location']}")

    assert read.json() == response.json()


@pytest.mark.spec("REQ-021")
async def test_location_of_an_added_tag_is_its_own_path(ada: Person, make_task: Make, make_tag: Make) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    path = f"/tasks/{task['id']}/tags/{tag['id']}"

    added, again = await ada.client.post(path), await ada.client.post(path)

    assert (added.status_code, added.headers["Location"]) == (201, f"/api/v1{path}")
    assert (again.status_code, "Location" in again.headers) == (200, False)


@pytest.mark.spec("REQ-021")
async def test_replayed_201_has_the_same_location(ada: Person) -> None:
    headers = {"Idempotency-Key": uuid4().hex}

    first, again = [await ada.client.post("/tasks", json={"title": "x"}, headers=headers) for _ in range(2)]

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]


@pytest.mark.spec("REQ-021")
async def test_existing_task_has_no_location(ada: Person) -> None:
    body = {"title": "x", "external_id": "import-7"}

    first, again = [await ada.client.post("/tasks", json=body) for _ in range(2)]

    assert [(answer.status_code, "Location" in answer.headers) for answer in (first, again)] == [
        (201, True),
        (200, False),
    ]


@pytest.mark.spec("REQ-022")
async def test_token_says_how_many_seconds_it_lasts(ada: Person) -> None:
    login = await ada.client.post("/auth/login", data={"username": ada.email, "password": PASSWORD})
    refreshed = await ada.client.post("/auth/refresh")

    assert [response.json()["expires_in"] for response in (login, refreshed)] == [900, 900]


@pytest.mark.spec("REQ-021")
async def test_location_begins_with_the_root_path(ada: Person, make_app: MakeApp) -> None:
    client = make_client(
        await make_app(root_path="/todo"), headers={"Authorization": ada.client.headers["Authorization"]}
    )

    response = await client.post("/tags", json={"name": uuid4().hex})

    assert response.headers["Location"] == f"/todo/api/v1/tags/{response.json()['id']}"
