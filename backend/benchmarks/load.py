"""Load by wrk, and the CPU time a request of the server and of PostgreSQL."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.seed import REPEATING, Person

CONNECTIONS = 32
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
OPERATIONS = {
    "me": ("GET", "/auth/me", ""),
    "get one": ("GET", "/tasks/{id}", ""),
    "list": ("GET", "/tasks", ""),
    "filter": ("GET", "/tasks?status=pending&priority=high&tag=tag{digit}", ""),
    "due": ("GET", "/tasks?due=next_7_days", ""),
    "grammar": ("GET", "/tasks?filter=p1%20%26%20%40tag{digit}", ""),
    "by position": ("GET", "/tasks?sort=position", ""),
    "search": ("GET", "/tasks?q=garden", ""),
    "create": ("POST", "/tasks", '{"title": "Water the plants", "description": "The ferns too", "priority": "high"}'),
    "create with a tag": ("POST", "/tasks", '{"title": "Water the plants", "tags": ["tag{digit}"]}'),
    "create a tree": ("POST", "/tasks", '{"title": "Cake", "subtasks": [{"title": "Flour"}, {"title": "Eggs"}]}'),
    "quick add": ("POST", "/tasks/quick", '{"text": "Water the plants tomorrow p1"}'),
    "patch": ("PATCH", "/tasks/{id}", '{"due_date": "2026-12-01T18:00:00.{fraction}Z"}'),
    "move": ("POST", "/tasks/{id}/move", '{"after": {other}}'),
    "complete": ("POST", "/tasks/{repeating}/complete", ""),
}
MIX = ["list"] * 3 + ["get one"] * 3 + ["filter", "search", "create", "patch"]
"""80 % reads."""
SCRIPT = """
local people = {%(people)s}
local operations = {%(operations)s}
math.randomseed(%(seed)d)
request = function()
    local person = people[math.random(#people)]
    local operation = operations[math.random(#operations)]
    local id, other = person[2] + math.random(0, person[3] - 1), person[2] + math.random(0, person[3] - 2)
    local repeating = person[2] + %(repeating)d + 10 * math.random(0, math.floor(person[3] / 10) - 1)
    local path = operation[2]:gsub("{id}", id):gsub("{repeating}", repeating):gsub("{digit}", math.random(0, 9))
    local body = operation[3]:gsub("{fraction}", string.format("%%06d", math.random(0, 999999)))
    body = body:gsub("{other}", other < id and other or other + 1):gsub("{digit}", math.random(0, 9))
    local headers = {["Authorization"] = "Bearer " .. person[1], ["Content-Type"] = "application/json"}
    return wrk.format(operation[1], "/api/v1" .. path, headers, body ~= "" and body or nil)
end
done = function(summary, latency)
    io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
        summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect,
        latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Measurement:
    """The results of one round of one operation.

    Attributes:
        server: CPU microseconds of the server, a request.
        database: CPU microseconds of PostgreSQL, a request.
        p50: microseconds, as the other percentiles.
    """

    requests: int
    seconds: float
    server: float
    database: float
    p50: int
    p95: int
    p99: int

    @property
    def cpu(self) -> float:
        """The CPU microseconds of server and PostgreSQL, a request."""
        return self.server + self.database


def require_wrk() -> str:
    """Return the path of wrk.

    Raises:
        SystemExit: wrk is not installed.
    """
    if (path := shutil.which("wrk")) is None:
        raise SystemExit("The benchmark needs wrk: apt-get install wrk")
    return path


def drive(operation: str, people: list[Person], address: str, server: int, cluster: Path, seconds: int) -> Measurement:
    """Send requests of one operation without a pause, and measure them.

    Args:
        operation: one of OPERATIONS, or `mixed`.
        people: the users; each request is sent for a random one.
        address: the URL of the server.
        server: the process id of the server. The processes that it started are measured too.
        cluster: the working folder of PostgreSQL.
        seconds: the duration.

    Raises:
        SystemExit: a response was an error.
    """
    script = cluster.parent / "load.lua"
    script.write_text(_script(operation, people))
    before = (cpu_seconds(_family(server)), cpu_seconds(_working_in(cluster)))
    output = subprocess.run(
        [require_wrk(), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout=30s", "-s", script, address],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    after = (cpu_seconds(_family(server)), cpu_seconds(_working_in(cluster)))
    result = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", output)
    assert result is not None, output
    requests, duration, errors, p50, p95, p99 = (int(number) for number in result.groups())
    if errors or not requests:
        raise SystemExit(f"{errors} of {requests} responses to {operation} were errors:\n{output}")
    own, database = ((later - earlier) * 1e6 / requests for earlier, later in zip(before, after, strict=True))
    return Measurement(requests, duration / 1e6, own, database, p50, p95, p99)


def memory_of(server: int) -> int:
    """Return the proportional set size (PSS) of a process in MiB."""
    smaps = Path(f"/proc/{server}/smaps_rollup").read_text()
    pss = re.search(r"^Pss:\s+(\d+)", smaps, re.MULTILINE)
    assert pss is not None
    return int(pss[1]) // 1024


def _script(operation: str, people: list[Person]) -> str:
    operations = MIX if operation == "mixed" else [operation]
    return SCRIPT % {
        "people": ",".join(f'{{"{person.token}", {person.first_task}, {person.tasks}}}' for person in people),
        "operations": ",".join("{{'{}', '{}', '{}'}}".format(*OPERATIONS[name]) for name in operations),
        "repeating": REPEATING,
        "seed": os.getpid(),
    }


def _family(process: int) -> list[int]:
    """Return a process and its descendants."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(member for child in children for member in _family(int(child)))]


def _working_in(folder: Path) -> list[int]:
    processes = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder.resolve():
                processes.append(int(process.name))
        except OSError:
            continue
    return processes


def cpu_seconds(processes: list[int]) -> float:
    """Return the CPU time of processes and of their ended children."""
    ticks = 0
    for process in processes:
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS_A_SECOND
