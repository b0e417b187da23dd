"""Create, list, read, replace and delete tags."""

import asyncio

import asyncpg
import pytest
from httpx import AsyncClient

from tests.support import Json, Make, Person, assert_error
from todo.core.database.url import connect_arguments

ALREADY_EXISTS = (400, "TAG_ALREADY_EXISTS", "A tag with this name already exists")
NOT_FOUND = (404, "TAG_NOT_FOUND", "Tag not found")


async def list_tags(owner: Person) -> list[Json]:
    """Return the tags of a user through the API."""
    tags: list[Json] = (await owner.client.get("/tags")).json()
    return tags


# Create


@pytest.mark.spec("TAG-001")
async def test_create_returns_the_tag(ada: Person) -> None:
    response = await ada.client.post("/tags", json={"name": "home", "color": "#FF5733"})

    assert response.status_code == 201
    tag = response.json()
    assert tag == {"id": tag["id"], "name": "home", "color": "#FF5733", "user_id": str(ada.id), "version": 1}
    assert type(tag["id"]) is int


@pytest.mark.spec("TAG-001")
async def test_color_is_optional(ada: Person) -> None:
    response = await ada.client.post("/tags", json={"name": "home"})

    assert response.status_code == 201
    assert response.json()["color"] is None


async def test_owner_in_the_body_is_rejected(ada: Person, bob: Person) -> None:
    response = await ada.client.post("/tags", json={"name": "home", "user_id": str(bob.id), "id": 1})

    assert_error(response, 422, "UNKNOWN_FIELD")
    assert await list_tags(bob) == []


@pytest.mark.spec("TAG-002")
async def test_existing_name_is_rejected(ada: Person, make_tag: Make) -> None:
    await make_tag(ada, name="home")

    response = await ada.client.post("/tags", json={"name": "home"})

    assert_error(response, *ALREADY_EXISTS)


@pytest.mark.spec("TAG-002")
async def test_existing_name_with_spaces_is_rejected(ada: Person, make_tag: Make) -> None:
    await make_tag(ada, name="home")

    response = await ada.client.post("/tags", json={"name": "  home\t"})

    assert_error(response, *ALREADY_EXISTS)


@pytest.mark.spec("TAG-002")
async def test_concurrent_creations_of_one_name_create_one_tag(ada: Person) -> None:
    body = {"name": "home"}

    responses = await asyncio.gather(*(ada.client.post("/tags", json=body) for _ in range(20)))

    assert sorted(response.status_code for response in responses) == [201] + [400] * 19
    codes = {response.json()["code"] for response in responses if response.status_code == 400}
    assert codes == {"TAG_ALREADY_EXISTS"}
    assert len(await list_tags(ada)) == 1


async def test_two_users_can_use_the_same_name(ada: Person, bob: Person, make_tag: Make) -> None:
    await make_tag(ada, name="home")

    response = await bob.client.post("/tags", json={"name": "home"})

    assert response.status_code == 201


# List


@pytest.mark.spec("TAG-006")
async def test_list_of_a_new_user_is_empty(ada: Person) -> None:
    response = await ada.client.get("/tags")

    assert response.status_code == 200
    assert response.json() == []


@pytest.mark.spec("TAG-007")
async def test_list_returns_the_tags(ada: Person, make_tag: Make) -> None:
    tags = [await make_tag(ada, name="home", color="#FF5733"), await make_tag(ada, name="work")]

    response = await ada.client.get("/tags")

    assert response.status_code == 200
    assert response.json() == tags


@pytest.mark.spec("TAG-007")
async def test_list_is_ordered_by_name_ignoring_case_and_accents(ada: Person, make_tag: Make) -> None:
    for name in ("b", "Zebra", "A", "apple", "Banana", "Éclair", "éa"):
        await make_tag(ada, name=name)

    names = [tag["name"] for tag in await list_tags(ada)]

    assert names == ["A", "apple", "b", "Banana", "éa", "Éclair", "Zebra"]


@pytest.mark.spec("TAG-008")
async def test_tags_of_other_users_are_hidden(ada: Person, bob: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)
    await make_tag(bob)

    assert await list_tags(ada) == [tag]


# Read


async def test_get_returns_the_created_tag(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home", color="#FF5733")

    response = await ada.client.get(f"/tags/{tag['id']}")

    assert response.status_code == 200
    assert response.json() == tag


async def test_get_of_unknown_tag_returns_404(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await ada.client.get(f"/tags/{tag['id'] + 1_000_000}")

    assert_error(response, *NOT_FOUND)


async def test_get_of_another_users_tag_returns_404(ada: Person, bob: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await bob.client.get(f"/tags/{tag['id']}")

    assert_error(response, *NOT_FOUND)


# Replace


@pytest.mark.spec("TAG-009")
async def test_put_replaces_the_tag(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home", color="#FF5733")

    response = await ada.client.put(f"/tags/{tag['id']}", json={"name": "house", "color": "#00ff00"})

    assert response.status_code == 200
    assert response.json() == tag | {"name": "house", "color": "#00ff00", "version": 2}
    assert await list_tags(ada) == [response.json()]


@pytest.mark.spec("TAG-009")
async def test_put_without_color_clears_the_color(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home", color="#FF5733")

    response = await ada.client.put(f"/tags/{tag['id']}", json={"name": "home"})

    assert response.status_code == 200
    assert response.json() == tag | {"color": None, "version": 2}


@pytest.mark.spec("TAG-009")
async def test_put_changes_the_tag_of_its_tasks(ada: Person, make_task: Make, make_tag: Make) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    await ada.client.put(f"/tags/{tag['id']}", json={"name": "house", "color": "#00ff00"})

    changed_task = (await ada.client.get(f"/tasks/{task['id']}")).json()
    assert changed_task["tags"] == [{"id": tag["id"], "name": "house", "color": "#00ff00"}]


@pytest.mark.spec("TAG-010")
async def test_put_with_an_existing_name_is_rejected(ada: Person, make_tag: Make) -> None:
    await make_tag(ada, name="home")
    tag = await make_tag(ada, name="house")

    response = await ada.client.put(f"/tags/{tag['id']}", json={"name": " home "})

    assert_error(response, *ALREADY_EXISTS)
    assert tag in await list_tags(ada)


@pytest.mark.spec("TAG-011")
async def test_put_of_unknown_tag_returns_404(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await ada.client.put(f"/tags/{tag['id'] + 1_000_000}", json={"name": "house"})

    assert_error(response, *NOT_FOUND)


@pytest.mark.spec("TAG-012")
async def test_put_of_another_users_tag_returns_404(ada: Person, bob: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await bob.client.put(f"/tags/{tag['id']}", json={"name": "house"})

    assert_error(response, *NOT_FOUND)
    assert await list_tags(ada) == [tag]


# Delete


@pytest.mark.spec("TAG-013")
async def test_delete_removes_the_tag(ada: Person, make_tag: Make) -> None:
    tag, other_tag = await make_tag(ada), await make_tag(ada)

    response = await ada.client.delete(f"/tags/{tag['id']}")

    assert (response.status_code, response.content) == (204, b"")
    assert await list_tags(ada) == [other_tag]


@pytest.mark.spec("TAG-013")
async def test_delete_keeps_the_tasks_of_the_tag(ada: Person, make_task: Make, make_tag: Make) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    await ada.client.delete(f"/tags/{tag['id']}")

    response = await ada.client.get(f"/tasks/{task['id']}")
    assert response.status_code == 200
    assert response.json()["tags"] == []


@pytest.mark.spec("TAG-013")
async def test_name_of_a_deleted_tag_can_be_used_again(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home")
    await ada.client.delete(f"/tags/{tag['id']}")

    response = await ada.client.post("/tags", json={"name": "home"})

    assert response.status_code == 201


@pytest.mark.spec("TAG-014")
async def test_second_delete_returns_404(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)
    await ada.client.delete(f"/tags/{tag['id']}")

    response = await ada.client.delete(f"/tags/{tag['id']}")

    assert_error(response, *NOT_FOUND)


@pytest.mark.spec("TAG-015")
async def test_delete_of_another_users_tag_returns_404(ada: Person, bob: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await bob.client.delete(f"/tags/{tag['id']}")

    assert_error(response, *NOT_FOUND)
    assert await list_tags(ada) == [tag]


# Ids


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("tag_id", ["0", "-1", str(2**63 - 1), str(2**63), str(10**30), f"-{10**30}", "9" * 5_000])
async def test_impossible_id_returns_404(ada: Person, method: str, tag_id: str) -> None:
    body = {"name": "home"} if method == "PUT" else None

    response = await ada.client.request(method, f"/tags/{tag_id}", json=body)

    assert_error(response, *NOT_FOUND)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("tag_id", ["x", "1.5", "1e3", "0x1", "1%00", "%20", "\u0663", "null", "true"])
async def test_non_integer_id_is_rejected(ada: Person, method: str, tag_id: str) -> None:
    body = {"name": "home"} if method == "PUT" else None

    response = await ada.client.request(method, f"/tags/{tag_id}", json=body)

    assert_error(response, 422, "VALIDATION_ERROR")


# Authentication


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/tags"), ("GET", "/tags"), ("GET", "/tags/1"), ("PUT", "/tags/1"), ("DELETE", "/tags/1")],
)
async def test_missing_token_is_rejected(client: AsyncClient, method: str, path: str) -> None:
    body = {"name": "home"} if method in ("POST", "PUT") else None

    response = await client.request(method, path, json=body)

    assert_error(response, 401, "MISSING_TOKEN", "Authentication required")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/tags"), ("GET", "/tags"), ("GET", "/tags/x"), ("PUT", "/tags/x"), ("DELETE", "/tags/x")],
)
async def test_invalid_token_is_rejected_before_validation(client: AsyncClient, method: str, path: str) -> None:
    headers = {"Authorization": "Bearer not-a-token"}

    response = await client.request(method, path, headers=headers)

    assert_error(response, 401, "INVALID_TOKEN", "Invalid authentication token")


async def test_token_of_a_deleted_user_is_rejected(ada: Person, database_url: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(database_url))
    await connection.execute("DELETE FROM users WHERE id = $1", ada.id)
    await connection.close()

    response = await ada.client.post("/tags", json={"name": "home"})

    assert_error(response, 401, "INVALID_TOKEN", "Invalid authentication token")
    assert response.headers["WWW-Authenticate"] == "Bearer"
