"""The texts of the tables, with the places of their parts and their titles."""

import pytest

from tests.domain.quick_add import english, english_groups, german, german_groups
from tests.domain.quick_add.support import describe, read

TABLES = {"en": (english, english_groups), "de": (german, german_groups)}
UNDERSTOOD = [(code, row) for code, tables in TABLES.items() for table in tables for row in table.UNDERSTOOD]
TITLES = [text for tables in TABLES.values() for table in tables for text in table.TITLES]


@pytest.mark.spec("QCK-003", "QCK-006", "QCK-007", "QCK-008", "QCK-012", "QCK-023")
@pytest.mark.parametrize(("code", "row"), UNDERSTOOD, ids=[row[0] for _, row in UNDERSTOOD])
def test_text_is_understood_with_its_places(code: str, row: tuple[str, ...]) -> None:
    text, title, *parts = row

    for codes in ((), (code,)):
        settled = read(text, *codes)

        assert settled.title == title
        assert describe(text, settled.parts) == parts
        assert all(part.start == text.index(text[part.start : part.end]) for part in settled.parts)


@pytest.mark.spec("QCK-014", "QCK-023")
@pytest.mark.parametrize("text", TITLES)
def test_text_with_another_meaning_is_the_title(text: str) -> None:
    settled = read(text)

    assert (settled.title, settled.parts) == (text, [])


@pytest.mark.spec("QCK-005")
def test_each_language_has_a_table_of_eighty_texts() -> None:
    assert all(len(tables[0].UNDERSTOOD) >= 80 for tables in TABLES.values())


@pytest.mark.spec("QCK-005")
@pytest.mark.parametrize(
    ("text", "code", "title"),
    [
        ("Call tomorrow", "de", "Call tomorrow"),
        ("Anrufen morgen", "en", "Anrufen morgen"),
        ("Anrufen 3.11.", "de", "Anrufen"),
        ("Call 9 am Monday", "en", "Call"),
        ("Zimmer 9 am Montag", "de", "Zimmer 9"),
    ],
)
def test_text_is_read_in_its_language_alone(text: str, code: str, title: str) -> None:
    assert read(text, code).title == title


@pytest.mark.spec("QCK-005")
def test_phrases_of_both_languages_are_read_in_one_text() -> None:
    settled = read("Lunch morgen at noon p1 für 30 Min")

    assert describe("Lunch morgen at noon p1 für 30 Min", settled.parts) == [
        "due_date=2026-11-28T11:00:00Z <morgen>",
        "due_date=2026-11-28T11:00:00Z <at noon>",
        "priority=high <p1>",
        "estimated_minutes=30 <für 30 Min>",
    ]
