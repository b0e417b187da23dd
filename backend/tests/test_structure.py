"""The limits that keep folders and modules small (ADR 0043)."""

from collections import Counter
from pathlib import Path

BACKEND = Path(__file__).parents[1]
MODULES_MAX = 14
SOURCE_LINES_MAX = 300
TEST_LINES_MAX = 400


def modules_in(folder: str) -> list[Path]:
    return [path for path in (BACKEND / folder).rglob("*.py") if "versions" not in path.parts]


def test_no_folder_holds_more_than_fourteen_modules() -> None:
    modules = [path for path in modules_in("src") + modules_in("tests") if path.name != "__init__.py"]
    counts = Counter(path.parent for path in modules)

    assert {str(folder): count for folder, count in counts.items() if count > MODULES_MAX} == {}


def test_no_module_is_too_long() -> None:
    limits = [(path, SOURCE_LINES_MAX) for path in modules_in("src")]
    limits += [(path, TEST_LINES_MAX) for path in modules_in("tests")]
    lines = {path: len(path.read_text().splitlines()) for path, _ in limits}

    assert {str(path): lines[path] for path, limit in limits if lines[path] > limit} == {}
