"""A restore that is killed at any moment leaves the old data and secret, or the new ones.

`RESTORE_KILL_ROUNDS=30 backend/scripts/test tests/live/backups/test_kill.py` kills 30 restores instead of 4.
"""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.live.backups.conftest import read_state, start_todo
from tests.services.backups.support import connect, insert_rows, read_rows, verify
from tests.support import SECRET, MakeDatabase

ROUNDS = int(os.environ.get("RESTORE_KILL_ROUNDS", "4"))
PAUSE_MAX_SECONDS = 0.3
COUNT_OTHERS = """
SELECT count(*) FROM pg_sleep(0.05), pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def kill_at_random_moment(process: "subprocess.Popen[str]") -> None:
    """Kill the command a random time after a random line of its output."""
    assert process.stderr is not None
    last_line = random.choice(["verifying", "starting", "  users", "  tasks", "  tasks", "  task_search", "restored"])
    for line in process.stderr:
        if line.startswith(last_line):
            break
    time.sleep(random.uniform(0, PAUSE_MAX_SECONDS))
    process.kill()
    process.communicate()


@pytest.mark.timeout(120 + 20 * ROUNDS)
@pytest.mark.spec("BAK-012", "BAK-018")
def test_killed_restore_leaves_old_or_new_data_and_secret(data_dir: Path, large_backup: Path, tmp_path: Path) -> None:
    old = read_state(data_dir)
    new_secret = verify(large_backup).secret
    subprocess.run(["cp", "-a", data_dir, tmp_path / "copy"], check=True)

    for _ in range(ROUNDS):
        kill_at_random_moment(
            start_todo("restore", "--replace", str(large_backup), cwd=tmp_path, DATA_DIR=str(data_dir))
        )
        rows, secret = read_state(data_dir)
        if secret == new_secret:
            assert len(rows["tasks"]) == len(rows["task_search"]) + 20_000 == 20_001
            shutil.rmtree(data_dir)
            subprocess.run(["cp", "-a", tmp_path / "copy", data_dir], check=True)
        else:
            assert (rows, secret) == old


@pytest.mark.timeout(120)
@pytest.mark.spec("BAK-012")
async def test_killed_restore_on_database_url_leaves_the_old_rows(
    make_database: MakeDatabase, large_backup: Path, tmp_path: Path
) -> None:
    url = await make_database()
    await insert_rows(url)
    old = await read_rows(url)
    process = start_todo(
        "restore", "--replace", str(large_backup), cwd=tmp_path, DATABASE_URL=url, JWT_SECRET_KEY=SECRET
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("  tasks"):
            break

    process.kill()
    process.communicate()

    connection = await connect(url)
    while await connection.fetchval(COUNT_OTHERS):
        pass
    await connection.close()
    assert await read_rows(url) == old
