"""Rules for the name and the color of a tag."""

import json
from uuid import uuid4

import pytest
from httpx import Response

from tests.support import Person, assert_error

INVALID_NAME = (400, "INVALID_TAG_NAME", "Tag name is required and must be 1-50 characters")
INVALID_COLOR = (400, "INVALID_COLOR", "Color must be a valid hex color (e.g., #FF5733)")
WRITE_METHODS = pytest.mark.parametrize("method", ["POST", "PUT"])


async def write_tag(owner: Person, method: str, body: object) -> Response:
    """Send a body as a creation (POST) or as a replacement of a new tag (PUT)."""
    path = "/tags"
    if method == "PUT":
        create_response = await owner.client.post(path, json={"name": uuid4().hex, "color": "#000000"})
        path = f"/tags/{create_response.json()['id']}"
    return await owner.client.request(method, path, json=body)


# Name


@WRITE_METHODS
@pytest.mark.parametrize(
    ("name", "stored_name"),
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
async def test_name_is_trimmed_and_stored(ada: Person, method: str, name: str, stored_name: str) -> None:
    response = await write_tag(ada, method, {"name": name})

    assert response.is_success
    assert response.json()["name"] == stored_name


@pytest.mark.spec("TAG-003")
@WRITE_METHODS
@pytest.mark.parametrize("name", ["", "   ", "\t\n", "\u2003"], ids=["empty", "spaces", "tab-newline", "em-space"])
async def test_empty_name_is_rejected(ada: Person, method: str, name: str) -> None:
    response = await write_tag(ada, method, {"name": name})

    assert_error(response, *INVALID_NAME)


@pytest.mark.spec("TAG-004")
@WRITE_METHODS
@pytest.mark.parametrize("name", ["n" * 51, "🌱" * 51, "n" * 100_000], ids=["51", "51-emoji", "huge"])
async def test_name_over_50_characters_is_rejected(ada: Person, method: str, name: str) -> None:
    response = await write_tag(ada, method, {"name": name})

    assert_error(response, *INVALID_NAME)


# Color


@WRITE_METHODS
@pytest.mark.parametrize("color", ["#FF5733", "#ff5733", "#aBcDeF", "#000000", None])
async def test_color_is_stored(ada: Person, method: str, color: str | None) -> None:
    response = await write_tag(ada, method, {"name": "home", "color": color})

    assert response.is_success
    assert response.json()["color"] == color


@pytest.mark.spec("TAG-005")
@WRITE_METHODS
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
async def test_invalid_color_is_rejected(ada: Person, method: str, color: str) -> None:
    response = await write_tag(ada, method, {"name": "home", "color": color})

    assert_error(response, *INVALID_COLOR)


# Body


@WRITE_METHODS
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
async def test_invalid_body_is_rejected(ada: Person, method: str, body: object) -> None:
    response = await write_tag(ada, method, body)

    assert_error(response, 422, "VALIDATION_ERROR")


async def test_lone_surrogate_is_rejected(ada: Person) -> None:
    body = json.dumps({"name": "\ud800"})

    response = await ada.client.post("/tags", content=body, headers={"Content-Type": "application/json"})

    assert_error(response, 422, "VALIDATION_ERROR")


@WRITE_METHODS
async def test_problem_names_each_invalid_field(ada: Person, method: str) -> None:
    response = await write_tag(ada, method, {"name": "", "color": "red"})

    assert_error(response, *INVALID_NAME)
    assert response.json()["errors"] == [
        {"field": "name", "detail": INVALID_NAME[2], "code": INVALID_NAME[1]},
        {"field": "color", "detail": INVALID_COLOR[2], "code": INVALID_COLOR[1]},
    ]
