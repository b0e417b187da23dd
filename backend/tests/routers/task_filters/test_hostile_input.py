"""Filters with hostile text."""

import random

import pytest

from tests.routers.task_lists.support import list_titles, request_tasks
from tests.support import Make, Person

PIECES = [
    "&",
    "|",
    "!",
    "(",
    ")",
    '"',
    "„",
    "\\",
    "@",
    "#",
    "search:",
    "due<",
    "2026-12-01",
    "p1",
    "no ",
    "%",
    "'",
    "🌱",
]
HOSTILE = [
    "(" * 1000,
    "!" * 1000,
    "(" * 400 + "p1" + ")" * 400,
    "!(" * 300 + "p1" + ")" * 300,
    "&" * 1000,
    '"' * 1000,
    "\\" * 1000,
    "@" + "x" * 20_000,
    "search:" + "ﷺ" * 990,
    "@" + "a\u0300" * 990,
    "@" + "\u0344" * 500,
    "due < 99999999999999999999-01-01",
    "due < 0001-01-01T00:00:00Z | due > 9999-12-31T23:59:59.999999Z | due = 9999-12-31T23:59:59.999999-23:59",
    "created < 0001-01-01T00:00:00+23:59 | created >= 9999-12-31T23:59:59.999999Z",
    "start < 1900-01-01 & deadline > 9998-12-31 & due > 9998-12-31 & due < 1900-01-01",
    "due > 9999 days | due < -9999 days",
    "99999999999999999999 days",
    "@999999999999999999999999",
    "#9223372036854775808",
    "@\u0661\u0662",
    "\u0667 days",
    "completed",
    "@'; DROP TABLE tasks; --",
    "search:%' OR '1'='1",
    "${jndi:ldap://x}",
    "today\u2028| \u00a0p1",
    "\ufeffp1",
    "\u202ep1",
]


@pytest.mark.spec("FIL-008")
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_text_is_no_server_error(ada: Person, text: str) -> None:
    response = await request_tasks(ada, filter=text)
    saved = await ada.client.post("/filters", json={"name": "x", "query": text})

    assert response.status_code in (200, 400), response.text
    assert saved.status_code == {200: 201, 400: 400}[response.status_code], saved.text
    if response.status_code == 400:
        assert response.json()["code"] == saved.json()["code"] == "INVALID_FILTER"
        positions = [body.json()["errors"][0]["position"] for body in (response, saved)]
        assert positions[0] == positions[1] >= 1


@pytest.mark.spec("FIL-008")
@pytest.mark.parametrize("query", ["%00", "p1%00", "%ED%A0%80", "%FF", "%C3"])
async def test_text_that_cannot_be_stored_is_rejected(ada: Person, query: str) -> None:
    response = await ada.client.get(f"/tasks?filter=@{query}")

    assert response.status_code in (200, 400, 422), response.text


@pytest.mark.spec("FIL-008")
@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "\\udc00x"])
async def test_saved_text_that_cannot_be_stored_is_a_422(ada: Person, escape: str) -> None:
    body = f'{{"name": "x", "query": "@{escape}"}}'
    response = await ada.client.post("/filters", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == 422, response.text


@pytest.mark.spec("FIL-008")
async def test_random_text_is_no_server_error(ada: Person, make_task: Make) -> None:
    await make_task(ada)
    for _ in range(200):
        text = "".join(random.choices(PIECES, k=random.randint(1, 12)))
        response = await request_tasks(ada, filter=text)
        assert response.status_code in (200, 400), text


@pytest.mark.spec("FIL-004", "FIL-008")
async def test_sql_and_wildcards_are_plain_text(ada: Person, make_task: Make) -> None:
    for title in ("100% sure", "100 sure", "a_b", "aXb", "it's"):
        await make_task(ada, title=title)

    assert await list_titles(ada, filter='search:"100%"') == ["100% sure"]
    assert await list_titles(ada, filter="search:a_b") == ["a_b"]
    assert await list_titles(ada, filter="search:'s") == ["it's"]


@pytest.mark.spec("FIL-008")
async def test_largest_filters_are_answered(ada: Person, make_task: Make) -> None:
    await make_task(ada)
    terms = [f"!@t{number}" for number in range(20)] + [f"search:w{number}" for number in range(10)]
    nested = "p1"
    for _ in range(10):
        nested = f"!({nested} | today & @x)"

    for text in ("|".join(terms), "&".join(terms), nested, "|".join(["due=today"] * 30)):
        response = await request_tasks(ada, filter=text, sort="title")
        assert response.status_code == 200, response.text
