"""`docs/front-end.md`: its page, its functions and its commands, run as they are written."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.conftest import Service, environment, require
from tests.live.front_end.site import ADDRESS, CLIENT, DOCUMENT, ApiError, Tab
from todo.core.errors import DomainError
from todo.domain.scope import ACCOUNT_SCOPE

TOUR = re.compile(r"^```sh tour=(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CREATE = "await api.request('/tasks', { method: 'POST', json: { title } })"


@pytest.mark.spec("FRO-016")
async def test_renaming_repeats_on_the_current_task(tab: Tab) -> None:
    await tab.run(f"const title = 'Buy soil'; globalThis.task = {CREATE}")
    await tab.run("return api.updateTask(globalThis.task, { priority: 'high' })")

    renamed = await tab.run("return api.rename(globalThis.task, 'Buy peat')", "/rename.ts")

    assert (renamed["title"], renamed["priority"], renamed["version"]) == ("Buy peat", "high", 3)
    with pytest.raises(ApiError) as caught:
        await tab.run("return api.rename(globalThis.task, 'Buy moss')", "/rename.ts")
    assert caught.value.summary == (412, "PRECONDITION_FAILED")


@pytest.mark.spec("FRO-016")
async def test_creator_creates_one_task(tab: Tab) -> None:
    create_twice = "const create = api.makeCreator(); return [await create('Soil'), await create('Soil')]"

    tasks = await tab.run(create_twice, "/once.ts")

    assert tasks[0]["id"] == tasks[1]["id"]


@pytest.mark.spec("FRO-016")
async def test_all_pages_of_a_list_are_read(tab: Tab) -> None:
    titles = [f"{number}" for number in range(5)]
    await tab.run(f"for (const title of {titles}) {CREATE}")

    read = await tab.run(
        "const titles = []; const query = { sort: 'title', limit: '2' };"
        "for await (const task of api.allTasks(query)) titles.push(task.title);"
        "return titles",
        "/all.ts",
    )

    assert read == titles


@pytest.mark.spec("FRO-016", "HIS-006")
async def test_write_is_undone_and_redone(tab: Tab) -> None:
    totals = await tab.run(
        "const { listTasks } = await import('/api.ts'); const totals = [];"
        "let seq = await api.write('/tasks', { method: 'POST', json: { title: 'Soil' } });"
        "for (const _ of [1, 2, 3]) { totals.push((await listTasks()).total); seq = await api.undo(seq); }"
        "return totals",
        "/undo.ts",
    )

    assert totals == [1, 0, 1]


@pytest.mark.spec("FRO-016")
async def test_unchanged_tasks_are_completed_at_once(tab: Tab) -> None:
    await tab.run(f"globalThis.tasks = []; for (const title of ['Soil', 'Cat']) globalThis.tasks.push({CREATE})")
    await tab.run("return api.updateTask(globalThis.tasks[1], { priority: 'high' })")

    others = await tab.run("return api.completeAll(globalThis.tasks)", "/complete.ts")

    assert others == [await tab.run("return globalThis.tasks[1].id")]
    assert (await tab.run("return api.listTasks({ status: 'completed' })"))["total"] == 1


@pytest.mark.spec("FRO-016")
@pytest.mark.parametrize(
    ("html", "fields", "expected"),
    [
        ("<input name='title'>", {"title": ""}, "Title is required"),
        ("<select name='priority'></select>", {"title": "Soil", "priority": "none"}, ""),
        ("<textarea name='description'></textarea>", {"title": "Soil", "description": "x" * 9000}, "Description"),
    ],
    ids=["input", "select", "textarea"],
)
async def test_problem_is_shown_in_the_field(tab: Tab, html: str, fields: dict[str, str], expected: str) -> None:
    await tab.page.set_content(f"<form>{html}</form>")

    shown, message = await tab.run(
        "const error = await (await import('/api.ts')).request('/tasks', "
        f"{{ method: 'POST', json: {json.dumps(fields)} }}).catch((error) => error);"
        "const form = document.forms[0];"
        "return [api.showProblems(form, error), form.elements[0].validationMessage]",
        "/fields.ts",
    )

    assert shown is True
    assert message.startswith(expected)


@pytest.mark.spec("FRO-017")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mobile", {'"access_token"': 1, '"code"': 0}),
        ("script", {'"title":"Buy soil"': 2, r'"title":"Read \"Dune\""': 2, "EMAIL_ALREADY_EXISTS": 2, '"code"': 2}),
    ],
)
def test_commands_run_as_written(service: Service, tmp_path: Path, name: str, expected: dict[str, int]) -> None:
    require("curl")
    commands = dict(TOUR.findall(DOCUMENT.read_text()))[name].replace("http://localhost:8000", service.url)
    is_repeatable = name == "script"
    pasted_twice = f"{commands}\nsleep 1\n{commands}"

    process = subprocess.run(
        [require("bash", "dash", "sh"), "-eu", "-c", pasted_twice if is_repeatable else commands],
        cwd=tmp_path,
        env=environment(PATH=f"{Path(sys.executable).parent}:{environment()['PATH']}"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    assert {text: process.stdout.count(text) for text in expected} == expected, process.stdout
    assert len(set(re.findall(r'"id":(\d+)', process.stdout))) == (2 if is_repeatable else 0)


@pytest.mark.spec("FRO-018")
def test_page_explains_every_error_of_authentication() -> None:
    explained = {
        (int(status), code)
        for line in DOCUMENT.read_text().splitlines()
        if (status := line[2:5]).isdecimal()
        for code in re.findall(r"`([A-Z_]+)`", line.split("|")[1])
    }

    raised = {(error.status, error.code) for error in errors_below(DomainError) if error.status in (401, 403)}

    assert raised
    assert raised - explained == set()
    assert {each for each in explained if each[0] in (401, 403)} - raised == set()


def errors_below(base: type[DomainError]) -> Iterator[type[DomainError]]:
    """Yield the errors that have a code."""
    for error in base.__subclasses__():
        if hasattr(error, "code"):
            yield error
        yield from errors_below(error)


@pytest.mark.spec("FRO-018")
def test_page_agrees_with_the_client_and_the_scopes() -> None:
    text = DOCUMENT.read_text()

    assert CLIENT.read_text().count(ADDRESS) == 1
    assert f"\n{ADDRESS.replace('/api/v1', 'http://localhost:8000/api/v1')}\n" in text
    assert all(f"`{scope}`" in text for scope in ("tasks:read", ACCOUNT_SCOPE))


@pytest.mark.spec("FRO-018")
def test_page_names_every_export_of_the_client() -> None:
    exported = re.findall(r"^export (?:async function|const) (\w+)", CLIENT.read_text(), re.MULTILINE)
    table = DOCUMENT.read_text().partition("`api.ts` exports:")[2].partition("## ")[0]

    assert "fetchAgain" in exported
    assert [name for name in exported if not re.search(rf"`{name}\b", table)] == []
