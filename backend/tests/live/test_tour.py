"""The commands of README.md, docs/tour.md and docs/tasks.md, run as written against a running service."""

import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests.live.conftest import LogIn, Service, environment, require

BACKEND = Path(__file__).parents[2]
DOCUMENTS = (BACKEND.parent / "README.md", BACKEND / "docs" / "tour.md", BACKEND / "docs" / "tasks.md")
TOUR_SECONDS = 240
"""The limit for a tour. Each HTTPie command starts a Python process, which takes seconds on a busy machine."""
BLOCK = re.compile(r"^```sh tour=(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOURS: dict[str, str] = dict(block for document in DOCUMENTS for block in BLOCK.findall(document.read_text()))


def run_tour(name: str, service: Service, folder: Path) -> str:
    """Run the commands of a tour in an empty folder and return their standard output."""
    shell = require("bash", "dash", "sh")
    if name != "httpie":
        require("curl")
    # Without this setting each HTTPie command starts a background process that looks for updates on the internet.
    (folder / "config.json").write_text('{"disable_update_warnings": true}')
    path = f"{Path(sys.executable).parent}:{environment()['PATH']}"

    process = subprocess.run(
        [shell, "-eu", "-c", TOURS[name].replace("http://localhost:8000", service.url)],
        cwd=folder,
        env=environment(PATH=path, HOME=str(folder), HTTPIE_CONFIG_DIR=str(folder)),
        capture_output=True,
        text=True,
        timeout=TOUR_SECONDS,
        check=False,
    )

    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@pytest.mark.timeout(TOUR_SECONDS + 10)
@pytest.mark.parametrize("program", ["curl", "httpie"])
def test_tour_runs_as_written(service: Service, tmp_path: Path, program: str) -> None:
    output = run_tour(program, service, tmp_path)

    for expected in (
        '"created_at"',
        '"current":true',
        '"Water the plants"',
        '"total":1',
        '"completed":true',
        '"version":4',
        '"Water the ferns"',
        '"access_token"',
        '"Successfully logged out"',
    ):
        assert expected in re.sub(r'": ', '":', output), output
    assert output.count('"Pay the rent"') == 3, "two responses and a list with one task: " + output
    assert set(re.findall(r'"code": ?"(\w+)"', output)) == {"INVALID_PRIORITY", "PRECONDITION_FAILED"}, output


def test_tour_of_the_second_factor_runs_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("totp", service, tmp_path)

    assert re.findall(r'"totp_enabled":(\w+)', output) == ["false", "true", "false"], output
    assert re.findall(r'"code":"(\w+)"', output) == ["TOTP_REQUIRED", "INVALID_TOTP_CODE"], output
    assert output.count('"access_token"') == 2, output
    assert len((tmp_path / "recovery-codes.txt").read_text().split()) == 10


@pytest.mark.spec("DAT-002", "DAT-003", "DAT-020")
def test_dates_run_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("dates", service, tmp_path)

    assert re.findall(r'"due_date":("[^"]*"|null),"due_day":("[^"]*"|null),"due_time_zone":("[^"]*"|null)', output)[
        :3
    ] == [
        ("null", '"2026-12-01"', "null"),
        ('"2026-12-01T17:00:00Z"', "null", "null"),
        ('"2026-12-01T08:00:00Z"', "null", '"Europe/Berlin"'),
    ]
    assert re.findall(r'"code":"(\w+)"', output) == ["CONFLICTING_DUE", "CONFLICTING_DUE"], output
    assert re.findall(r'"total":(\d+)', output) == ["1", "0", "2", "1", "1"], output


@pytest.mark.spec("REP-001", "REP-006", "REP-021", "REP-031")
def test_repeating_runs_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("repeating", service, tmp_path)

    days = re.findall(r'"due_day":"([0-9-]+)"', output)
    assert days[:3] == ["2031-01-31", "2031-03-31", "2031-05-31"], output
    assert output.count('"recurrence_start":"2031-01-31"') == 3, output
    assert re.findall(r'"status":"(\w+)"', output)[:4] == ["completed", "completed", "skipped", "completed"], output
    assert '"due_date":"2031-03-30T07:00:00Z"' in output
    assert re.findall(r'"code":"(\w+)"', output) == ["RECURRENCE_TOO_COMPLEX"], output


@pytest.mark.spec("PRJ-014", "PRJ-015", "PRJ-022", "PRJ-023")
def test_projects_run_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("projects", service, tmp_path)

    assert '"code"' not in output, output
    assert re.findall(r'"total":(\d+),"page"', output) == ["1", "2", "1", "2", "2"], output
    assert '[{"project_id":' in output
    assert '"contains":{"section":1,"task":2}' in output or '"contains":{"task":2,"section":1}' in output
    assert '"left_out":[]' in output


@pytest.mark.spec("ORD-001", "ORD-002")
def test_order_runs_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("order", service, tmp_path)

    assert '"code"' not in output, output
    assert re.findall("order: (.*)", output) == ["one two three", "three two one", "three one"], output


@pytest.mark.spec("SUB-006", "SUB-010", "SUB-021", "SUB-022")
def test_subtasks_run_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("subtasks", service, tmp_path)

    assert re.findall(r'"code":"(\w+)"', output) == ["SUBTASK_CYCLE"], output
    assert output.count('"subtask_counts":{"total":2,"completed":1}') == 2, output
    assert re.findall("titles: (.*)", output) == ["cake music", "party cake music flour", "music flour"], output
    assert '"contains":{"task":2}' in output, output


@pytest.mark.spec("SUB-040", "SUB-043", "SUB-044", "SUB-050", "SUB-051")
def test_trees_run_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("trees", service, tmp_path)

    assert re.findall("titles: (.*)", output) == ["move house pack keys buy tape"], output
    assert re.findall(r'"title":"(\w+)"', output) == ["pack", "keys"], output
    assert re.findall(r"(?:status|created): (\d+)", output) == ["200", "3"], output
    assert re.findall(r'"field":"([\w.]+)","detail":"[^"]*","code":"(\w+)"', output) == [
        ("subtasks.0.subtasks.0.title", "INVALID_TITLE"),
        ("items.0.parent_ref", "REF_NOT_FOUND"),
    ], output


@pytest.mark.spec("SUB-060", "SUB-061", "SUB-062")
def test_checklist_runs_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("checklist", service, tmp_path)

    assert re.findall("done: ?(.*)", output) == ["inbox", "", "inbox", "inbox", "tickets visa"], output


@pytest.mark.spec("FIL-001", "FIL-005", "FIL-020")
def test_filters_run_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("filters", service, tmp_path)

    assert re.findall(r'"total":(\d+)', output) == ["1", "1", "1", "1"], output
    assert re.findall(r'"title":"([^"]*)"', output) == [
        *("Water the plants", "Buy oat milk", "Buy oat milk", "Water the plants")
    ]
    assert re.findall(r'"position":(\d+)', output) == ["17"], output


@pytest.mark.spec("QCK-001", "QCK-002", "QCK-010", "QCK-015")
def test_quick_add_runs_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("quick", service, tmp_path)

    assert re.findall(r'"title":"([^"]*)"', output) == [
        *("Pay rent", "Miete zahlen", "Dig the beds #Garden", "Watch tomorrow never dies")
    ], output
    assert re.findall(r'"code":"(\w+)"', output) == ["PROJECT_NOT_FOUND", "INVALID_TITLE", "INVALID_TITLE"], output
    assert re.findall(r'"recurrence_rule":"([^"]*)"', output) == ["FREQ=MONTHLY;BYMONTHDAY=1"] * 2


def test_readme_runs_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("readme", service, tmp_path)

    assert '"email":"me@example.com"' in output
    assert output.count('"Water the plants"') == 2, "the created task and a list with one task: " + output
    assert '"total":1' in output
    assert '"code"' not in output


@pytest.mark.spec("HIS-006", "TRA-002", "BAS-001", "SYN-002")
def test_tour_of_the_change_log_runs_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("changes", service, tmp_path)

    codes = re.findall(r'"code":"(\w+)","errors"', output)
    assert codes == ["UNDO_CONFLICT", "FIELD_CONFLICT"], output
    for expected in ('"before":"Water the plants","after":"Water the ferns"', '"left_out":[]', "retry: 3000"):
        assert expected in output


@pytest.mark.spec("TGW-001", "TGW-002", "TGW-004")
def test_tags_run_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("tags", service, tmp_path)

    assert re.findall(r'"tags":\[([^]]*)\]', output)[0].count('"name":"garden"') == 1, output
    assert '"name":"errands"' not in output
    assert re.findall(r'"code":"(\w+)"', output) == ["TAG_NOT_FOUND"], output


@pytest.mark.spec("IMP-001", "IMP-003", "IMP-006", "IMP-008")
def test_import_runs_as_written(service: Service, tmp_path: Path) -> None:
    output = run_tour("import", service, tmp_path)

    assert '"code"' not in output, output
    assert re.findall(r'"dry_run":(\w+),"created":{"tags":(\d),"projects":(\d),"sections":0,"tasks":(\d)', output) == [
        ("true", "1", "1", "1"),
        ("false", "0", "0", "0"),
    ]
    assert '"created":{"tags":1,"projects":1,"sections":0,"tasks":1' in (tmp_path / "report.json").read_text()
    assert re.findall(r'"total":(\d+)', output) == ["1", "0"], output


@pytest.mark.spec("IMP-001")
def test_document_of_another_program_is_imported(service: Service, log_in: LogIn) -> None:
    [document] = re.findall(r"^```json import\n(.*?)^```", DOCUMENTS[-1].read_text(), re.MULTILINE | re.DOTALL)
    client = log_in(service, f"{uuid4().hex}@example.com")

    report = client.post("/import", content=document, headers={"Content-Type": "application/json"}).json()

    assert report["created"] == {"tags": 1, "projects": 1, "sections": 1, "tasks": 2, "occurrences": 0}
