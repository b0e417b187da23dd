"""Serve a checkout with seeded users, for `compare.py`: `.venv/bin/python benchmarks/checkout.py PORT USERS`.

The program runs with the packages and the programs of the checkout in the working folder, which may be older.
"""

import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks import run
from benchmarks.seed import seed
from todo.core.database import migrator
from todo.core.postgres.server import DATABASE, EmbeddedPostgres


def main() -> None:
    """Print the process of the service, the folder of PostgreSQL and the users, and serve until the input ends."""
    port, users = map(int, sys.argv[1:])
    run.PORTS["service"] = port
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        migrator.upgrade(postgres.url())
        people, _ = asyncio.run(seed(postgres.admin_url(DATABASE), run.SECRET, users, 0, 0))
        with run.serving("service", postgres.url(), 1) as (process, _):
            started = {"process": process, "cluster": f"{folder}/postgres", "people": [*map(asdict, people)]}
            print(json.dumps(started), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
