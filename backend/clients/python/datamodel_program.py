"""A program with the models of datamodel-code-generator, and httpx."""

import os
from uuid import uuid4

import httpx
from pydantic import BaseModel, SecretStr
from todo_models import (
    BulkItem,
    CreateItem,
    ErrorCode,
    ErrorPublic,
    TaskBulk,
    TaskBulkPublic,
    TaskCreate,
    TaskPage,
    TaskPriority,
    TaskPublic,
    TaskUpdate,
    TokenPublic,
    UserCreate,
)

BASE_URL = os.environ.get("TODO_URL", "http://127.0.0.1:8000")
PASSWORD = "correct horse battery"
TITLES = ["one", "two", "three", "four"]
JSON = {"Content-Type": "application/json"}


def check(condition: bool, message: str) -> None:
    if not condition:
        raise SystemExit(f"failed: {message}")


def json_of(model: BaseModel) -> str:
    """Return the fields that the program set."""
    return model.model_dump_json(exclude_unset=True)


def main() -> None:
    email = f"{uuid4()}@example.com"
    client = httpx.Client(base_url=f"{BASE_URL}/api/v1")

    # The model hides the password in its JSON (pydantic's SecretStr), so the program sends the password itself.
    user = UserCreate(email=email, password=SecretStr(PASSWORD))
    registered = client.post("/auth/register", json={"email": user.email, "password": user.password.get_secret_value()})
    check(registered.status_code == 201, "register")
    login = client.post("/auth/login", data={"username": email, "password": PASSWORD})
    token = TokenPublic.model_validate_json(login.content)
    check(token.expires_in == 900, "log in")
    client.headers["Authorization"] = f"Bearer {token.access_token}"

    response = client.post("/tasks", content=json_of(TaskCreate(title="Water the plants")), headers=JSON)
    created = TaskPublic.model_validate_json(response.content)
    check(created.priority is TaskPriority.MEDIUM, "create with a title alone")
    path = f"/tasks/{created.id}"

    # Fields that the program did not set are null here. A default of the document would overwrite the task.
    check(TaskUpdate(title="x").priority is None, "PATCH has no defaults")
    response = client.patch(path, content=json_of(TaskUpdate(priority=TaskPriority.HIGH)), headers=JSON)
    patched = TaskPublic.model_validate_json(response.content)
    check(patched.priority is TaskPriority.HIGH and patched.title == created.title, "PATCH of one field")
    response = client.patch(path, content=json_of(TaskUpdate(completed=True)), headers=JSON)
    check(
        TaskPublic.model_validate_json(response.content).priority is TaskPriority.HIGH, "a PATCH keeps the other fields"
    )

    conditions = JSON | {"If-Match": response.headers["ETag"]}
    response = client.patch(path, content=json_of(TaskUpdate(title="Feed the cat")), headers=conditions)
    check(TaskPublic.model_validate_json(response.content).title == "Feed the cat", "If-Match")
    response = client.patch(path, content=json_of(TaskUpdate(title="Lost")), headers=conditions)
    outdated = ErrorPublic.model_validate_json(response.content)
    check(response.status_code == 412 and outdated.code is ErrorCode.PRECONDITION_FAILED, "412")
    assert isinstance(outdated.current, TaskPublic)
    check(outdated.current.title == "Feed the cat", "current of the 412")

    response = client.post("/tasks", json={"title": ""})
    invalid = ErrorPublic.model_validate_json(response.content)
    check(response.status_code == 400 and invalid.code is ErrorCode.INVALID_TITLE, "400")
    assert invalid.errors is not None
    check(invalid.errors[0].field == "title", "field of the 400")

    items = [BulkItem(CreateItem(action="create", task=TaskCreate(title=title))) for title in TITLES]
    response = client.post("/tasks/bulk", content=json_of(TaskBulk(items=items)), headers=JSON)
    bulk = TaskBulkPublic.model_validate_json(response.content)
    check([result.status for result in bulk.results] == [201] * len(TITLES), "bulk")

    seen: set[int] = set()
    query = {"limit": "2", "sort": "-title"}
    while True:
        page = TaskPage.model_validate_json(client.get("/tasks", params=query).content)
        seen |= {task.id for task in page.items}
        if page.next_cursor is None:
            break
        query["cursor"] = page.next_cursor
    check(len(seen) == len(TITLES) + 1, "cursor loop")


main()
