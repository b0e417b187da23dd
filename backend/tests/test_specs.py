"""Every acceptance id under specs/ has a test that names it, and no test names an id that is not there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROMISED = re.compile(r"^- \*\*([A-Z]+-\d{3})\*\*", re.MULTILINE)


def promised_ids() -> set[str]:
    return {id_ for spec in ROOT.glob("specs/*/spec.md") for id_ in PROMISED.findall(spec.read_text())}


def proven_ids() -> set[str]:
    return {id_ for path in (ROOT / "backend" / "tests").rglob("test_*.py") for id_ in _ids_in(path)}


def _ids_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.spec":
            yield from (ast.literal_eval(argument) for argument in node.args)


def test_every_promise_has_a_test() -> None:
    assert len(promised_ids()) >= 98
    assert promised_ids() - proven_ids() == set()


def test_no_test_names_an_unknown_promise() -> None:
    assert proven_ids() - promised_ids() == set()
