"""A task from a line of text: creation, dry run and errors."""

import threading
from typing import Any

import asyncpg
import pytest

from tests.routers.changes.support import read_log
from tests.routers.quick_add.conftest import QuickAdd
from tests.support import Person, assert_error
from todo.domain.quick_add.reading import Reading, read_text
from todo.domain.quick_add.text import QUICK_TEXT_MAX
from todo.services.quick_add import service

TEXT = "Pay rent every 1st at 9am #Home @money p1"
TITLE_ERROR = "Title is required and must be 1-200 characters"


@pytest.mark.spec("QCK-001", "QCK-003")
async def test_text_becomes_a_task(berliner: Person, quick_add: QuickAdd) -> None:
    [project] = (await berliner.client.get("/projects")).json()

    response = await quick_add(berliner, TEXT)

    assert response.status_code == 201, response.text
    task = response.json()["task"]
    assert response.headers["Location"] == f"/api/v1/tasks/{task['id']}"
    assert (await berliner.client.get(f"/tasks/{task['id']}")).json() == task
    assert task["title"] == "Pay rent"
    assert (task["due_date"], task["due_time_zone"]) == ("2026-12-01T08:00:00Z", "Europe/Berlin")
    assert (task["recurrence_rule"], task["priority"]) == ("FREQ=MONTHLY;BYMONTHDAY=1", "high")
    assert task["project_id"] == project["id"]
    assert [tag["name"] for tag in task["tags"]] == ["money"]
    assert response.json()["unresolved"] == []
    assert response.json()["understood"] == [
        {"field": "recurrence_rule", "value": "FREQ=MONTHLY;BYMONTHDAY=1", "start": 9, "end": 18},
        {"field": "due_date", "value": "2026-12-01T08:00:00Z", "start": 19, "end": 25},
        {"field": "project_id", "value": project["id"], "start": 26, "end": 31},
        {"field": "tags", "value": "money", "start": 32, "end": 38},
        {"field": "priority", "value": "high", "start": 39, "end": 41},
    ]


@pytest.mark.spec("QCK-002")
async def test_dry_run_writes_nothing(berliner: Person, quick_add: QuickAdd, watcher: asyncpg.Connection) -> None:
    before = await read_log(watcher, berliner)

    response = await quick_add(berliner, TEXT, dry_run=True)

    assert response.status_code == 200, response.text
    assert "id" not in response.json()["task"]
    assert {"Location", "Change-Seq"}.isdisjoint(response.headers)
    assert (await berliner.client.get("/tags")).json() == []
    assert (await berliner.client.get("/tasks")).json()["items"] == []
    assert await read_log(watcher, berliner) == before


@pytest.mark.spec("QCK-002")
@pytest.mark.parametrize(
    "text", [TEXT, "Milch", "Feier am 24. Dezember {31.12.2026} für 2 Stunden", "Gießen alle! 3 Tage p3 @a @b @a"]
)
async def test_task_of_a_dry_run_can_be_created(berliner: Person, quick_add: QuickAdd, text: str) -> None:
    dry = (await quick_add(berliner, text, dry_run=True)).json()

    sent = (await berliner.client.post("/tasks", json=dry["task"])).json()
    added = (await quick_add(berliner, text)).json()

    own = ("id", "position", "created_at", "updated_at", "version")
    assert {**sent, **dict.fromkeys(own)} == {**added["task"], **dict.fromkeys(own)}
    assert (added["understood"], added["unresolved"]) == (dry["understood"], dry["unresolved"])


@pytest.mark.spec("QCK-003")
async def test_places_are_in_characters_of_the_text_as_it_was_sent(ada: Person, quick_add: QuickAdd) -> None:
    text = "🎂🎂 Bru\u0308cke u\u0308bermorgen p2"

    response = (await quick_add(ada, text)).json()

    assert response["task"]["title"] == "🎂🎂 Brücke"
    parts = {part["field"]: text[part["start"] : part["end"]] for part in response["understood"]}
    assert parts == {"due_day": "u\u0308bermorgen", "priority": "p2"}


@pytest.mark.spec("QCK-009")
async def test_days_are_those_of_the_account(ada: Person, quick_add: QuickAdd) -> None:
    await ada.client.patch("/auth/me", json={"time_zone": "Pacific/Kiritimati", "week_start": "sunday"})

    today = (await quick_add(ada, "x today")).json()["task"]
    week = (await quick_add(ada, "x next week")).json()["task"]
    time = (await quick_add(ada, "x tomorrow 9:00")).json()["task"]

    assert (today["due_day"], week["due_day"]) == ("2026-11-28", "2026-11-29")
    assert (time["due_date"], time["due_time_zone"]) == ("2026-11-28T19:00:00Z", "Pacific/Kiritimati")


@pytest.mark.spec("QCK-005")
async def test_language_limits_what_is_understood(ada: Person, quick_add: QuickAdd) -> None:
    titles = [
        (await quick_add(ada, "Montag tomorrow", language=language, dry_run=True)).json()["task"]["title"]
        for language in ("en", "de")
    ]

    assert titles == ["Montag", "tomorrow"]
    assert_error(await quick_add(ada, "x", language="fr"), 400, "INVALID_LANGUAGE")


@pytest.mark.spec("QCK-018")
@pytest.mark.parametrize("text", ["tomorrow p1", "  ", "@a", "Tomorrow.", "x" * 201])
@pytest.mark.parametrize("dry_run", [True, False])
async def test_text_without_a_title_is_refused(ada: Person, quick_add: QuickAdd, text: str, dry_run: bool) -> None:
    response = await quick_add(ada, text, dry_run=dry_run)

    assert_error(response, 400, "INVALID_TITLE", TITLE_ERROR)
    assert (await ada.client.get("/tags")).json() == []


@pytest.mark.spec("QCK-018")
async def test_invalid_bodies_are_refused(ada: Person, quick_add: QuickAdd) -> None:
    assert_error(await quick_add(ada, ""), 400, "INVALID_QUICK_TEXT", "Text is required and must be 1-1000 characters")
    assert_error(await quick_add(ada, "x" * (QUICK_TEXT_MAX + 1)), 400, "INVALID_QUICK_TEXT")
    assert (await quick_add(ada, f"x {'@a ' * 333}"[:QUICK_TEXT_MAX])).status_code == 201
    for body in ({}, {"text": 1}, {"text": "a\0"}, {"text": "x", "dry_run": 1}, {"text": "x", "title": "y"}):
        assert (await ada.client.post("/tasks/quick", json=body)).status_code == 422, body
    surrogate = await ada.client.post(
        "/tasks/quick", content=b'{"text": "\\ud800"}', headers={"Content-Type": "application/json"}
    )
    assert surrogate.status_code == 422


@pytest.mark.spec("QCK-021")
async def test_key_creates_one_task(ada: Person, quick_add: QuickAdd) -> None:
    key = {"Idempotency-Key": "once"}

    first, second = [await quick_add(ada, "Milk @shop tomorrow", key) for _ in range(2)]

    assert second.json() == first.json()
    assert (second.status_code, second.headers["Location"]) == (201, first.headers["Location"])
    assert second.headers["Idempotency-Replayed"] == "true"
    assert (await ada.client.get("/tasks")).json()["total"] == 1


@pytest.mark.spec("QCK-021")
async def test_task_and_its_tags_are_one_change(ada: Person, quick_add: QuickAdd, watcher: asyncpg.Connection) -> None:
    response = await quick_add(ada, "Milk @shop tomorrow")

    log = await read_log(watcher, ada)
    seq = int(response.headers["Change-Seq"])
    assert {change["batch"] for change in log} == {log[0]["seq"]}
    assert {change["type"] for change in log} == {"task", "tag"}
    undone = await ada.client.post(f"/changes/{seq}/undo", json={})
    assert undone.status_code == 200, undone.text
    assert (await ada.client.get("/tasks")).json()["total"] == 0
    assert (await ada.client.get("/tags")).json() == []


@pytest.mark.spec("QCK-001")
async def test_anonymous_request_is_refused(ada: Person, quick_add: QuickAdd) -> None:
    response = await quick_add(ada, "x", {"Authorization": ""})

    assert response.status_code == 401


@pytest.mark.spec("QCK-008")
async def test_repeating_task_continues_with_the_engine(berliner: Person, quick_add: QuickAdd) -> None:
    task = (await quick_add(berliner, "Rent every last day")).json()["task"]

    upcoming = await berliner.client.get(f"/tasks/{task['id']}/occurrences/upcoming", params={"limit": 3})

    assert [item["due_day"] for item in upcoming.json()["items"]] == ["2026-11-30", "2026-12-31", "2027-01-31"]


@pytest.mark.spec("QCK-020")
@pytest.mark.parametrize(("words", "in_thread"), [(1, False), (200, True)])
async def test_long_text_is_read_in_a_thread(
    berliner: Person, quick_add: QuickAdd, monkeypatch: pytest.MonkeyPatch, words: int, in_thread: bool
) -> None:
    threads: list[int] = []

    def read(*arguments: Any) -> Reading:
        threads.append(threading.get_ident())
        return read_text(*arguments)

    monkeypatch.setattr(service, "read_text", read)

    response = await quick_add(berliner, f"{'Tea ' * words}tomorrow", dry_run=True)

    # The title of 200 words is too long for a task, but not for the reader.
    assert response.status_code == (400 if in_thread else 200), response.text
    assert [thread != threading.get_ident() for thread in threads] == [in_thread]
