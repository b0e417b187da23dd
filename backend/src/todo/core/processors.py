"""How many processors this process may use: its affinity and the CPU limit of its container (cgroups)."""

import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")
V1_FOLDERS = ("cpu", "cpu,cpuacct", "cpuacct,cpu")


def count_processors() -> int:
    """Return the number of usable processors, at least 1. A limit of 2.5 processors counts as 2."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [limit for folder in _cgroup_folders() if (limit := _read_limit(folder)) is not None]
    return max(1, int(min([available, *limits])))


def _cgroup_folders() -> Iterator[Path]:
    """Yield the folders of the control groups of this process and of the groups above them.

    In a container the path can be that of the host, of which only the root is visible.
    """
    for line in _read(OWN_CGROUPS).splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            roots = [CGROUPS]
        elif "cpu" in controllers.split(","):
            roots = [CGROUPS / folder for folder in V1_FOLDERS]
        else:
            continue
        for root in roots:
            own = root / path.strip("/")
            yield from (folder for folder in (own, *own.parents) if folder.is_relative_to(root))


def _read_limit(folder: Path) -> float | None:
    """Return the limit of a control group in processors, or None without a limit."""
    quota, _, period = _read(folder / "cpu.max").partition(" ")
    if not quota:
        quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
    try:
        limit = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return limit if limit > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
