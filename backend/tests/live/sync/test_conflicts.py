"""A client conflicts with other clients, and not with itself."""

from typing import Any

import httpx
import pytest

from tests.live.sync.clients import SyncClient
from tests.live.sync.gate import Gate, Lose


def create_task(other: httpx.Client, **fields: Any) -> int:
    task_id: int = other.post("/tasks", json={"title": "Water the plants"} | fields).json()["id"]
    return task_id


def read_task(other: httpx.Client, task_id: object) -> dict[str, Any]:
    task: dict[str, Any] = other.get(f"/tasks/{task_id}").json()
    return task


def conflicts_of(client: SyncClient) -> list[list[Any]]:
    return [report[1:] for report in client.reports() if report[0] == "conflicts"]


@pytest.mark.spec("SYN-021")
def test_write_after_an_acknowledged_one_is_no_conflict(client: SyncClient, gate: Gate, other: httpx.Client) -> None:
    task_id = create_task(other)
    client.sync()
    gate.lose_syncs()
    client.change(task_id, {"title": "First"})
    assert client.sync() == "offline"

    client.change(task_id, {"title": "Second"})
    gate.heal()

    assert client.sync() == "done"
    assert read_task(other, task_id)["title"] == "Second"
    assert conflicts_of(client) == []


@pytest.mark.spec("SYN-021")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"title": "First"}, {"title": "Second"}),
        ({"due_date": "2026-12-01T18:00:00Z"}, {"due_day": "2026-12-02"}),
        ({"completed": True}, {"completed": False, "title": "Second"}),
    ],
)
def test_waiting_write_is_no_conflict_with_the_write_before_it(
    client: SyncClient, gate: Gate, other: httpx.Client, first: dict[str, Any], second: dict[str, Any]
) -> None:
    task_id = create_task(other)
    client.sync()
    gate.lose("PATCH", Lose.RESPONSE)
    client.change(task_id, first)
    assert client.sync() == "offline"
    client.change(task_id, second)
    gate.heal()

    assert client.sync() == "done"

    assert {name: read_task(other, task_id)[name] for name in second} == second
    assert conflicts_of(client) == []


@pytest.mark.spec("SYN-021")
def test_waiting_change_of_a_created_task_is_no_conflict(client: SyncClient, gate: Gate, other: httpx.Client) -> None:
    gate.lose("POST", Lose.RESPONSE)
    task = client.create({"title": "First"})
    assert client.sync() == "offline"
    client.change(task, {"title": "Second"})
    gate.heal()

    assert client.sync() == "done"

    assert [task["title"] for task in other.get("/tasks").json()["items"]] == ["Second"]
    assert conflicts_of(client) == []


@pytest.mark.spec("SYN-021")
@pytest.mark.parametrize("what", [Lose.REQUEST, Lose.RESPONSE])
def test_waiting_write_does_not_replace_a_change_that_its_author_did_not_see(
    client: SyncClient, gate: Gate, other: httpx.Client, what: Lose
) -> None:
    task_id = create_task(other)
    client.sync()
    gate.lose("PATCH", what)
    client.change(task_id, {"priority": "high"})
    assert client.sync() == "offline"
    client.change(task_id, {"title": "Mine", "description": "Mine", "priority": "low"})
    other.patch(f"/tasks/{task_id}", json={"title": "Theirs"})
    gate.heal()

    assert client.sync() == "done"

    task = read_task(other, task_id)
    assert (task["title"], task["description"], task["priority"]) == ("Theirs", "Mine", "low")
    assert conflicts_of(client) == [[task_id, ["title"]]]


@pytest.mark.spec("SYN-021")
def test_value_that_returned_after_a_foreign_change_is_a_conflict(
    client: SyncClient, gate: Gate, other: httpx.Client
) -> None:
    task_id = create_task(other)
    client.sync()
    gate.lose("PATCH", Lose.RESPONSE)
    client.change(task_id, {"title": "First"})
    client.sync()
    client.change(task_id, {"title": "Second"})
    for title in ("Theirs", "First"):
        other.patch(f"/tasks/{task_id}", json={"title": title})
    gate.heal()

    client.sync()

    assert read_task(other, task_id)["title"] == "First"
    assert conflicts_of(client) == [[task_id, ["title"]]]


@pytest.mark.spec("SYN-021")
def test_deletion_keeps_a_task_that_another_client_changed(client: SyncClient, other: httpx.Client) -> None:
    task_id, own_id = create_task(other), create_task(other)
    client.sync()
    client.change(own_id, {"title": "Mine", "completed": True})
    client.sync()
    client.remove(own_id)
    client.remove(task_id)
    other.patch(f"/tasks/{task_id}", json={"title": "Theirs"})

    assert client.sync() == "done"

    assert [task["title"] for task in client.tasks()] == ["Theirs"]
    assert conflicts_of(client) == [[task_id, ["title"]]]
    assert other.get(f"/tasks/{own_id}").status_code == 404


@pytest.mark.spec("SYN-022")
def test_later_due_replaces_the_due_of_an_unsent_write(client: SyncClient, other: httpx.Client) -> None:
    task = client.create({"title": "Water the plants", "due_day": "2026-12-05"})
    client.change(task, {"due_date": "2026-12-06T10:00:00Z"})
    assert [(shown["due_day"], shown["due_date"]) for shown in client.tasks()] == [(None, "2026-12-06T10:00:00Z")]

    assert client.sync() == "done"

    [stored] = other.get("/tasks").json()["items"]
    assert (stored["due_day"], stored["due_date"]) == (None, "2026-12-06T10:00:00Z")
