"""Driving a server with wrk and counting what it cost: its own CPU time and PostgreSQL's, a request."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.seed import Person

CONNECTIONS = 32
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
OPERATIONS = {
    "me": ("GET", "/auth/me", ""),
    "get one": ("GET", "/tasks/{id}", ""),
    "list": ("GET", "/tasks", ""),
    "filter": ("GET", "/tasks?status=pending&priority=high&tag=tag{digit}", ""),
    "search": ("GET", "/tasks?q=garden", ""),
    "create": ("POST", "/tasks", '{"title": "Water the plants", "description": "The ferns too", "priority": "high"}'),
    "patch": ("PATCH", "/tasks/{id}", '{"completed": true}'),
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
    local path = operation[2]:gsub("{id}", person[2] + math.random(0, person[3] - 1)):gsub("{digit}", math.random(0, 9))
    local headers = {["Authorization"] = "Bearer " .. person[1], ["Content-Type"] = "application/json"}
    return wrk.format(operation[1], "/api/v1" .. path, headers, operation[3] ~= "" and operation[3] or nil)
end
done = function(summary, latency)
    io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
        summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect,
        latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Measurement:
    """What one round of one operation showed; times in microseconds."""

    requests: int
    seconds: float
    server: float
    database: float
    p50: int
    p95: int
    p99: int

    @property
    def cpu(self) -> float:
        """The CPU time of a request, all in all."""
        return self.server + self.database


def require_wrk() -> str:
    """Return where wrk is.

    Raises:
        SystemExit: it is not installed.
    """
    if (found := shutil.which("wrk")) is None:
        raise SystemExit("The benchmark needs wrk: apt-get install wrk")
    return found


def drive(operation: str, people: list[Person], address: str, server: int, cluster: Path, seconds: int) -> Measurement:
    """Send one operation, or the mix of them, as fast as it is answered.

    Args:
        operation: one of OPERATIONS, or `mixed`.
        people: on whose behalf, at random.
        address: the server's.
        server: its process; what it started counts too.
        cluster: the folder that PostgreSQL works in.
        seconds: how long.

    Raises:
        SystemExit: an answer was no success.
    """
    script = cluster.parent / "load.lua"
    script.write_text(_script(operation, people))
    before = (cpu_seconds(_family(server)), cpu_seconds(_working_in(cluster)))
    said = subprocess.run(
        [require_wrk(), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout=30s", "-s", script, address],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    after = (cpu_seconds(_family(server)), cpu_seconds(_working_in(cluster)))
    result = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", said)
    assert result is not None, said
    requests, duration, errors, p50, p95, p99 = (int(number) for number in result.groups())
    if errors or not requests:
        raise SystemExit(f"{errors} of {requests} answers to {operation} were no success:\n{said}")
    own, database = ((later - earlier) * 1e6 / requests for earlier, later in zip(before, after, strict=True))
    return Measurement(requests, duration / 1e6, own, database, p50, p95, p99)


def memory_of(server: int) -> int:
    """Return how many MiB of memory a process has of its own, with its share of what it has with others."""
    said = Path(f"/proc/{server}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+)", said, re.MULTILINE)
    assert found is not None
    return int(found[1]) // 1024


def _script(operation: str, people: list[Person]) -> str:
    chosen = MIX if operation == "mixed" else [operation]
    return SCRIPT % {
        "people": ",".join(f'{{"{person.token}", {person.first_task}, {person.tasks}}}' for person in people),
        "operations": ",".join("{{'{}', '{}', '{}'}}".format(*OPERATIONS[name]) for name in chosen),
        "seed": os.getpid(),
    }


def _family(process: int) -> list[int]:
    """Return a process and those that it started, but for a PostgreSQL."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(member for child in children for member in _family(int(child)))]


def _working_in(folder: Path) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder.resolve():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def cpu_seconds(processes: list[int]) -> float:
    """Return how much processor time processes have had, with those that they started and that have ended since."""
    ticks = 0
    for process in processes:
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS_A_SECOND
