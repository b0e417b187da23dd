"""A user's tags (contract, section 4)."""

import asyncio
import json
from uuid import uuid4

import asyncpg
import pytest
from httpx import AsyncClient, Response

from tests.support import Json, Make, Person, assert_error
from todo.core.database.url import connect_arguments

INVALID_NAME = (400, "INVALID_TAG_NAME", "Tag name is required and must be 1-50 characters")
INVALID_COLOR = (400, "INVALID_COLOR", "Color must be a valid hex color (e.g., #FF5733)")
ALREADY_EXISTS = (400, "TAG_ALREADY_EXISTS", "A tag with this name already exists")
NOT_FOUND = (404, "TAG_NOT_FOUND", "Tag not found")
WRITES = pytest.mark.parametrize("method", ["POST", "PUT"])


async def write(owner: Person, method: str, body: object) -> Response:
    """Create a tag with this body, or replace with it one that is made for that."""
    path = "/tags"
    if method == "PUT":
        made = await owner.client.post(path, json={"name": uuid4().hex, "color": "#000000"})
        path = f"/tags/{made.json()['id']}"
    return await owner.client.request(method, path, json=body)


async def list_tags(owner: Person) -> list[Json]:
    """Return all tags of a user."""
    tags: list[Json] = (await owner.client.get("/tags")).json()
    return tags


# Create


@pytest.mark.spec("TAG-001")
async def test_creates_a_tag(ada: Person) -> None:
    response = await ada.client.post("/tags", json={"name": "home", "color": "#FF5733"})

    assert response.status_code == 201
    tag = response.json()
    assert tag == {"id": tag["id"], "name": "home", "color": "#FF5733", "user_id": str(ada.id), "version": 1}
    assert type(tag["id"]) is int


@pytest.mark.spec("TAG-001")
async def test_creates_a_tag_without_a_color(ada: Person) -> None:
    response = await ada.client.post("/tags", json={"name": "home"})

    assert response.status_code == 201
    assert response.json()["color"] is None


async def test_takes_the_owner_from_the_token_and_not_from_the_body(ada: Person, bob: Person) -> None:
    response = await ada.client.post("/tags", json={"name": "home", "user_id": str(bob.id), "id": 1})

    assert response.json()["user_id"] == str(ada.id)
    assert await list_tags(bob) == []


@pytest.mark.spec("TAG-002")
async def test_refuses_a_name_that_the_user_has_already(ada: Person, make_tag: Make) -> None:
    await make_tag(ada, name="home")

    response = await ada.client.post("/tags", json={"name": "home"})

    assert_error(response, *ALREADY_EXISTS)


@pytest.mark.spec("TAG-002")
async def test_refuses_a_name_that_is_the_same_after_trimming(ada: Person, make_tag: Make) -> None:
    await make_tag(ada, name="home")

    response = await ada.client.post("/tags", json={"name": "  home\t"})

    assert_error(response, *ALREADY_EXISTS)


@pytest.mark.spec("TAG-002")
async def test_lets_one_of_many_at_once_have_a_name(ada: Person) -> None:
    body = {"name": "home"}

    responses = await asyncio.gather(*(ada.client.post("/tags", json=body) for _ in range(20)))

    assert sorted(response.status_code for response in responses) == [201] + [400] * 19
    codes = {response.json()["code"] for response in responses if response.status_code == 400}
    assert codes == {"TAG_ALREADY_EXISTS"}
    assert len(await list_tags(ada)) == 1


async def test_lets_two_users_have_tags_of_one_name(ada: Person, bob: Person, make_tag: Make) -> None:
    await make_tag(ada, name="home")

    response = await bob.client.post("/tags", json={"name": "home"})

    assert response.status_code == 201


@pytest.mark.spec("TAG-003")
@WRITES
@pytest.mark.parametrize("name", ["", "   ", "\t\n", "\u2003"], ids=["empty", "spaces", "tab-newline", "em-space"])
async def test_refuses_an_empty_name(ada: Person, method: str, name: str) -> None:
    response = await write(ada, method, {"name": name})

    assert_error(response, *INVALID_NAME)


@pytest.mark.spec("TAG-004")
@WRITES
@pytest.mark.parametrize("name", ["n" * 51, "🌱" * 51, "n" * 100_000], ids=["51", "51-emoji", "huge"])
async def test_refuses_a_name_of_more_than_50_characters(ada: Person, method: str, name: str) -> None:
    response = await write(ada, method, {"name": name})

    assert_error(response, *INVALID_NAME)


@WRITES
@pytest.mark.parametrize(
    ("name", "kept"),
    [
        pytest.param("n", "n", id="one"),
        pytest.param("n" * 50, "n" * 50, id="fifty"),
        pytest.param("🌱" * 50, "🌱" * 50, id="fifty-emoji"),
        pytest.param(" \t at home\n", "at home", id="trimmed"),
        pytest.param(f" {'n' * 50} ", "n" * 50, id="fifty-after-trimming"),
        pytest.param("'; DROP TABLE tags; --", "'; DROP TABLE tags; --", id="sql"),
        pytest.param("<b>%_\\", "<b>%_\\", id="markup"),
        pytest.param("42", "42", id="digits"),
    ],
)
async def test_keeps_the_name(ada: Person, method: str, name: str, kept: str) -> None:
    response = await write(ada, method, {"name": name})

    assert response.is_success
    assert response.json()["name"] == kept


@pytest.mark.spec("TAG-005")
@WRITES
@pytest.mark.parametrize(
    "color",
    [
        pytest.param("", id="empty"),
        pytest.param("red", id="word"),
        pytest.param("#FFF", id="short"),
        pytest.param("#FF57331", id="long"),
        pytest.param("#FF5733AA", id="alpha"),
        pytest.param("FF5733", id="no-hash"),
        pytest.param("0xFF5733", id="0x"),
        pytest.param("#GG5733", id="no-hex"),
        pytest.param("#FF5733\n", id="trailing-newline"),
        pytest.param(" #FF5733", id="leading-space"),
        pytest.param("#" + "\u0660" * 6, id="arabic-digits"),
        pytest.param("#\uff26\uff265733", id="full-width"),
    ],
)
async def test_refuses_a_bad_color(ada: Person, method: str, color: str) -> None:
    response = await write(ada, method, {"name": "home", "color": color})

    assert_error(response, *INVALID_COLOR)


@WRITES
@pytest.mark.parametrize("color", ["#FF5733", "#ff5733", "#aBcDeF", "#000000", None])
async def test_keeps_the_color(ada: Person, method: str, color: str | None) -> None:
    response = await write(ada, method, {"name": "home", "color": color})

    assert response.is_success
    assert response.json()["color"] == color


@WRITES
@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="no-name"),
        pytest.param({"color": "#FF5733"}, id="color-alone"),
        pytest.param({"name": None}, id="null"),
        pytest.param({"name": 7}, id="number"),
        pytest.param({"name": ["home"]}, id="list"),
        pytest.param({"name": "home", "color": 7}, id="color-is-a-number"),
        pytest.param({"name": "nul\0"}, id="nul"),
        pytest.param({"name": "home", "color": "\0"}, id="nul-in-color"),
        pytest.param(["home"], id="body-is-a-list"),
        pytest.param("home", id="body-is-text"),
        pytest.param(None, id="no-body"),
    ],
)
async def test_refuses_a_body_of_a_wrong_shape(ada: Person, method: str, body: object) -> None:
    response = await write(ada, method, body)

    assert_error(response, 422, "VALIDATION_ERROR")


async def test_refuses_a_lone_surrogate(ada: Person) -> None:
    body = json.dumps({"name": "\ud800"})

    response = await ada.client.post("/tags", content=body, headers={"Content-Type": "application/json"})

    assert_error(response, 422, "VALIDATION_ERROR")


@WRITES
async def test_names_each_field_at_fault(ada: Person, method: str) -> None:
    response = await write(ada, method, {"name": "", "color": "red"})

    assert_error(response, *INVALID_NAME)
    assert response.json()["errors"] == [
        {"field": "name", "detail": INVALID_NAME[2], "code": INVALID_NAME[1]},
        {"field": "color", "detail": INVALID_COLOR[2], "code": INVALID_COLOR[1]},
    ]


# List


@pytest.mark.spec("TAG-006")
async def test_lists_nothing_for_a_new_user(ada: Person) -> None:
    response = await ada.client.get("/tags")

    assert response.status_code == 200
    assert response.json() == []


@pytest.mark.spec("TAG-007")
async def test_lists_the_tags(ada: Person, make_tag: Make) -> None:
    made = [await make_tag(ada, name="home", color="#FF5733"), await make_tag(ada, name="work")]

    response = await ada.client.get("/tags")

    assert response.status_code == 200
    assert response.json() == made


@pytest.mark.spec("TAG-007")
async def test_lists_tags_by_name_whatever_the_case(ada: Person, make_tag: Make) -> None:
    for name in ("b", "Zebra", "A", "apple", "Banana", "Éclair", "éa"):
        await make_tag(ada, name=name)

    names = [tag["name"] for tag in await list_tags(ada)]

    assert names == ["A", "apple", "b", "Banana", "Zebra", "éa", "Éclair"]


@pytest.mark.spec("TAG-008")
async def test_lists_only_the_tags_of_the_user(ada: Person, bob: Person, make_tag: Make) -> None:
    mine = await make_tag(ada)
    await make_tag(bob)

    assert await list_tags(ada) == [mine]


# Read


async def test_reads_a_tag_as_it_was_created(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home", color="#FF5733")

    response = await ada.client.get(f"/tags/{tag['id']}")

    assert response.status_code == 200
    assert response.json() == tag


async def test_does_not_find_an_unknown_tag_to_read(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await ada.client.get(f"/tags/{tag['id'] + 1_000_000}")

    assert_error(response, *NOT_FOUND)


async def test_hides_a_tag_of_somebody_else(ada: Person, bob: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await bob.client.get(f"/tags/{tag['id']}")

    assert_error(response, *NOT_FOUND)


# Replace


@pytest.mark.spec("TAG-009")
async def test_replaces_a_tag(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home", color="#FF5733")

    response = await ada.client.put(f"/tags/{tag['id']}", json={"name": "house", "color": "#00ff00"})

    assert response.status_code == 200
    assert response.json() == tag | {"name": "house", "color": "#00ff00", "version": 2}
    assert await list_tags(ada) == [response.json()]


@pytest.mark.spec("TAG-009")
async def test_clears_the_color_when_it_is_absent(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home", color="#FF5733")

    response = await ada.client.put(f"/tags/{tag['id']}", json={"name": "home"})

    assert response.status_code == 200
    assert response.json() == tag | {"color": None, "version": 2}


@pytest.mark.spec("TAG-009")
async def test_shows_the_change_on_every_task_that_carries_the_tag(
    ada: Person, make_task: Make, make_tag: Make
) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    await ada.client.put(f"/tags/{tag['id']}", json={"name": "house", "color": "#00ff00"})

    shown = (await ada.client.get(f"/tasks/{task['id']}")).json()
    assert shown["tags"] == [{"id": tag["id"], "name": "house", "color": "#00ff00"}]


@pytest.mark.spec("TAG-010")
async def test_refuses_to_rename_to_a_name_that_is_taken(ada: Person, make_tag: Make) -> None:
    await make_tag(ada, name="home")
    tag = await make_tag(ada, name="house")

    response = await ada.client.put(f"/tags/{tag['id']}", json={"name": " home "})

    assert_error(response, *ALREADY_EXISTS)
    assert tag in await list_tags(ada)


@pytest.mark.spec("TAG-011")
async def test_does_not_find_an_unknown_tag_to_replace(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await ada.client.put(f"/tags/{tag['id'] + 1_000_000}", json={"name": "house"})

    assert_error(response, *NOT_FOUND)


@pytest.mark.spec("TAG-012")
async def test_does_not_replace_a_tag_of_somebody_else(ada: Person, bob: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await bob.client.put(f"/tags/{tag['id']}", json={"name": "house"})

    assert_error(response, *NOT_FOUND)
    assert await list_tags(ada) == [tag]


# Delete


@pytest.mark.spec("TAG-013")
async def test_deletes_a_tag(ada: Person, make_tag: Make) -> None:
    tag, other = await make_tag(ada), await make_tag(ada)

    response = await ada.client.delete(f"/tags/{tag['id']}")

    assert (response.status_code, response.content) == (204, b"")
    assert await list_tags(ada) == [other]


@pytest.mark.spec("TAG-013")
async def test_keeps_the_tasks_of_a_deleted_tag(ada: Person, make_task: Make, make_tag: Make) -> None:
    task, tag = await make_task(ada), await make_tag(ada)
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    await ada.client.delete(f"/tags/{tag['id']}")

    shown = await ada.client.get(f"/tasks/{task['id']}")
    assert shown.status_code == 200
    assert shown.json()["tags"] == []


@pytest.mark.spec("TAG-013")
async def test_frees_the_name_of_a_deleted_tag(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home")
    await ada.client.delete(f"/tags/{tag['id']}")

    response = await ada.client.post("/tags", json={"name": "home"})

    assert response.status_code == 201


@pytest.mark.spec("TAG-014")
async def test_does_not_find_an_unknown_tag_to_delete(ada: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)
    await ada.client.delete(f"/tags/{tag['id']}")

    response = await ada.client.delete(f"/tags/{tag['id']}")

    assert_error(response, *NOT_FOUND)


@pytest.mark.spec("TAG-015")
async def test_does_not_delete_a_tag_of_somebody_else(ada: Person, bob: Person, make_tag: Make) -> None:
    tag = await make_tag(ada)

    response = await bob.client.delete(f"/tags/{tag['id']}")

    assert_error(response, *NOT_FOUND)
    assert await list_tags(ada) == [tag]


# Ids and tokens


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("tag_id", ["0", "-1", str(2**63 - 1), str(2**63), str(10**30), f"-{10**30}", "9" * 5_000])
async def test_finds_nothing_under_an_id_that_no_tag_can_have(ada: Person, method: str, tag_id: str) -> None:
    body = {"name": "home"} if method == "PUT" else None

    response = await ada.client.request(method, f"/tags/{tag_id}", json=body)

    assert_error(response, *NOT_FOUND)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("tag_id", ["x", "1.5", "1e3", "0x1", "1%00", "%20", "\u0663", "null", "true"])
async def test_refuses_an_id_that_is_no_integer(ada: Person, method: str, tag_id: str) -> None:
    body = {"name": "home"} if method == "PUT" else None

    response = await ada.client.request(method, f"/tags/{tag_id}", json=body)

    assert_error(response, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/tags"), ("GET", "/tags"), ("GET", "/tags/1"), ("PUT", "/tags/1"), ("DELETE", "/tags/1")],
)
async def test_asks_everybody_for_a_token(client: AsyncClient, method: str, path: str) -> None:
    body = {"name": "home"} if method in ("POST", "PUT") else None

    response = await client.request(method, path, json=body)

    assert_error(response, 401, "MISSING_TOKEN", "Authentication required")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/tags"), ("GET", "/tags"), ("GET", "/tags/x"), ("PUT", "/tags/x"), ("DELETE", "/tags/x")],
)
async def test_asks_for_a_good_token_before_all_else(client: AsyncClient, method: str, path: str) -> None:
    headers = {"Authorization": "Bearer not-a-token"}

    response = await client.request(method, path, headers=headers)

    assert_error(response, 401, "INVALID_TOKEN", "Invalid authentication token")


async def test_refuses_a_tag_of_a_user_who_is_gone(ada: Person, database_url: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(database_url))
    await connection.execute("DELETE FROM users WHERE id = $1", ada.id)
    await connection.close()

    response = await ada.client.post("/tags", json={"name": "home"})

    assert_error(response, 401, "INVALID_TOKEN", "Invalid authentication token")
    assert response.headers["WWW-Authenticate"] == "Bearer"
