"""The table of docs/tasks.md: each text in it is understood as the table says."""

import re
from pathlib import Path

import pytest

from tests.domain.quick_add.support import read

DOCUMENT = Path(__file__).parents[3] / "docs" / "tasks.md"
SECTION = re.search(r"^## Quick add$.*?(?=^## )", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
assert SECTION is not None
CODE = re.compile(r"`([^`]+)`")
ROWS = [row.strip("|").split("|") for row in SECTION[0].splitlines() if row.startswith("|")][2:]
EXAMPLES = [
    (code, text, CODE.findall(row[3]))
    for row in ROWS
    for code, column in (("en", row[1]), ("de", row[2]))
    for text in CODE.findall(column)
]
[DOUBT] = re.findall(r"^- \*\*Doubt\*\* leaves the words in the title: (.*?)\. ", SECTION[0], re.MULTILINE | re.DOTALL)


@pytest.mark.spec("QCK-006", "QCK-007", "QCK-008", "QCK-012")
@pytest.mark.parametrize(("code", "text", "fields"), EXAMPLES, ids=[f"{code}-{text}" for code, text, _ in EXAMPLES])
def test_text_of_the_table_sets_its_fields(code: str, text: str, fields: list[str]) -> None:
    for codes in ((), (code,)):
        settled = read(f"x {text}", *codes)

        assert settled.title == "x"
        assert {part.field for part in settled.parts} == set(fields)


@pytest.mark.spec("QCK-014")
@pytest.mark.parametrize("text", CODE.findall(DOUBT))
def test_text_in_doubt_is_title(text: str) -> None:
    assert read(f"x {text} y").title == f"x {text} y"


def test_table_has_all_kinds_of_texts() -> None:
    assert len(ROWS) > 20
    assert len(EXAMPLES) > 100
