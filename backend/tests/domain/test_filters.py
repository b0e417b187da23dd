"""The parser of filters."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from todo.domain.filters.parser import DEPTH_MAX, FILTER_MAX, SEARCHES_MAX, TERMS_MAX, InvalidFilterError, parse_filter
from todo.domain.filters.terms import Branch, Comparison, Days, Expression, Filter, Leaf, Name, RelativeDay, Term

TOKENS = (
    *("&", "|", "!", "(", ")", '"', "„", "“", "\\", "@", "@home", "#", "/", ":", ",", "<", "<=", "=", ">", ">="),
    *("today", "OVERDUE", "p1", "p4", "no", "due", "start", "tags", "completed", "search:", "milk", "7", "days", "-3"),
    *("2026-12-24", "2026-02-30", "2026-12-24T18:00:00+01:00", "9999-12-31T23:59:59.999999Z", "ä", " ", "\n", "0" * 30),
)
bounded = settings(max_examples=500, deadline=None)


def terms_of(text: str) -> list[Term]:
    return [*parse_filter(text).terms]


def fault_of(text: str) -> InvalidFilterError:
    with pytest.raises(InvalidFilterError) as caught:
        parse_filter(text)
    return caught.value


def show(expression: Expression) -> str:
    """Return an expression with parentheses around each part and the places of the terms."""
    if isinstance(expression, Leaf):
        return str(expression.place)
    parts = [show(part) for part in expression.parts]
    return f"!{parts[0]}" if expression.operator == "not" else f"({f' {expression.operator} '.join(parts)})"


@pytest.mark.spec("FIL-001")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("p1 | p2 & p3", "(0 or (1 and 2))"),
        ("(p1 | p2) & p3", "((0 or 1) and 2)"),
        ("!p1 & p2", "(!0 and 1)"),
        ("!(p1 & p2)", "!(0 and 1)"),
        ("!!p1", "!!0"),
        ("p1|p2|p3", "(0 or 1 or 2)"),
        ("((p1))", "0"),
        ("today & no due | completed & overdue", "((0 and 1) or (2 and 3))"),
    ],
)
def test_not_binds_before_and_before_or(text: str, shown: str) -> None:
    assert show(parse_filter(text).expression) == shown


@pytest.mark.spec("FIL-002")
@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("today", Term("due", Days(0, 0))),
        ("Tomorrow", Term("due", Days(1, 1))),
        ("7 days", Term("due", Days(0, 6))),
        ("1day", Term("due", Days(0, 0))),
        ("OVERDUE", Term("overdue")),
        ("pending", Term("pending")),
        ("completed", Term("completed")),
        ("p1", Term("priority", "high")),
        ("P3", Term("priority", "low")),
        ("no due", Term("no due")),
        ("no\ttags", Term("no tags")),
        ("due < 2026-12-24", Term("due", Comparison("<", date(2026, 12, 24)))),
        ("start>=today", Term("start", Comparison(">=", RelativeDay(0)))),
        ("completed = yesterday", Term("completed at", Comparison("=", RelativeDay(-1)))),
        ("created > -7 days", Term("created at", Comparison(">", RelativeDay(-7)))),
        ("deadline <= +30 days", Term("deadline", Comparison("<=", RelativeDay(30)))),
        ("deadline <= 30 days", Term("deadline", Comparison("<=", RelativeDay(30)))),
        (
            "updated >= 2026-12-24T18:00+01:00",
            Term("updated at", Comparison(">=", datetime(2026, 12, 24, 17, tzinfo=UTC))),
        ),
        ('#"Garten & Hof"', Term("project", Name("Garten & Hof", is_quoted=True))),
        ("/Later", Term("section", Name("Later", is_quoted=False))),
        ("no project", Term("no project")),
        ("no section", Term("no section")),
        ("search: milk", Term("search", "milk")),
        ('search:"oat milk"', Term("search", "oat milk")),
    ],
)
def test_term_is_read(text: str, term: Term) -> None:
    assert terms_of(text) == [term]


@pytest.mark.spec("FIL-004")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("@home", Name("home", is_quoted=False)),
        ("@Büro", Name("Büro", is_quoted=False)),
        ("@a@b/#c-d:e.f", Name("a@b/#c-d:e.f", is_quoted=False)),
        ("@7", Name("7", is_quoted=False)),
        ('@"7"', Name("7", is_quoted=True)),
        ('@"two words"', Name("two words", is_quoted=True)),
        (r'@"a \"b\" \\ c"', Name(r'a "b" \ c', is_quoted=True)),
        ("@„Büro im Hof“", Name("Büro im Hof", is_quoted=True)),
        ("@„Büro im Hof”", Name("Büro im Hof", is_quoted=True)),
        ("@“two words”", Name("two words", is_quoted=True)),
        ("@«deux mots»", Name("deux mots", is_quoted=True)),
        ("@»zwei Wörter«", Name("zwei Wörter", is_quoted=True)),
        ('@"(a & b) | !c"', Name("(a & b) | !c", is_quoted=True)),
    ],
)
def test_name_is_read_with_and_without_quotes(text: str, name: Name) -> None:
    assert terms_of(text) == [Term("tag", name)]


@pytest.mark.spec("FIL-005")
@pytest.mark.parametrize(
    ("text", "position", "sentence"),
    [
        ("", 1, "Expected a term at position 1"),
        ("   ", 4, "Expected a term at position 4"),
        ("p1 &", 5, "Expected a term at position 5"),
        ("p1 & & p2", 6, "Expected a term at position 6"),
        ("& p1", 1, "Expected a term at position 1"),
        ("p4", 1, "Expected a term at position 1"),
        ("p1 p2", 4, "Expected & or | at position 4"),
        ("p1, p2", 3, "Expected & or | at position 3"),
        ("(p1", 4, "Expected & or | or ) at position 4"),
        ("p1)", 3, "Expected & or | at position 3"),
        ("()", 2, "Expected a term at position 2"),
        ("!", 2, "Expected a term at position 2"),
        ("@", 2, "Expected the name of a tag at position 2"),
        ("@ home", 2, "Expected the name of a tag at position 2"),
        ('p1 & @"', 7, "Expected the name of a tag, and a closing quote at position 7"),
        ('@""', 2, "Expected the name of a tag, and a closing quote at position 2"),
        ("@„Büro", 2, "Expected the name of a tag, and a closing quote at position 2"),
        ("search milk", 8, "Expected a colon at position 8"),
        ("search:", 8, "Expected a text to search at position 8"),
        ("no", 3, "Expected due, start, deadline, tags, project or section at position 3"),
        ("no due date", 8, "Expected & or | at position 8"),
        ("due", 4, "Expected <, <=, =, >= or > at position 4"),
        (
            "due <> 2026-12-24",
            6,
            "Expected a day such as 2026-12-01 or an instant such as 2026-12-01T18:00Z at position 6",
        ),
        (
            "due = 2026-02-30",
            7,
            "Expected a day such as 2026-12-01 or an instant such as 2026-12-01T18:00Z at position 7",
        ),
        ("0 days", 1, "Expected a number of days from 1 at position 1"),
        ("-7 days", 1, "Expected a number of days from 1 at position 1"),
        ("fällig", 1, "Expected a term at position 1"),
        ("ü", 1, "Expected a term at position 1"),
        ("🌱🌱 | p1", 1, "Expected a term at position 1"),
        ('@"🌱" | x', 8, "Expected a term at position 8"),
    ],
)
def test_fault_has_its_position_from_one(text: str, position: int, sentence: str) -> None:
    fault = fault_of(text)

    assert (fault.position, str(fault)) == (position, sentence)


@pytest.mark.spec("FIL-005")
def test_length_depth_and_terms_are_limited() -> None:
    deepest = "!" * (DEPTH_MAX // 2) + "(" * (DEPTH_MAX // 2) + "p1" + ")" * (DEPTH_MAX // 2)
    most = "|".join(["p1"] * TERMS_MAX)
    longest = f"@{'x' * (FILTER_MAX - 1)}"

    for text in (deepest, most, longest, "|".join(["search:x"] * SEARCHES_MAX)):
        parse_filter(text)
    assert fault_of("!" + deepest).position == DEPTH_MAX + 1
    assert fault_of("(" + deepest + ")").position == DEPTH_MAX + 1
    assert fault_of(most + "|p1").position == len(most) + 2
    assert fault_of(longest + "x").position == FILTER_MAX + 1
    assert fault_of("|".join(["search:x"] * (SEARCHES_MAX + 1))).position == 9 * SEARCHES_MAX + 1


@bounded
@given(st.lists(st.sampled_from(TOKENS), max_size=30).map("".join) | st.text(max_size=60))
def test_any_text_is_a_filter_or_has_a_fault_at_a_position(text: str) -> None:
    found = parse_or_fault(text)

    if isinstance(found, InvalidFilterError):
        assert 1 <= found.position <= len(text) + 1
    else:
        assert 1 <= len(found.terms) <= TERMS_MAX
        assert _places(found.expression) == [*range(len(found.terms))]


def parse_or_fault(text: str) -> Filter | InvalidFilterError:
    try:
        return parse_filter(text)
    except InvalidFilterError as fault:
        return fault


def _places(expression: Expression) -> list[int]:
    if isinstance(expression, Branch):
        return [place for part in expression.parts for place in _places(part)]
    return [expression.place]
