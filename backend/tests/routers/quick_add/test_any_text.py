"""Any text is answered without a 5xx, and its title can be added again."""

from random import Random

import pytest

from tests.domain.quick_add import english, german
from tests.routers.quick_add.conftest import QuickAdd
from tests.support import Json, Person

TEXTS = 120
SIGNS = '#@"„“{}()\\!.,:;&|<>=/ \t\n\u00a0\u200b🎂éß0123456789'
WORDS = [word for table in (english, german) for row in table.UNDERSTOOD for word in row[0].split()]
DUE_FIELDS = {"due_day", "due_date", "recurrence_rule", "recurrence_basis"}


def random_text(random: Random) -> str:
    parts = [
        random.choice([random.choice(WORDS), random.choice(SIGNS), f"{random.choice(SIGNS)}Home"]) for _ in "12345"
    ]
    return random.choice([" ", " ", ""]).join(parts)


def kinds(body: Json) -> set[str]:
    return {"due" if part["field"] in DUE_FIELDS else part["field"] for part in body["understood"]}


@pytest.mark.spec("QCK-019", "QCK-020")
async def test_random_texts_are_tasks_or_errors(berliner: Person, quick_add: QuickAdd) -> None:
    random = Random(68)
    titles = 0
    for text in (random_text(random) for _ in range(TEXTS)):
        response = await quick_add(berliner, text)

        assert response.status_code in (201, 400), (text, response.text)
        if response.status_code == 201 and "\\" not in text:
            again = await quick_add(berliner, response.json()["task"]["title"], dry_run=True)
            assert again.status_code == 200, (text, again.text)
            assert kinds(again.json()) <= kinds(response.json()), (text, response.text, again.text)
            titles += 1
    assert titles > TEXTS // 3
