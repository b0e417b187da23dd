"""Filters by status, priority and tag."""

import asyncpg
import pytest

from tests.routers.task_lists.support import INSERT_TASKS, list_tasks, list_titles, request_tasks, tag_task
from tests.support import Json, Make, Person, assert_error

STATUS_ERROR = "Status must be one of: all, pending, completed"
PRIORITY_ERROR = "Priority must be low, medium, or high"


# Status and priority


@pytest.mark.parametrize(
    ("status", "titles"),
    [
        pytest.param("pending", ["open"], marks=pytest.mark.spec("FLT-001")),
        pytest.param("completed", ["done"], marks=pytest.mark.spec("FLT-002")),
        pytest.param("all", ["done", "open"], marks=pytest.mark.spec("FLT-003")),
    ],
)
async def test_status_filters_tasks(ada: Person, make_task: Make, status: str, titles: list[str]) -> None:
    await make_task(ada, title="done", completed=True)
    await make_task(ada, title="open", completed=False)

    assert await list_titles(ada, status=status, sort="title") == titles


@pytest.mark.spec("FLT-009")
@pytest.mark.parametrize("status", ["done", "ALL", "pending,completed", "true"])
async def test_unknown_status_is_rejected(ada: Person, status: str) -> None:
    response = await request_tasks(ada, status=status)

    assert_error(response, 400, "INVALID_STATUS", STATUS_ERROR)


@pytest.mark.spec("FLT-004")
@pytest.mark.parametrize("priority", ["low", "medium", "high"])
async def test_priority_filters_tasks(ada: Person, make_task: Make, priority: str) -> None:
    for title in ("low", "medium", "high"):
        await make_task(ada, title=title, priority=title)

    assert await list_titles(ada, priority=priority) == [priority]


@pytest.mark.parametrize("priority", ["urgent", "HIGH", "1"])
async def test_unknown_priority_is_rejected(ada: Person, priority: str) -> None:
    response = await request_tasks(ada, priority=priority)

    assert_error(response, 400, "INVALID_PRIORITY", PRIORITY_ERROR)


# Tag


@pytest.mark.spec("FLT-005")
async def test_tag_id_filters_tasks(ada: Person, make_task: Make, make_tag: Make) -> None:
    tag, other_tag = await make_tag(ada), await make_tag(ada)
    await tag_task(ada, await make_task(ada, title="tagged"), tag)
    await tag_task(ada, await make_task(ada, title="tagged otherwise"), other_tag)
    await make_task(ada, title="not tagged")

    assert await list_titles(ada, tag=tag["id"]) == ["tagged"]


@pytest.mark.spec("FLT-006")
@pytest.mark.parametrize("name", ["home", "Äpfel & Birnen", "100%", "a+b=c?", "5 a day"])
async def test_tag_name_filters_tasks(ada: Person, make_task: Make, make_tag: Make, name: str) -> None:
    tag, other_tag = await make_tag(ada, name=name), await make_tag(ada)
    await tag_task(ada, await make_task(ada, title="tagged"), tag)
    await tag_task(ada, await make_task(ada, title="tagged otherwise"), other_tag)

    assert await list_titles(ada, tag=name) == ["tagged"]


@pytest.mark.spec("FLT-005", "FLT-006")
async def test_digits_match_the_id_or_the_name_of_a_tag(ada: Person, make_task: Make, make_tag: Make) -> None:
    tag = await make_tag(ada)
    digits = str(tag["id"])
    digits_tag = await make_tag(ada, name=digits)
    await tag_task(ada, await make_task(ada, title="by id"), tag)
    await tag_task(ada, await make_task(ada, title="by name"), digits_tag)
    await make_task(ada, title="by neither")

    assert await list_titles(ada, tag=digits, sort="title") == ["by id", "by name"]


async def test_task_with_two_matching_tags_is_listed_once(ada: Person, make_task: Make, make_tag: Make) -> None:
    tag = await make_tag(ada)
    digits_tag = await make_tag(ada, name=str(tag["id"]))
    task = await make_task(ada)
    await tag_task(ada, task, tag)
    await tag_task(ada, task, digits_tag)

    page = await list_tasks(ada, tag=tag["id"])

    assert (len(page["items"]), page["total"]) == (1, 1)


@pytest.mark.parametrize("name", ["0", "007", 19 * "9", 50 * "9"])
async def test_digits_that_are_no_id_match_a_tag_name(ada: Person, make_task: Make, make_tag: Make, name: str) -> None:
    await tag_task(ada, await make_task(ada, title="tagged"), await make_tag(ada, name=name))

    assert await list_titles(ada, tag=name) == ["tagged"]


@pytest.mark.parametrize("tag", ["nothing", "0", "-1", 18 * "9", 19 * "9", 5000 * "9", 5000 * "x"])
async def test_unknown_tag_matches_no_task(ada: Person, make_task: Make, tag: str) -> None:
    await make_task(ada)

    assert (await list_tasks(ada, tag=tag))["total"] == 0


@pytest.mark.parametrize("field", ["id", "name"])
async def test_tag_of_another_user_matches_no_task(
    ada: Person, bob: Person, make_task: Make, make_tag: Make, field: str
) -> None:
    bobs_tag = await make_tag(bob)
    await tag_task(bob, await make_task(bob), bobs_tag)
    await make_task(ada)

    assert (await list_tasks(ada, tag=bobs_tag[field]))["total"] == 0


async def test_tag_filter_keeps_all_tags_of_a_task(ada: Person, make_task: Make, make_tag: Make) -> None:
    task = await make_task(ada)
    for name in ("attic", "garden"):
        await tag_task(ada, task, await make_tag(ada, name=name))

    [item] = (await list_tasks(ada, tag="garden"))["items"]

    assert [tag["name"] for tag in item["tags"]] == ["attic", "garden"]


# Combination


@pytest.mark.spec("FLT-008")
async def test_filters_are_combined(ada: Person, make_task: Make, make_tag: Make) -> None:
    tag = await make_tag(ada, name="home")
    matching_fields: Json = {"title": "Water the plants", "completed": True, "priority": "high"}
    mismatches: list[Json] = [{"title": "Feed the cat"}, {"completed": False}, {"priority": "low"}]
    matching_task = await make_task(ada, **matching_fields)
    await tag_task(ada, matching_task, tag)
    for change in mismatches:
        await tag_task(ada, await make_task(ada, **(matching_fields | change)), tag)
    await make_task(ada, **matching_fields)

    page = await list_tasks(ada, status="completed", priority="high", tag="home", q="plants", sort="title")

    assert [task["id"] for task in page["items"]] == [matching_task["id"]]
    assert page["total"] == 1


@pytest.mark.spec("FLT-008")
async def test_total_and_pages_count_the_filtered_tasks(ada: Person, connection: asyncpg.Connection) -> None:
    await connection.execute(INSERT_TASKS, ada.id, 60)

    page = await list_tasks(ada, status="completed", priority="high", q="EVEN", page=2, limit=4)

    assert (page["total"], page["pages"], len(page["items"])) == (10, 3, 4)
