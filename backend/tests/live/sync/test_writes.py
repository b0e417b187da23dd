"""Each write ends once: it is acknowledged, or the app is told."""

from uuid import uuid4

import httpx
import pytest

from tests.live.sync.clients import SyncClient
from tests.live.sync.gate import Gate, Lose
from tests.live.sync.test_conflicts import conflicts_of, create_task, read_task

IN_USE = b'{"code": "IDEMPOTENCY_KEY_IN_USE", "detail": "Wait"}'
KEY_IN_USE = b"HTTP/1.1 409 Conflict\r\nRetry-After: 1\r\nContent-Length: %d\r\n\r\n%s" % (len(IN_USE), IN_USE)


def titles_of(other: httpx.Client) -> list[str]:
    return sorted(task["title"] for task in other.get("/tasks").json()["items"])


@pytest.mark.spec("SYN-022")
def test_two_syncs_at_once_lose_no_write(client: SyncClient, other: httpx.Client) -> None:
    titles = [f"Task {number}" for number in range(6)]
    for title in titles:
        client.create({"title": title})

    assert client.sync_twice() == ["done", "done"]

    assert titles_of(other) == titles
    assert client.writes() == []


@pytest.mark.spec("SYN-022")
def test_write_during_a_failing_sync_stays(client: SyncClient, gate: Gate, other: httpx.Client) -> None:
    client.create({"title": "Task 0"})
    client.create({"title": "Task 1"})
    posts = iter([None, Lose.REQUEST, Lose.REQUEST])
    gate.fault = lambda method, _path: next(posts, None) if method == "POST" else None

    client.sync_twice()

    assert len(client.tasks()) == 2
    gate.heal()
    assert client.sync() == "done"
    assert titles_of(other) == ["Task 0", "Task 1"]


@pytest.mark.spec("SYN-022")
def test_write_with_a_deleted_tag_is_rejected(client: SyncClient, other: httpx.Client) -> None:
    task_id = create_task(other)
    tag_id = other.post("/tags", json={"name": uuid4().hex}).json()["id"]
    client.sync()
    client.change(task_id, {"title": "Mine", "tags": [tag_id]})
    other.delete(f"/tags/{tag_id}")

    assert client.sync() == "TAG_NOT_FOUND"
    assert client.sync() == "done"
    assert [task["title"] for task in client.tasks()] == ["Water the plants"]


@pytest.mark.spec("SYN-022")
def test_change_of_a_deleted_task_is_rejected(client: SyncClient, other: httpx.Client) -> None:
    task_id, deleted_id = create_task(other), create_task(other)
    client.sync()
    client.change(task_id, {"title": "Mine"})
    client.remove(deleted_id)
    for id_ in (task_id, deleted_id):
        other.delete(f"/tasks/{id_}")

    assert client.sync() == "TASK_NOT_FOUND"
    assert client.sync() == "done"
    assert client.tasks() == []
    assert conflicts_of(client) == []


@pytest.mark.spec("SYN-022")
def test_change_of_a_rejected_task_is_rejected(client: SyncClient) -> None:
    task = client.create({"title": ""})
    client.sync_twice()
    client.change(task, {"title": "Mine"})

    assert client.sync() == "NOT_CREATED"


@pytest.mark.spec("SYN-022")
def test_key_in_use_is_repeated_later(client: SyncClient, gate: Gate, other: httpx.Client) -> None:
    client.create({"title": "Mine"})
    gate.answer_once("POST", KEY_IN_USE)

    assert client.sync() == "offline"
    assert len(client.writes()) == 1
    assert client.sync() == "done"
    assert titles_of(other) == ["Mine"]


@pytest.mark.spec("SYN-022")
@pytest.mark.parametrize("status", ["200 OK", "201 Created", "409 Conflict"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_response_that_ends_within_its_headers_is_no_response(
    client: SyncClient, gate: Gate, other: httpx.Client, method: str, status: str
) -> None:
    client.create({"title": "Mine"})
    gate.answer_once(method, f"HTTP/1.1 {status}\r\nserver: x\r\ncontent-ty".encode())

    assert client.sync() == "offline"
    assert client.sync() == "done"
    assert titles_of(other) == ["Mine"]


@pytest.mark.spec("SYN-022")
def test_request_without_a_response_ends(client: SyncClient, gate: Gate) -> None:
    gate.lose("POST", Lose.END)
    client.create({"title": "Mine"})

    assert client.sync() == "offline"


@pytest.mark.spec("SYN-023")
def test_acknowledged_write_stays_visible_without_a_sync(client: SyncClient, gate: Gate, other: httpx.Client) -> None:
    task_id, deleted_id = create_task(other), create_task(other)
    client.sync()
    client.change(task_id, {"title": "Mine"})
    client.remove(deleted_id)
    client.create({"title": "New", "tags": ["home"]})
    gate.lose_syncs()

    assert client.sync() == "offline"

    assert client.writes() == []
    shown = [(task["title"], [tag["name"] for tag in task["tags"]]) for task in client.tasks()]
    assert sorted(shown) == [("Mine", []), ("New", ["home"])]


@pytest.mark.spec("SYN-023")
def test_tasks_have_the_tags_of_the_copy(client: SyncClient, other: httpx.Client) -> None:
    task_id = create_task(other, tags=["home", "garden"])
    tags = {tag["name"]: tag for tag in read_task(other, task_id)["tags"]}
    client.sync()
    other.put(f"/tags/{tags['home']['id']}", json={"name": "house", "color": "#445566"})
    other.delete(f"/tags/{tags['garden']['id']}")
    client.sync()
    assert [task["tags"] for task in client.tasks()] == [
        [{"id": tags["home"]["id"], "name": "house", "color": "#445566"}]
    ]

    client.change(task_id, {"tags": [tags["home"]["id"], tags["garden"]["id"], "new"]})

    assert [tag["name"] for tag in client.tasks()[0]["tags"]] == ["house", "new"]


@pytest.mark.spec("SYN-023")
def test_app_gets_the_number_of_a_write_for_its_undo(client: SyncClient, other: httpx.Client) -> None:
    task_id = create_task(other)
    client.sync()
    client.change(task_id, {"title": "Mine"})
    client.sync()
    client.change(task_id, {"title": "Mine"})
    client.sync()

    [[name, task, seq]] = client.reports()

    assert (name, task) == ("acknowledged", task_id)
    assert other.post(f"/changes/{seq}/undo", json={}).status_code == 200
    assert read_task(other, task_id)["title"] == "Water the plants"
