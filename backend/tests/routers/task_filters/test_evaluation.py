"""Random filters find the tasks that an evaluation in memory finds."""

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.routers.task_filters.conftest import SetNow
from tests.routers.task_filters.evaluator import Generator
from tests.routers.task_lists.support import list_tasks, tag_task
from tests.support import Json, Make, Person

ROUNDS = 200
ZONE = "America/New_York"
NOW = datetime(2027, 3, 14, 16, tzinfo=UTC)
"""Noon in New York on a day of 23 hours."""
TAGS = ("home", "Büro", "two words", 'quo"te', "back\\slash", "7", "Straße", "a & (b)")
WORDS = ("milk", "STRASSE", "straße", "Ärger", '"', "100%", "a_b", "(x | y)", "e")
TITLES = ("Buy milk", "In der Straße", "ÄRGER", 'Say "hello"', "100% sure", "a_b", "aXb", "f(x | y)")
EDGES = (
    "2027-03-14T04:59:59.999999Z",
    "2027-03-14T05:00:00Z",
    "2027-03-14T15:59:59.999999Z",
    "2027-03-14T16:00:00Z",
    "2027-03-15T03:59:59.999999Z",
    "2027-03-15T04:00:00Z",
)
"""Instants around the beginning and the end of the day, and around now."""


def random_day() -> str:
    return (date(2027, 3, 14) + timedelta(days=random.randint(-9, 9))).isoformat()


def random_task(number: int) -> Json:
    """Return the fields of a task, each of which is often absent."""
    task: Json = {"title": f"{random.choice(TITLES)} {number}", "priority": random.choice(["low", "medium", "high"])}
    due = random.choice(["due_day", "due_date", None])
    if due == "due_day":
        task["due_day"] = random_day()
    elif due == "due_date":
        task["due_date"] = random.choice([*EDGES, f"{random_day()}T{random.randint(0, 23):02}:30:00Z"])
    for field in ("start_day", "deadline_day"):
        if random.random() < 0.6:
            task[field] = random_day()
    if random.random() < 0.3:
        task["description"] = random.choice(TITLES)
    return task | {"completed": random.random() < 0.3}


@dataclass(frozen=True)
class Places:
    """The projects and sections of a person: ids by name, and the fields of tasks that are there."""

    projects: dict[str, list[int]]
    sections: dict[str, list[int]]
    fields: list[Json]


@pytest.fixture
async def places(ada: Person) -> Places:
    """Return projects and sections of Ada. Some of them have the same name."""
    found = Places(defaultdict(list), defaultdict(list), [{}])
    for name in ("Work", "Garten & Hof", "Work"):
        project_id = (await ada.client.post("/projects", json={"name": name})).json()["id"]
        found.projects[name].append(project_id)
        found.fields.append({"project_id": project_id})
        for section in ("Later", f"in {name}"):
            response = await ada.client.post(f"/projects/{project_id}/sections", json={"name": section})
            found.sections[section].append(response.json()["id"])
            found.fields.append({"section_id": response.json()["id"]})
    return found


@pytest.fixture
async def tasks(ada: Person, make_task: Make, make_tag: Make, places: Places) -> list[Json]:
    """Return the tasks of Ada as lists show them."""
    await ada.client.patch("/auth/me", json={"time_zone": ZONE})
    tags = [await make_tag(ada, name=name) for name in TAGS]
    for number in range(40):
        task = await make_task(ada, **random_task(number), **random.choice(places.fields))
        for tag in random.sample(tags, random.choice([0, 0, 1, 2, 3])):
            await tag_task(ada, task, tag)
    items: list[Json] = (await list_tasks(ada, limit=100))["items"]
    return items


@pytest.mark.spec("FIL-001", "FIL-002", "FIL-003", "FIL-004", "FIL-006")
async def test_list_has_the_tasks_for_which_the_filter_is_true(
    ada: Person, tasks: list[Json], places: Places, set_now: SetNow
) -> None:
    set_now(NOW.isoformat())
    instants = [datetime.fromisoformat(text) for text in EDGES]
    instants += [datetime.fromisoformat(task[field]) for task in tasks[:5] for field in ("created_at", "updated_at")]
    instants += [datetime.fromisoformat(task["completed_at"]) for task in tasks if task["completed"]]
    days = [date.fromisoformat(random_day()) for _ in range(5)] + [datetime.now(UTC).date()]
    generator = Generator(
        ZoneInfo(ZONE),
        NOW,
        tags=TAGS,
        projects=places.projects,
        sections=places.sections,
        words=WORDS,
        moments=[*instants, *days],
    )
    counts = []

    for _ in range(ROUNDS):
        example = generator.make(random.randint(0, 3))
        if len(example.text) > 1000:
            continue
        sort = random.choice(["title", "due_date", "-created_at", "-updated_at", "priority"])
        page = await list_tasks(ada, filter=example.text, sort=sort, limit=100)
        expected = {task["id"] for task in tasks if example.test(task)}
        assert ({task["id"] for task in page["items"]}, page["total"]) == (expected, len(expected)), example.text
        counts.append(len(expected))

    assert len({*counts}) > 10, "the filters find different numbers of tasks"
