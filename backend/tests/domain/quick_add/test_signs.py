"""Names, priorities, quotations, backslashes, and fields that a text sets twice."""

import pytest

from tests.domain.quick_add.support import describe, read


@pytest.mark.spec("QCK-010", "QCK-011")
@pytest.mark.parametrize(
    ("text", "title", "parts"),
    [
        ("Pay #Home @money p1", "Pay", ["project_id=Home <#Home>", "tags=money <@money>", "priority=high <p1>"]),
        ('Pay #"New home" now', "Pay now", ['project_id=New home <#"New home">']),
        ("Pay #„New home“", "Pay", ["project_id=New home <#„New home“>"]),
        ('Pay @"am Haus"', "Pay", ['tags=am Haus <@"am Haus">']),
        ('Pay @"a \\"b\\""', "Pay", ['tags=a "b" <@"a \\"b\\"">']),
        ("Pay (#Home, @a)", "Pay (,)", ["project_id=Home <#Home>", "tags=a <@a>"]),
        ("Pay #Home.", "Pay.", ["project_id=Home <#Home>"]),
        ("@a Pay @b @a", "Pay", ["tags=a <@a>", "tags=b <@b>", "tags=a <@a>"]),
        ('Meet @"5pm"', "Meet", ['tags=5pm <@"5pm">']),
    ],
)
def test_names_follow_the_grammar_of_filters(text: str, title: str, parts: list[str]) -> None:
    settled = read(text, projects=["Home", "New home"])

    assert (settled.title, describe(text, settled.parts)) == (title, parts)


@pytest.mark.spec("QCK-010", "QCK-011", "QCK-014")
@pytest.mark.parametrize(
    "text",
    [
        "Meet @5pm",
        "bob@a.example",
        "https://a.example/#Home",
        "C# code",
        "#",
        "@",
        "##Home",
        '#"',
        '#""',
        "x#Home",
        '@"a"b',
        f"@{'a' * 51}",
        "Unknown #Garden",
    ],
)
def test_signs_without_a_name_are_title(text: str) -> None:
    settled = read(text, projects=["Home"])

    assert (settled.title, settled.parts) == (text, [])


@pytest.mark.spec("QCK-015")
@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("\\tomorrow never dies", "tomorrow never dies"),
        ("Model \\p1", "Model p1"),
        ("\\#Home \\@home", "#Home @home"),
        ("Buy \\24 Dec cards", "Buy 24 Dec cards"),
        ("\\jeden Tag", "jeden Tag"),
        ("\\{24 Dec}", "{24 Dec}"),
        ("\\LaTeX", "\\LaTeX"),
        ("\\\\server\\today", "\\\\server\\today"),
        ("C:\\today", "C:\\today"),
        ("ends with \\", "ends with \\"),
        ('Read "every day"', 'Read "every day"'),
        ("Lies „jeden Tag“", "Lies „jeden Tag“"),
        ('Read "p1 #Home', 'Read "p1'),
    ],
)
def test_backslash_and_quotes_take_the_meaning(text: str, title: str) -> None:
    assert read(text, projects=["Home"]).title == title


@pytest.mark.spec("QCK-016")
@pytest.mark.parametrize(
    ("text", "title", "field", "value"),
    [
        ("p1 Pay p3", "p1 Pay", "priority", "low"),
        ("Pay {24 Dec} {25 Dec}", "Pay {24 Dec}", "deadline_day", "2026-12-25"),
        ("Run for 10 min for 20 min", "Run for 10 min", "estimated_minutes", "20"),
        ("Monday Pay tomorrow", "Monday Pay", "due_day", "2026-11-28"),
    ],
)
def test_last_value_of_a_field_counts(text: str, title: str, field: str, value: str) -> None:
    settled = read(text)

    assert settled.title == title
    assert [str(part.value) for part in settled.parts if part.field == field] == [value]


@pytest.mark.spec("QCK-019")
@pytest.mark.parametrize("text", ["every p1 day", "jeden @a Tag", "in p2 3 days", "12 p1 Dec", "for {24 Dec} 30 min"])
def test_words_that_come_together_are_not_misread(text: str) -> None:
    settled = read(text)

    assert (settled.title, settled.parts) == (text, [])


@pytest.mark.spec("QCK-012")
@pytest.mark.parametrize("text", ["Nap for 100001 min", "Nap for 1700 hours", "Nap {yesterday}", "Nap {Dec}", "{p1}"])
def test_values_out_of_range_are_title(text: str) -> None:
    settled = read(text)

    assert (settled.title, settled.parts) == (text, [])
