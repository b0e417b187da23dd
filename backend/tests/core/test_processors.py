"""The number of usable processors."""

import os
from pathlib import Path

import pytest

from todo.core import processors
from todo.core.processors import count_processors
from todo.core.security.passwords import PasswordHasher


@pytest.fixture(autouse=True)
def cgroups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with 16 processors and an empty folder of control groups."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(processors, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(processors, "OWN_CGROUPS", tmp_path / "own")
    (tmp_path / "own").write_text("0::/\n")
    return tmp_path / "cgroup"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.spec("OPS-030")
def test_affinity_bounds_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)

    assert count_processors() == 3


@pytest.mark.spec("OPS-030")
def test_system_without_affinity_has_all_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)

    assert count_processors() == 6


@pytest.mark.spec("OPS-030")
@pytest.mark.parametrize(
    ("limit", "count"),
    [("200000 100000", 2), ("250000 100000", 2), ("50000 100000", 1), ("max 100000", 16), ("3200000 100000", 16)],
)
def test_limit_of_a_container_bounds_the_number(cgroups: Path, limit: str, count: int) -> None:
    write(cgroups / "cpu.max", f"{limit}\n")

    assert count_processors() == count


@pytest.mark.spec("OPS-030")
def test_limit_of_a_group_above_bounds_the_number(cgroups: Path) -> None:
    processors.OWN_CGROUPS.write_text("0::/system.slice/todo.service\n")
    write(cgroups / "system.slice" / "todo.service" / "cpu.max", "max 100000\n")
    write(cgroups / "system.slice" / "cpu.max", "300000 100000\n")

    assert count_processors() == 3


@pytest.mark.spec("OPS-030")
@pytest.mark.parametrize("folder", ["cpu", "cpu,cpuacct"])
@pytest.mark.parametrize("path", ["docker/0123", "."], ids=["path of the host", "root"])
def test_limit_of_cgroup_version_1_bounds_the_number(cgroups: Path, folder: str, path: str) -> None:
    processors.OWN_CGROUPS.write_text("9:name=systemd:/\n4:cpu,cpuacct:/docker/0123\n0::/\n")
    write(cgroups / folder / path / "cpu.cfs_quota_us", "400000\n")
    write(cgroups / folder / path / "cpu.cfs_period_us", "100000\n")

    assert count_processors() == 4


@pytest.mark.spec("OPS-030")
def test_cgroup_version_1_without_a_limit_does_not_bound_the_number(cgroups: Path) -> None:
    processors.OWN_CGROUPS.write_text("1:cpu:/\n")
    write(cgroups / "cpu" / "cpu.cfs_quota_us", "-1\n")
    write(cgroups / "cpu" / "cpu.cfs_period_us", "100000\n")

    assert count_processors() == 16


@pytest.mark.spec("OPS-030")
def test_hashing_leaves_a_processor_of_the_limit_free(cgroups: Path) -> None:
    write(cgroups / "cpu.max", "300000 100000\n")

    hasher = PasswordHasher(4, 100)

    assert hasher._executor._max_workers == 2
    hasher.close()
