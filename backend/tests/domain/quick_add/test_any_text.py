"""Any text is read without an error and in linear time, and its title says nothing new."""

import itertools
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.quick_add import english, english_groups, german, german_groups
from tests.domain.quick_add.support import NOON_IN_BERLIN, read
from todo.domain.quick_add.languages import LANGUAGES
from todo.domain.quick_add.reading import read_text
from todo.domain.quick_add.settling import DUE_FIELDS, Settled
from todo.domain.quick_add.text import QUICK_TEXT_MAX
from todo.domain.text import fold

TEXTS = [row[0] for table in (english, english_groups, german, german_groups) for row in table.UNDERSTOOD]
WORDS = sorted({word for text in TEXTS for word in text.split()} | {"p1", "#Home", "@a", "(", ")", '"', "{", "}", ","})
GLUES = st.sampled_from([" ", " ", " ", "", "  ", "\n", ", ", ". "])
PHRASES = st.lists(st.tuples(st.sampled_from(WORDS), GLUES), min_size=1, max_size=12).map(
    lambda parts: "".join(word + glue for word, glue in parts)
)
ANY_TEXT = st.text(st.characters(exclude_characters="\0\\", exclude_categories=["Cs"]), min_size=1, max_size=80)


def kinds(settled: Settled) -> set[str]:
    return {"due" if part.field in DUE_FIELDS else part.field for part in settled.parts}


def check(text: str) -> None:
    """Check that the title and the parts cover the text, and that the title says nothing new."""
    settled = read(text, projects=["Home"])

    parts = {place for part in settled.parts for place in range(part.start, part.end)}
    outside = "".join(text[place] for place in range(len(text)) if place not in parts)
    title = settled.title or "".join(character for character in outside if character in " \t\n,.;:!?)]…(-\u2013")
    assert "".join(title.split()) == "".join(outside.split()), (text, settled)
    assert all(0 <= part.start < part.end <= len(text) for part in settled.parts)
    spans = sorted({(part.start, part.end) for part in settled.parts})
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans)), (text, spans)
    if settled.title:
        again = read(settled.title, projects=["Home"])
        assert kinds(again) <= kinds(settled), (text, settled, again)


@pytest.mark.spec("QCK-004", "QCK-019")
@given(text=PHRASES)
@settings(max_examples=300, deadline=None)
def test_title_and_parts_cover_a_text_of_known_words(text: str) -> None:
    check(text)


@pytest.mark.spec("QCK-004", "QCK-020")
@given(text=ANY_TEXT)
@settings(max_examples=300, deadline=None)
def test_any_text_is_read(text: str) -> None:
    check(text)


def read_seconds(text: str) -> float:
    """Return the least processor time of three readings."""
    times = []
    for _ in range(3):
        begin = process_time()
        read_text(text, NOON_IN_BERLIN, [*LANGUAGES.values()])
        times.append(process_time() - begin)
    return min(times)


@pytest.mark.spec("QCK-020")
@pytest.mark.parametrize(
    "word",
    [
        *WORDS[::12],
        *("every", "Montag", "in 2", "@a", "24. Dez", "9 Uhr um", "\\p1", '"a b"', "every every", "1st,"),
        *("„a ", '@"', "\\", "\\\\", "24.", "9:", "((("),
    ],
)
def test_four_times_the_text_takes_about_four_times_the_time(word: str) -> None:
    for unit in (word, f"{word} "):
        number = 4 * QUICK_TEXT_MAX // len(unit)

        assert read_seconds(unit * number) < 12 * read_seconds(unit * (number // 4)) + 0.01


@pytest.mark.spec("QCK-005")
@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_words_of_a_language_are_folded(code: str) -> None:
    language = LANGUAGES[code]

    assert all(word == fold(word) for word in language.vocabulary | language.blockers)
