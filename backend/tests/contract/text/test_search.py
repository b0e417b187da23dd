"""Searches ignore case by Unicode's rules, and follow every change."""

import pytest

from tests.support import Json, Make, Person, assert_error


async def search(owner: Person, text: str) -> list[str]:
    """Return the titles of the tasks that a search finds."""
    response = await owner.client.get("/tasks", params={"q": text, "sort": "title"})
    assert response.status_code == 200, response.text
    return [task["title"] for task in response.json()["items"]]


@pytest.mark.spec("TXT-002")
@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("ΓΟΝΕΙΣ", "γονεις"),
        ("γονείς", "ΓΟΝΕΊΣ"),
        ("Straße", "STRASSE"),
        ("STRASSE", "straße"),
        ("ǅ", "ǆ"),
        ("Ⅷ", "ⅷ"),
        ("CAFÉ", "café"),
        ("\u13a0", "\uab70"),
        ("日本語", "本"),
    ],
)
async def test_search_ignores_case(ada: Person, make_task: Make, title: str, text: str) -> None:
    await make_task(ada, title=title)

    assert await search(ada, text) == [title]


@pytest.mark.spec("TXT-002")
@pytest.mark.parametrize("text", ["%", "_", "\\", "a%", "A", "\u001f"])
async def test_search_takes_special_characters_literally(ada: Person, make_task: Make, text: str) -> None:
    await make_task(ada, title=f"x{text}x")
    await make_task(ada, title="zz", description="zz")

    assert await search(ada, text) == [f"x{text}x"]


@pytest.mark.spec("TXT-002")
async def test_search_does_not_span_title_and_description(ada: Person, make_task: Make) -> None:
    await make_task(ada, title="water", description="plants")

    assert await search(ada, "rpl") == []


@pytest.mark.spec("TXT-005")
@pytest.mark.parametrize("text", ["x" * 201, "é" * 201, "x" * 50_000])
async def test_long_search_text_is_rejected(ada: Person, text: str) -> None:
    response = await ada.client.get("/tasks", params={"q": text})

    assert_error(response, 400, "SEARCH_TEXT_TOO_LONG", "Search text cannot exceed 200 characters")
    assert [error["field"] for error in response.json()["errors"]] == ["q"]


@pytest.mark.spec("TXT-005")
async def test_search_text_of_200_characters_is_accepted_after_normalization(ada: Person, make_task: Make) -> None:
    await make_task(ada, title="é" * 200)

    assert await search(ada, "e\u0301" * 200) == ["é" * 200]


@pytest.mark.spec("TXT-007")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "bulk"])
@pytest.mark.parametrize("field", ["title", "description"])
async def test_search_follows_a_change(ada: Person, make_task: Make, method: str, field: str) -> None:
    task = await make_task(ada, title="Before", description="Before")
    path = f"/tasks/{task['id']}"

    changes: Json = {field: "After"}
    if method == "bulk":
        item = {"action": "update", "id": task["id"], "changes": changes}
        response = await ada.client.post("/tasks/bulk", json={"items": [item]})
    else:
        whole = {"title": "Before", "description": "Before", "priority": "low", "completed": False}
        response = await ada.client.request(method, path, json=changes if method == "PATCH" else whole | changes)

    assert response.status_code == 200, response.text
    assert len(await search(ada, "after")) == 1
    assert len(await search(ada, "before")) == 1
    assert await search(ada, "befoafter") == []


@pytest.mark.spec("TXT-007")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_search_does_not_find_a_removed_description(ada: Person, make_task: Make, method: str) -> None:
    task = await make_task(ada, title="Title", description="Before")
    body: Json = {"title": "Title", "description": None, "priority": "low", "completed": False}

    await ada.client.request(method, f"/tasks/{task['id']}", json=body)

    assert await search(ada, "before") == []


@pytest.mark.spec("TXT-007")
async def test_search_finds_tasks_of_bulk_creates(ada: Person) -> None:
    items = [
        {"action": "create", "task": {"title": "First Straße", "external_id": "a"}},
        {"action": "create", "task": {"title": "Second", "description": "STRASSE"}},
        {"action": "create", "task": {"title": "Third"}},
    ]

    await ada.client.post("/tasks/bulk", json={"items": items})

    assert await search(ada, "strasse") == ["First Straße", "Second"]


@pytest.mark.spec("TXT-007")
async def test_rejected_write_does_not_change_the_search(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, title="Before")

    await ada.client.patch(f"/tasks/{task['id']}", json={"title": "After"}, headers={"If-Match": '"7"'})

    assert (await search(ada, "before"), await search(ada, "after")) == (["Before"], [])
