"""Documents and code agree: acceptance ids have tests, decision records exist, and links resolve."""

import ast
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ACCEPTANCE_ID = re.compile(r"^- \*\*([A-Z]+-\d{3})\*\*", re.MULTILINE)
DECISION_RECORD = re.compile(r"\bADR (\d{4})\b")
MARKDOWN_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
RELATIVE_LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)[^)]*\)")


def all_ids_in_specs() -> list[str]:
    return [id_ for spec in ROOT.glob("specs/*/spec.md") for id_ in ACCEPTANCE_ID.findall(spec.read_text())]


def ids_in_specs() -> set[str]:
    return {*all_ids_in_specs()}


def ids_in_tests() -> set[str]:
    return {id_ for path in (ROOT / "backend" / "tests").rglob("test_*.py") for id_ in _ids_in(path)}


def _ids_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.spec":
            yield from (ast.literal_eval(argument) for argument in node.args)


def project_files() -> Iterator[Path]:
    """Yield the files outside hidden folders, such as `.git` and `.venv`, and outside the caches of Python."""
    for folder, subfolders, files in os.walk(ROOT):
        subfolders[:] = [name for name in subfolders if not name.startswith(".") and name != "__pycache__"]
        yield from (Path(folder, name) for name in files)


def test_every_acceptance_id_is_unique() -> None:
    assert [id_ for id_, number in Counter(all_ids_in_specs()).items() if number > 1] == []


def test_every_acceptance_id_has_a_test() -> None:
    assert len(ids_in_specs()) >= 98
    assert ids_in_specs() - ids_in_tests() == set()


def test_no_test_names_an_unknown_acceptance_id() -> None:
    assert ids_in_tests() - ids_in_specs() == set()


def test_every_named_decision_record_exists() -> None:
    numbers = {path.name[:4] for path in ROOT.glob("history/adr/[0-9]*-*.md")}

    references = [
        (str(path.relative_to(ROOT)), number)
        for path in project_files()
        for number in DECISION_RECORD.findall(path.read_text(errors="ignore"))
    ]

    assert references
    assert [(path, number) for path, number in references if number not in numbers] == []


def test_every_relative_markdown_link_resolves_to_a_file() -> None:
    documents = [path for path in project_files() if path.suffix == ".md"]

    links = [
        (document, target)
        for document in documents
        for target in RELATIVE_LINK.findall(MARKDOWN_CODE.sub("", document.read_text()))
    ]

    assert links
    assert [(str(path), target) for path, target in links if not (path.parent / target).exists()] == []
