"""The time of `POST /tasks/bulk` with a thousand items, one request after the other, as in an import.

    .venv/bin/python -m benchmarks.bulk

The service runs on the data of the benchmark (200 users with 500 tasks each) and an embedded PostgreSQL with fsync on.
The output is the median and the longest time of each kind of item.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.run import PORTS, SECRET, serving
from benchmarks.seed import Person, seed
from todo.core.database import migrator
from todo.core.postgres.server import DATABASE, EmbeddedPostgres

Json = dict[str, Any]
ITEMS = 1000
ROUNDS = 15
DESCRIPTION = "The ferns too, and what is on the balcony"


def create_item(_: int) -> Json:
    """Return an item that creates a task with only a title."""
    return {"action": "create", "task": {"title": "Water the plants"}}


def create_full_item(number: int) -> Json:
    """Return an item that creates a task with all fields."""
    task = {"title": f"Water the plants {number}", "description": DESCRIPTION, "due_date": "2026-12-01T18:00:00Z"}
    return {"action": "create", "task": task | {"priority": "high", "recurrence_rule": "FREQ=WEEKLY"}}


def update_item(task_id: int) -> Json:
    """Return an item that completes a task."""
    return {"action": "update", "id": task_id, "changes": {"completed": True}}


def delete_item(task_id: int) -> Json:
    """Return an item that deletes a task."""
    return {"action": "delete", "id": task_id}


def send(person: Person, make_item: Callable[[int], Json], numbers: list[int]) -> tuple[float, list[int]]:
    """Write items in one request. Return the milliseconds and the ids of the tasks."""
    headers = {"Authorization": f"Bearer {person.token}", "Content-Type": "application/json"}
    content = json.dumps({"items": [make_item(number) for number in numbers]}).encode()
    request = Request(f"http://127.0.0.1:{PORTS['service']}/api/v1/tasks/bulk", content, headers)
    started_at = time.perf_counter()
    with urlopen(request) as response:
        body = response.read()
    milliseconds = (time.perf_counter() - started_at) * 1000
    return milliseconds, [result["task"]["id"] for result in json.loads(body)["results"] if result["task"]]


def measure(person: Person) -> dict[str, list[float]]:
    """Return the milliseconds of each kind of item, without the first round."""
    times: dict[str, list[float]] = {"create, a title": [], "create, all fields": [], "update": [], "delete": []}
    for _ in range(1 + ROUNDS):
        numbers = list(range(ITEMS))
        titled, _ = send(person, create_item, numbers)
        full, ids = send(person, create_full_item, numbers)
        updated, _ = send(person, update_item, ids)
        deleted, _ = send(person, delete_item, ids)
        for kind, milliseconds in zip(times.values(), (titled, full, updated, deleted), strict=True):
            kind.append(milliseconds)
    return {name: measured[1:] for name, measured in times.items()}


def main() -> None:
    """Start the service, measure, and print the times."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        migrator.upgrade(postgres.url())
        [person, *_], _large = asyncio.run(seed(postgres.admin_url(DATABASE), SECRET, 200, 0, 0))
        with serving("service", postgres.url(), 1):
            for name, times in measure(person).items():
                print(f"{ITEMS:,} x {name}: {median(times):.0f} ms, at most {max(times):.0f}")


if __name__ == "__main__":
    main()
