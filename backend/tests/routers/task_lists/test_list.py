"""Content of a list of tasks: owner, items, total and statements."""

import asyncpg
import pytest

from tests.routers.task_lists.support import INSERT_TASKS, list_tasks, list_titles, request_tasks, tag_task
from tests.support import Json, Make, Person, RecordedApp, assert_error, make_client


@pytest.mark.spec("TSK-008")
async def test_list_of_a_new_user_is_empty(ada: Person) -> None:
    page = await list_tasks(ada)

    assert page == {"items": [], "total": 0, "page": 1, "limit": 20, "pages": 0, "next_cursor": None}


@pytest.mark.spec("TSK-009")
async def test_items_equal_the_tasks_of_get(ada: Person, make_task: Make, make_tag: Make) -> None:
    task = await make_task(ada, due_date="2026-12-01T18:00:00+02:00", description="The ferns too")
    await tag_task(ada, task, await make_tag(ada, color="#FF5733"))

    page = await list_tasks(ada)

    assert page["items"] == [(await ada.client.get(f"/tasks/{task['id']}")).json()]


@pytest.mark.spec("TSK-009")
async def test_total_counts_the_tasks(ada: Person, make_task: Make) -> None:
    for _ in range(3):
        await make_task(ada)

    page = await list_tasks(ada)

    assert (len(page["items"]), page["total"], page["pages"]) == (3, 3, 1)


@pytest.mark.spec("TSK-009")
async def test_tasks_of_other_users_are_hidden(ada: Person, bob: Person, make_task: Make) -> None:
    await make_task(bob, title="Bob's")
    await make_task(ada, title="Ada's")

    assert await list_titles(ada) == ["Ada's"]


async def test_tags_of_a_task_are_ordered_by_name(ada: Person, make_task: Make, make_tag: Make) -> None:
    task = await make_task(ada)
    for name in ("home", "Garden", "attic"):
        await tag_task(ada, task, await make_tag(ada, name=name))

    [item] = (await list_tasks(ada))["items"]

    assert [tag["name"] for tag in item["tags"]] == ["attic", "Garden", "home"]


async def test_unknown_parameter_is_rejected(ada: Person) -> None:
    response = await request_tasks(ada, user_id="nobody", colour="green")

    assert_error(response, 422, "UNKNOWN_FIELD")


async def test_problem_lists_every_invalid_parameter(ada: Person) -> None:
    response = await request_tasks(ada, page=0, status="done", sort="name")

    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [
        ("page", "INVALID_PAGINATION"),
        ("status", "INVALID_STATUS"),
        ("sort", "INVALID_SORT_FIELD"),
    ]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"sort": "title", "limit": 100},
        {"status": "pending", "priority": "high", "tag": "tag 1", "q": "alpha", "sort": "-due_date"},
    ],
    ids=["plain", "sorted", "filtered"],
)
@pytest.mark.parametrize("task_count", [0, 1, 100])
async def test_list_runs_one_statement(
    ada: Person,
    recorded_app: RecordedApp,
    connection: asyncpg.Connection,
    task_count: int,
    query: Json,
) -> None:
    await connection.execute(INSERT_TASKS, ada.id, task_count)
    await connection.execute(
        "INSERT INTO tags (user_id, name, name_key) SELECT $1, 'tag ' || i, i FROM generate_series(1, 10) AS i",
        ada.id,
    )
    await connection.execute(
        """
        INSERT INTO task_tag_link (user_id, task_id, tag_id)
        SELECT $1, tasks.id, tags.id FROM tasks JOIN tags USING (user_id) WHERE user_id = $1
        """,
        ada.id,
    )

    async with make_client(recorded_app.app, headers=ada.client.headers) as client:
        response = await client.get("/tasks", params=query)

    assert response.status_code == 200
    assert len(recorded_app.statements) == 1
