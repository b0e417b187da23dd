"""The model of docs/scale.md: its table, its formula, and the generated year behind it."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.model import CAPACITY, PROFILE, limits, need, read_results, table
from benchmarks.year import DAY, TAGS

BACKEND = Path(__file__).parent.parent
RESULTS = read_results()


@pytest.mark.spec("MIL-001")
def test_page_shows_the_table_of_the_model() -> None:
    page = (BACKEND / "docs" / "scale.md").read_text()
    [shown] = re.findall(r"<!-- benchmarks\.model -->\n(.*?)\n<!-- end -->", page, re.DOTALL)

    assert shown == table(RESULTS)


@pytest.mark.spec("MIL-002")
def test_generated_year_has_the_rows_that_the_model_expects() -> None:
    users, days, tables = RESULTS.year["users"], RESULTS.year["days"], RESULTS.year["tables"]
    tasks = users * days * (DAY["create"] - DAY["delete"])
    writes = users * (TAGS + days * sum(DAY.values()))

    assert tables["tasks"]["rows"] == tables["task_search"]["rows"] == tasks
    assert RESULTS.year["writes"] == writes
    # A write that changes nothing, such as a second edit to the same priority, leaves no row.
    assert 0.9 * writes < tables["changes"]["rows"] <= writes


@pytest.mark.spec("MIL-003")
def test_needs_grow_with_users_and_their_behaviour() -> None:
    small, large = need(10_000, RESULTS), need(1_000_000, RESULTS)
    eager = need(1_000_000, RESULTS, replace(PROFILE, active=0.8, listening=0.4, years=2))

    assert large.disk == pytest.approx(100 * small.disk)
    assert large.service_cores == pytest.approx(100 * small.service_cores)
    assert small.servers == 1
    assert all(more > less for more, less in zip(eager, large, strict=True) if less > 1)
    assert eager.disk == pytest.approx(4 * large.disk)


@pytest.mark.spec("MIL-004")
def test_scarcest_resource_comes_first() -> None:
    reached = limits(RESULTS)
    with_large_disk = limits(RESULTS, capacity=replace(CAPACITY, disk=100 * CAPACITY.disk))

    assert [*reached.values()] == sorted(reached.values())
    assert next(iter(reached)) == "disk"
    assert next(iter(with_large_disk)) == "connections"
    assert need(2 * reached["disk"], RESULTS).servers > 1


def test_command_takes_another_behaviour() -> None:
    command = [sys.executable, "-m", "benchmarks.model", "--active", "0.9", "--years", "3"]

    output = subprocess.run(command, cwd=BACKEND, capture_output=True, text=True, check=True).stdout

    assert output.startswith("| users | 10,000 | 100,000 | 1,000,000 |")
    assert output != table(RESULTS) + "\n"
