"""Lists with a filter: other parameters, orders, pages, and statements."""

import pytest

from tests.routers.task_filters.conftest import SetNow
from tests.routers.task_lists.support import list_tasks, list_titles, request_tasks, tag_task
from tests.support import Json, Make, Person, RecordedApp, assert_error, make_client

NOW = "2027-03-14T16:00:00Z"
SORTS = ["created_at", "due_date", "priority", "title", "start_day", "updated_at", "completed_at", "position"]


@pytest.fixture
async def owner(ada: Person, make_task: Make, make_tag: Make, set_now: SetNow) -> Person:
    """Return a person with 24 tasks, of which every second one has the tag `home`."""
    set_now(NOW)
    tag = await make_tag(ada, name="home")
    for number in range(24):
        day = f"2027-03-{10 + number % 7}" if number % 3 else None
        priority = ["low", "medium", "high"][number % 3]
        fields: Json = {"priority": priority, "due_day": day, "start_day": day, "completed": number % 4 == 0}
        task = await make_task(ada, title=f"Task {number % 5}", **fields)
        if number % 2:
            await tag_task(ada, task, tag)
    return ada


@pytest.mark.spec("FIL-006")
@pytest.mark.parametrize("direction", ["", "-"])
@pytest.mark.parametrize("sort", SORTS)
async def test_pages_and_cursors_have_the_order_of_the_whole_list(owner: Person, sort: str, direction: str) -> None:
    query = {"filter": "@home | no due", "sort": direction + sort}
    whole = await list_tasks(owner, **query, limit=100)
    expected = [task["id"] for task in whole["items"]]

    by_page = [await list_tasks(owner, **query, limit=5, page=page) for page in (1, 2, 3, 4)]
    by_cursor: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await list_tasks(owner, **query, limit=5, cursor=cursor, total="false")
        by_cursor += [task["id"] for task in page["items"]]
        cursor = page["next_cursor"]

    assert len(expected) == whole["total"] == 16
    assert [task["id"] for page in by_page for task in page["items"]] == expected
    assert {(page["total"], page["pages"]) for page in by_page} == {(16, 4)}
    assert by_cursor == expected


@pytest.mark.spec("FIL-006")
async def test_filter_combines_with_all_parameters(owner: Person) -> None:
    found = [
        await list_titles(owner, filter="@home", **query)
        for query in (
            {"status": "completed"},
            {"priority": "high", "q": "task 2"},
            {"due": "none", "tag": "home"},
            {"due_from": "2027-03-16", "started": "true"},
        )
    ]

    assert [len(titles) for titles in found] == [0, 1, 4, 0]
    assert len(await list_titles(owner, filter="@home & !(start > today)", due_from="2027-03-10")) > 0
    assert await list_titles(owner, filter="@home", project="none", limit=3) == ["Task 3", "Task 1", "Task 4"]


@pytest.mark.spec("FIL-001")
async def test_example_of_the_documentation_finds_what_it_says(owner: Person) -> None:
    page = await list_tasks(owner, filter="(overdue | today) & @home & !p3", limit=100)

    assert page["items"]
    for task in page["items"]:
        assert task["due_day"] <= "2027-03-14"
        assert [tag["name"] for tag in task["tags"]] == ["home"]
        assert task["priority"] != "low"


@pytest.mark.spec("FIL-004")
async def test_digits_are_the_id_or_the_name(ada: Person, make_task: Make, make_tag: Make) -> None:
    tag = await make_tag(ada)
    named = await make_tag(ada, name=str(tag["id"]))
    for title, own_tag in (("by id", tag), ("by name", named)):
        await tag_task(ada, await make_task(ada, title=title), own_tag)

    assert {*await list_titles(ada, filter=f"@{tag['id']}")} == {"by id", "by name"}
    assert await list_titles(ada, filter=f'@"{tag["id"]}"') == ["by name"]


@pytest.mark.spec("FIL-009")
async def test_names_of_other_users_match_nothing(ada: Person, bob: Person, make_task: Make, make_tag: Make) -> None:
    tag = await make_tag(bob, name="home")
    project = (await bob.client.post("/projects", json={"name": "Work"})).json()
    await tag_task(bob, await make_task(bob, project_id=project["id"]), tag)
    await make_task(ada, title="Mine")

    for name in ("@home", f"@{tag['id']}", "#Work", f"#{project['id']}", "search:plants"):
        assert await list_titles(ada, filter=name) == []
        assert await list_titles(ada, filter=f"!{name}") == ["Mine"]
        assert (await list_tasks(bob, filter=name))["total"] == 1


@pytest.mark.spec("FIL-007")
@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("@home & !p1 | search:milk | no due", 1),
        ("start < 2027-03-14", 1),
        ("created >= 2027-03-14T00:00:00Z", 1),
        ("today", 2),
        ("!overdue", 2),
        ("created >= 2027-03-14", 2),
        ("start < tomorrow", 2),
        ("due < 2027-03-14T00:00:00Z", 2),
    ],
)
async def test_only_terms_of_days_read_the_zone(
    ada: Person, recorded_app: RecordedApp, text: str, statements: int
) -> None:
    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        response = await client.get("/tasks", params={"filter": text})

    assert response.status_code == 200, response.text
    assert len(recorded_app.statements) == statements
    assert not any("2027" in statement or "milk" in statement for statement in recorded_app.statements)


@pytest.mark.spec("FIL-005")
@pytest.mark.parametrize(
    ("text", "position"), [("today &", 8), ("p1 p2", 4), ("@„Büro“ & (", 12), ("due < soon", 7), ("a" * 1001, 1001)]
)
async def test_fault_names_the_position(ada: Person, text: str, position: int) -> None:
    response = await request_tasks(ada, filter=text)

    assert_error(response, 400, "INVALID_FILTER")
    [problem] = response.json()["errors"]
    assert (problem["field"], problem["code"], problem["position"]) == ("filter", "INVALID_FILTER", position)
    assert problem["detail"] == response.json()["detail"]


@pytest.mark.spec("FIL-005")
async def test_position_counts_composed_characters(ada: Person) -> None:
    decomposed = "@Bu\u0308ro | x"

    response = await request_tasks(ada, filter=decomposed)

    assert response.json()["errors"][0]["position"] == 9


@pytest.mark.spec("FIL-004")
async def test_decomposed_name_is_the_same_name(ada: Person, make_task: Make, make_tag: Make) -> None:
    await tag_task(ada, await make_task(ada), await make_tag(ada, name="B\u00fcro"))

    assert (await list_tasks(ada, filter="@Bu\u0308ro"))["total"] == 1
