"""The cost of sync, the size of the change log, and the commit rate with listeners.

    .venv/bin/python -m benchmarks.changes

The command runs in `backend/`. It starts the service on an embedded PostgreSQL with a user of 100,000 tasks, and prints
three tables. `--tiny` is a check that the command works.

- `sync_full`: all pages of a full sync, and the memory of the service before and after.
- `sync_delta`: a page of 100 changes, over HTTP, and the time of its statements in PostgreSQL.
- commits: creates on 32 connections for 100 users, without and with an event stream of each user, in turns.
"""

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from statistics import median

import asyncpg
import httpx

from benchmarks.load import Measurement, drive, memory_of
from benchmarks.run import PORTS, SECRET, serving
from benchmarks.seed import Person, seed
from todo.core.database import migrator
from todo.core.database.connection import SHORT_STATEMENTS
from todo.core.database.url import connect_arguments
from todo.core.postgres.server import DATABASE, EmbeddedPostgres
from todo.services.sync.statements import SELECT_CHANGES, SELECT_CLOCK
from todo.services.tasks.statements import SELECT_TASKS_BY_IDS

DELTA = 100
ADDRESS = f"http://127.0.0.1:{PORTS['service']}"
API = f"{ADDRESS}/api/v1"


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description="Measure sync and the change log.")
    parser.add_argument("--tiny", action="store_true", help="a check that the program works")
    tiny = parser.parse_args().tiny
    tasks, people, seconds = (1000, 3, 1) if tiny else (100_000, 100, 5)
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        migrator.upgrade(postgres.url())
        url = postgres.admin_url(DATABASE)
        users, [largest] = asyncio.run(seed(url, SECRET, people, tasks, 0))
        with serving("service", postgres.url(), 1) as (process, _):
            asyncio.run(_measure_sync(url, largest, process))
            asyncio.run(_measure_commits(users, process, Path(folder) / "postgres", seconds))
        asyncio.run(_measure_size(url))


async def _measure_sync(url: str, person: Person, process: int) -> None:
    headers = {"Authorization": f"Bearer {person.token}"}
    async with httpx.AsyncClient(base_url=API, headers=headers, timeout=60) as client:
        before = memory_of(process)
        query: dict[str, str] = {}
        started_at, items, pages = time.perf_counter(), 0, 0
        peak = before
        while True:
            page = (await client.get("/sync", params=query)).json()
            items, pages, query = items + len(page["items"]), pages + 1, {"since": page["next"]}
            peak = max(peak, memory_of(process))
            if not page["has_more"]:
                break
        seconds = time.perf_counter() - started_at
        print("| sync_full | items | pages | seconds | memory before, MiB | highest, MiB |")
        print("|---|---|---|---|---|---|")
        print(f"| | {items:,} | {pages} | {seconds:.1f} | {before} | {peak} |")
        for number in range(DELTA):
            await client.patch(f"/tasks/{person.first_task + number}", json={"title": f"Changed {number}"})
        times = []
        for _ in range(20):
            started_at = time.perf_counter()
            delta = (await client.get("/sync", params=query)).json()
            times.append(time.perf_counter() - started_at)
        assert len(delta["items"]) == DELTA
    statements = await _time_statements(url, [item["id"] for item in delta["items"]])
    print("\n| sync_delta | changes | ms over HTTP | ms of its statements |")
    print("|---|---|---|---|")
    print(f"| | {DELTA} | {median(times) * 1000:.1f} | {statements:.1f} |")


async def _time_statements(url: str, ids: list[int]) -> float:
    """Return the median of the milliseconds that PostgreSQL takes for the statements of a delta."""
    arguments = connect_arguments(url)
    arguments["server_settings"] |= SHORT_STATEMENTS
    connection = await asyncpg.connect(**arguments)
    user_id = await connection.fetchval("SELECT user_id FROM tasks WHERE id = $1", ids[0])
    seq = await connection.fetchval("SELECT seq FROM change_clocks WHERE user_id = $1", user_id)
    calls = [
        (SELECT_CLOCK, {"user_id": user_id}),
        (SELECT_CHANGES, {"user_id": user_id, "seq": seq - DELTA, "types": ["task"], "limit": 501}),
        (SELECT_TASKS_BY_IDS, {"user_id": user_id, "ids": ids}),
    ]
    times = []
    for _ in range(20):
        started_at = time.perf_counter()
        for statement, values in calls:
            await connection.fetch(statement.sql, *statement.arguments(values))
        times.append((time.perf_counter() - started_at) * 1000)
    await connection.close()
    return median(times)


async def _measure_commits(people: list[Person], process: int, cluster: Path, seconds: int) -> None:
    measured: dict[bool, list[Measurement]] = {False: [], True: []}
    for _ in range(3):
        for listens, measurements in measured.items():
            async with _listening(people if listens else []):
                drive_all = partial(drive, "create", people, ADDRESS, process, cluster, seconds)
                measurements.append(await asyncio.to_thread(drive_all))
    rates = [median(one.requests / one.seconds for one in measured[listens]) for listens in (False, True)]
    costs = [median(one.server for one in measured[listens]) for listens in (False, True)]
    print("\n| streams | commits/s | CPU µs of the service for a create |")
    print("|---|---|---|")
    for streams, rate, cost in zip((0, len(people)), rates, costs, strict=True):
        print(f"| {streams} | {rate:.0f} | {cost:,.0f} |")


@contextlib.asynccontextmanager
async def _listening(people: list[Person]) -> AsyncIterator[None]:
    """Keep an event stream of each of these users open."""
    async with httpx.AsyncClient(base_url=API, timeout=60, limits=httpx.Limits(max_connections=None)) as client:
        streams = [asyncio.create_task(_listen(client, person)) for person in people]
        await asyncio.sleep(1)
        yield
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)


async def _listen(client: httpx.AsyncClient, person: Person) -> None:
    headers = {"Authorization": f"Bearer {person.token}"}
    with contextlib.suppress(httpx.TransportError):
        async with client.stream("GET", "/events", headers=headers) as response:
            async for _ in response.aiter_raw():
                pass


async def _measure_size(url: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(url))
    rows, size, row = await connection.fetchrow(
        "SELECT count(*), pg_total_relation_size('changes'), avg(pg_column_size(changes.*)) FROM changes"
    )
    await connection.close()
    print("\n| change log | changes | bytes of a row | bytes with indexes, for a change |")
    print("|---|---|---|---|")
    print(f"| | {rows:,} | {row:.0f} | {size / rows:.0f} |")


if __name__ == "__main__":
    main()
