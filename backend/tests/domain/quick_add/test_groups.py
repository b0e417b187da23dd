"""A day, a time and a repetition side by side are understood as a whole, or all of them stay in the title."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.quick_add.support import read
from todo.domain.quick_add.settling import DUE_FIELDS

DAYS = {
    "en": ["tomorrow", "Monday", "on Friday", "Dec 1", "2026-12-01", "next week", "in 3 weeks", "on the 15th"],
    "de": ["morgen", "Montag", "am Freitag", "1. Dezember", "24.12.", "nächste Woche", "in 3 Wochen", "am 15."],
}
TIMES = {
    "en": ["9am", "at 9", "12:30", "at noon", "in the evening"],
    "de": ["9 Uhr", "um 9", "12:30", "um 9 Uhr 30", "abends"],
}
REPETITIONS = {
    "en": [
        "every week",
        "every 2 weeks",
        "every other Tuesday",
        "every Monday and Friday",
        "every 1st",
        "every workday",
    ],
    "de": ["jede Woche", "alle 2 Wochen", "jeden Dienstag", "montags und freitags", "jeden 1.", "jeden Werktag"],
}
GROUPS = [
    (code, words)
    for code in DAYS
    for chosen in itertools.product(["", *DAYS[code]], ["", *TIMES[code]], ["", *REPETITIONS[code]])
    for words in itertools.permutations(word for word in chosen if word)
    if len(words) > 1
]
ATOMS = [word for code in DAYS for table in (DAYS, TIMES, REPETITIONS) for word in table[code] if word != "Dec 1"]
SEQUENCES = st.lists(st.tuples(st.sampled_from(ATOMS), st.sampled_from([" ", ", ", " and ", " p1 "])), max_size=4)
SMALL_WORDS = {"X", "and", "p1", ",", ""}


@pytest.mark.spec("QCK-023")
@pytest.mark.parametrize("code", DAYS)
def test_group_of_words_is_understood_as_a_whole_or_not_at_all(code: str) -> None:
    partly = []
    for language, words in GROUPS:
        text = f"X {' '.join(words)}"
        if language == code and read(text, code).title not in ("X", text):
            partly.append(text)

    assert partly == []


@pytest.mark.spec("QCK-023")
@given(sequence=SEQUENCES)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_sequence_of_days_times_and_repetitions_is_understood_as_a_whole_or_not_at_all(
    sequence: list[tuple[str, str]],
) -> None:
    settled = read(f"X {''.join(word + glue for word, glue in sequence)}")

    is_understood = any(part.field in DUE_FIELDS for part in settled.parts)
    assert not is_understood or {word.strip(",") for word in settled.title.split()} <= SMALL_WORDS
