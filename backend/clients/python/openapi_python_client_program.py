"""A program with openapi-python-client."""

import os
from uuid import uuid4

from todo_client import AuthenticatedClient, Client
from todo_client.api.auth import login, register
from todo_client.api.tasks import create_task, list_tasks, update_task, write_tasks
from todo_client.models import (
    CreateItem,
    ErrorCode,
    ErrorPublic,
    LoginForm,
    TaskBulk,
    TaskBulkPublic,
    TaskCreate,
    TaskPage,
    TaskPriority,
    TaskPublic,
    TaskSort,
    TaskUpdate,
    TokenPublic,
    UserCreate,
)
from todo_client.types import UNSET

BASE_URL = os.environ.get("TODO_URL", "http://127.0.0.1:8000")
PASSWORD = "correct horse battery"
TITLES = ["one", "two", "three", "four"]


def check(condition: bool, message: str) -> None:
    if not condition:
        raise SystemExit(f"failed: {message}")


def main() -> None:
    email = f"{uuid4()}@example.com"
    anonymous = Client(base_url=BASE_URL)

    registered = register.sync_detailed(client=anonymous, body=UserCreate(email=email, password=PASSWORD))
    check(registered.status_code == 201, "register")
    token = login.sync(client=anonymous, body=LoginForm(username=email, password=PASSWORD))
    assert isinstance(token, TokenPublic)
    check(token.expires_in == 900, "log in")
    client = AuthenticatedClient(base_url=BASE_URL, token=token.access_token)

    created = create_task.sync(client=client, body=TaskCreate(title="Water the plants"))
    assert isinstance(created, TaskPublic)
    check(created.priority is TaskPriority.MEDIUM, "create with a title alone")

    patched = update_task.sync(created.id, client=client, body=TaskUpdate(priority=TaskPriority.HIGH))
    assert isinstance(patched, TaskPublic)
    check(patched.priority is TaskPriority.HIGH and patched.title == created.title, "PATCH of one field")
    completed = update_task.sync_detailed(created.id, client=client, body=TaskUpdate(completed=True))
    assert isinstance(completed.parsed, TaskPublic)
    check(completed.parsed.priority is TaskPriority.HIGH, "a PATCH keeps the other fields")

    etag = completed.headers["ETag"]
    conditional = update_task.sync(created.id, client=client, body=TaskUpdate(title="Feed the cat"), if_match=etag)
    assert isinstance(conditional, TaskPublic)
    outdated = update_task.sync_detailed(created.id, client=client, body=TaskUpdate(title="Lost"), if_match=etag)
    check(outdated.status_code == 412, "412")
    assert isinstance(outdated.parsed, ErrorPublic)
    check(outdated.parsed.code is ErrorCode.PRECONDITION_FAILED, "code of the 412")
    assert isinstance(outdated.parsed.current, TaskPublic)
    check(outdated.parsed.current.title == "Feed the cat", "current of the 412")

    invalid = create_task.sync(client=client, body=TaskCreate(title=""))
    assert isinstance(invalid, ErrorPublic)
    check(invalid.code is ErrorCode.INVALID_TITLE, "400")
    assert isinstance(invalid.errors, list)
    check(invalid.errors[0].field == "title", "field of the 400")

    items = [CreateItem(action="create", task=TaskCreate(title=title)) for title in TITLES]
    bulk = write_tasks.sync(client=client, body=TaskBulk(items=[*items]))
    assert isinstance(bulk, TaskBulkPublic)
    check([result.status for result in bulk.results] == [201] * len(TITLES), "bulk")

    seen: set[int] = set()
    cursor: str | None = None
    while True:
        page = list_tasks.sync(client=client, limit=2, sort=TaskSort.VALUE_7, cursor=cursor or UNSET)
        assert isinstance(page, TaskPage)
        seen |= {task.id for task in page.items}
        cursor = page.next_cursor
        if cursor is None:
            break
    check(len(seen) == len(TITLES) + 1, "cursor loop")


main()
