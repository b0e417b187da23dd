"""A backup can be restored on another major version of PostgreSQL."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.conftest import require
from tests.services.backups.support import back_up, connect, read_rows, restore
from tests.support import MakeDatabase
from todo.core.postgres.process import plan_privileges
from todo.core.postgres.server import UNSAFE_BUT_FAST_OPTIONS, EmbeddedPostgres

OTHER_MAJORS = (15, 16, 17)


@pytest.fixture
def other_major_url(tmp_path: Path) -> Iterator[str]:
    """An empty database on an older PostgreSQL of the system."""
    program = Path(require(*(f"/usr/lib/postgresql/{major}/bin/postgres" for major in OTHER_MAJORS)))
    privileges = plan_privileges(program.parent, tmp_path)
    cluster = tmp_path / "data" / "postgres"
    cluster.mkdir(parents=True, mode=0o700)
    privileges.hand_over(cluster)
    command = [str(program.parent / "initdb"), "-D", str(cluster), "-U", "postgres", "--auth=trust", "-E", "UTF8", "-N"]
    subprocess.run(command, check=True, capture_output=True, preexec_fn=privileges.drop)
    with EmbeddedPostgres(tmp_path / "data", UNSAFE_BUT_FAST_OPTIONS) as postgres:
        yield postgres.url()


@pytest.mark.spec("BAK-015")
async def test_backup_moves_to_another_major_version_and_back(
    make_database: MakeDatabase, source_url: str, backup_file: Path, other_major_url: str, tmp_path: Path
) -> None:
    url = await make_database()
    source, other = await connect(source_url), await connect(other_major_url)
    assert source.get_server_version().major != other.get_server_version().major
    await source.close()
    await other.close()

    await restore(other_major_url, backup_file)
    await back_up(other_major_url, tmp_path / "back")
    await restore(url, tmp_path / "back")

    assert await read_rows(other_major_url) == await read_rows(source_url)
    assert await read_rows(url) == await read_rows(source_url)
