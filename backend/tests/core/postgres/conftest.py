"""Helpers of the tests on the embedded PostgreSQL."""

from pathlib import Path


def postmaster_pid(data_dir: Path) -> int:
    """Return the process id of the server that runs on a data folder."""
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
