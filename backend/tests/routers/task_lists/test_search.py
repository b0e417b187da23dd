"""Search in titles and descriptions."""

import pytest

from tests.routers.task_lists.support import assert_query_error, list_tasks, list_titles
from tests.support import Make, Person


@pytest.mark.spec("FLT-007")
@pytest.mark.parametrize(
    ("field", "text", "q"),
    [
        ("title", "Water the plants", "the pla"),
        ("title", "Water the plants", "WATER"),
        ("description", "The Ferns too", "ferns"),
        ("title", "Äpfel pflücken", "äPFEL"),
        ("title", "äpfel pflücken", "Ä"),
        ("description", "ÉTÉ", "été"),
        ("title", "ΠΛΗΡΩΜΗ", "πληρ"),
        ("title", "Feed 🐈 twice", "🐈"),
        ("title", "100% sure", "%"),
        ("title", "snake_case", "_"),
        ("description", "C:\\temp", "\\"),
        ("title", "50\\% off", "\\%"),
        ("title", "It's", "'"),
        ("title", "a  b", "  "),
        ("title", "1 + 1 & 2", "+ 1 &"),
    ],
)
async def test_search_matches_title_or_description(ada: Person, make_task: Make, field: str, text: str, q: str) -> None:
    matching_task = await make_task(ada, **{field: text})
    await make_task(ada, title="Something else", description="entirely")

    assert [task["id"] for task in (await list_tasks(ada, q=q))["items"]] == [matching_task["id"]]


@pytest.mark.spec("FLT-007")
@pytest.mark.parametrize(("q", "titles"), [("\x1f", ["a\x1fb"]), ("a\x1fb", ["a\x1fb"]), ("a\x1fx", []), ("\x1fx", [])])
async def test_search_does_not_match_across_title_and_description(
    ada: Person, make_task: Make, q: str, titles: list[str]
) -> None:
    await make_task(ada, title="a", description="x")
    await make_task(ada, title="a\x1fb")

    response = await ada.client.get("/tasks", params={"q": q})

    assert [task["title"] for task in response.json()["items"]] == titles


@pytest.mark.parametrize(
    ("title", "q"), [("100 sure", "1%0"), ("snake case", "snake_case"), ("50% off", "50\\%"), ("abc", ".*")]
)
async def test_wildcards_are_matched_literally(ada: Person, make_task: Make, title: str, q: str) -> None:
    await make_task(ada, title=title)

    assert await list_titles(ada, q=q) == []


async def test_empty_search_matches_every_task(ada: Person, make_task: Make) -> None:
    await make_task(ada)

    assert (await list_tasks(ada, q=""))["total"] == 1


async def test_search_without_match_is_empty(ada: Person, make_task: Make) -> None:
    await make_task(ada, title="Water the plants", description="The ferns too")

    assert (await list_tasks(ada, q="plants the"))["total"] == 0


async def test_tasks_of_other_users_are_not_found(ada: Person, bob: Person, make_task: Make) -> None:
    await make_task(bob, title="A secret")

    assert (await list_tasks(ada, q="secret"))["total"] == 0


@pytest.mark.parametrize("parameter", ["q", "tag"])
async def test_nul_character_is_rejected(ada: Person, parameter: str) -> None:
    response = await ada.client.get(f"/tasks?{parameter}=a%00b")

    assert_query_error(response, 422, "VALIDATION_ERROR", parameter)


@pytest.mark.parametrize("parameter", ["q", "tag"])
async def test_invalid_utf_8_matches_no_task(ada: Person, make_task: Make, parameter: str) -> None:
    await make_task(ada)

    response = await ada.client.get(f"/tasks?{parameter}=%ED%A0%80")

    assert response.status_code in {200, 422}
    assert response.json().get("total", 0) == 0
