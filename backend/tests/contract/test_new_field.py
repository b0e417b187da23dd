"""A new field of a task needs five edits of existing files, and then every operation has it (ADR 0044)."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import todo
from tests.support import SECRET, MakeDatabase
from todo.migrations import REVISIONS

TYPE = """
class InvalidLocationError(InvalidValueError):
    \"\"\"Location is too long\"\"\"

    code = "INVALID_LOCATION"
    field = "location"


Location = Annotated[Text, TextRule(0, 100, InvalidLocationError)]
Completed ="""
EDITS = [
    ("domain/task.py", "\nCompleted =", TYPE),
    (
        "models/task.py",
        "    version: int",
        "    location: str | None = Field(sa_column=Column(String(100)))\n    version: int",
    ),
    (
        "schemas/tasks/task.py",
        "    recurrence_rule: RecurrenceRule | None = None\n",
        "    recurrence_rule: RecurrenceRule | None = None\n    location: Location | None = None\n",
    ),
    (
        "schemas/tasks/task.py",
        "class TaskPublic(TypedDict):",
        "class TaskWithLocation(TypedDict):\n    location: str | None\n\n\nclass TaskPublic(TaskWithLocation):",
    ),
]
"""File, text and replacement of the type, the column, the writable field, the public field and the revision."""
IMPORT = ("schemas/tasks/task.py", "import Completed,", "import Location, Completed,")
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "aaaaaaaaaaaa"
down_revision = "{previous}"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("location", sa.String(100)))
"""
SCRIPT = """
import asyncio, json, sys
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr
from todo.core.config import Settings
from todo.core.database import migrator
from todo.main import create_app

url, secret = sys.argv[1:]
migrator.upgrade(url)


async def main():
    settings = Settings(
        _env_file=None, database_url=url, jwt_secret_key=SecretStr(secret), bcrypt_rounds=4, rate_limit_enabled=False
    )
    app = create_app(settings)
    transport = ASGITransport(app)
    client = AsyncClient(transport=transport, base_url="https://todo.test/api/v1")
    async with app.router.lifespan_context(app), client:
        credentials = {"email": "ada@example.com", "password": "correct horse battery"}
        await client.post("/auth/register", json=credentials)
        form = {"username": credentials["email"], "password": credentials["password"]}
        token = (await client.post("/auth/login", data=form)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        observed = {}
        created = (await client.post("/tasks", json={"title": "x", "location": "post"})).json()
        observed["post"] = created["location"]
        path = f"/tasks/{created['id']}"
        replacement = {"title": "x", "priority": "low", "completed": False}
        observed["put"] = (await client.put(path, json=replacement | {"location": "put"})).json()["location"]
        observed["put without location"] = (await client.put(path, json=replacement)).json()["location"]
        observed["patch"] = (await client.patch(path, json={"location": "patch"})).json()["location"]
        observed["get"] = (await client.get(path)).json()["location"]
        observed["list"] = (await client.get("/tasks")).json()["items"][0]["location"]
        items = [
            {"action": "create", "task": {"title": "y", "location": "bulk create"}},
            {"action": "update", "id": created["id"], "changes": {"location": "bulk update"}},
        ]
        results = (await client.post("/tasks/bulk", json={"items": items})).json()["results"]
        observed["bulk"] = [result["task"]["location"] for result in results]
        observed["export"] = [task["location"] for task in (await client.get("/auth/me/export")).json()["tasks"]]
        observed["error"] = (await client.post("/tasks", json={"title": "x", "location": "x" * 101})).json()["code"]
        responses = app.openapi()["components"]["responses"]
        observed["documented"] = "INVALID_LOCATION" in json.dumps(responses["create_task_400"])
    print(json.dumps(observed))


asyncio.run(main())
"""


@pytest.fixture
def copy_with_location(tmp_path: Path) -> Path:
    """Return a folder with a copy of the source, which has the task field `location`."""
    source = Path(str(todo.__file__)).parent
    copy = tmp_path / "todo"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text, replacement in [*EDITS, IMPORT]:
        path = copy / name
        assert path.read_text().count(text) == 1, (name, text)
        path.write_text(path.read_text().replace(text, replacement))
    migration = copy / "migrations" / "versions" / "20990101_000000_add_location.py"
    migration.write_text(MIGRATION.format(previous=REVISIONS[-1]))
    return tmp_path


@pytest.mark.spec("OPS-057")
async def test_new_field_is_in_every_operation(copy_with_location: Path, make_database: MakeDatabase) -> None:
    url = await make_database(migrated=False)

    process = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", SCRIPT, url, SECRET],
        env=os.environ | {"PYTHONPATH": str(copy_with_location)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout) == {
        "post": "post",
        "put": "put",
        "put without location": "put",
        "patch": "patch",
        "get": "patch",
        "list": "patch",
        "bulk": ["bulk create", "bulk update"],
        "export": ["bulk update", "bulk create"],
        "error": "INVALID_LOCATION",
        "documented": True,
    }


def test_new_field_needs_at_most_five_edits() -> None:
    assert len(EDITS) <= 5
