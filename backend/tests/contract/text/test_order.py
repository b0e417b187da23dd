"""Titles and tags are ordered without regard to case and accents."""

from itertools import pairwise

import pytest

from tests.support import Make, Person

TITLES = ["Zebra", "Äpfel", "apple", "ΓΟΝΕΙΣ", "Éclair", "eclair", "Ordnung", "Öl", "zoo", "Åre", "are", "Straße"]
ORDER = ["Äpfel", "apple", "are", "Åre", "eclair", "Éclair", "Öl", "Ordnung", "Straße", "Zebra", "zoo", "ΓΟΝΕΙΣ"]


def fold_equal(titles: list[str]) -> list[str]:
    """Return the titles without the differences that the order ignores."""
    plain = str.maketrans("äåéö", "aaeo")
    return [title.casefold().translate(plain) for title in titles]


@pytest.mark.spec("TXT-004")
async def test_tasks_are_sorted_by_title_ignoring_case_and_accents(ada: Person, make_task: Make) -> None:
    for title in TITLES:
        await make_task(ada, title=title)

    page = (await ada.client.get("/tasks", params={"sort": "title"})).json()

    assert fold_equal([task["title"] for task in page["items"]]) == fold_equal(ORDER)


@pytest.mark.spec("TXT-004")
@pytest.mark.parametrize("sort", ["title", "-title"])
async def test_cursors_keep_the_order(ada: Person, make_task: Make, sort: str) -> None:
    for title in TITLES * 2:
        await make_task(ada, title=title)

    titles, cursor = [], ""
    for _ in range(len(TITLES)):
        query = {"sort": sort, "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await ada.client.get("/tasks", params=query)).json()
        titles += [task["title"] for task in page["items"]]
        cursor = page["next_cursor"]

    keys = fold_equal(titles)
    assert sorted(titles) == sorted(TITLES * 2)
    assert all((first <= second) if sort == "title" else (first >= second) for first, second in pairwise(keys))


@pytest.mark.spec("TXT-004")
async def test_numbered_pages_keep_the_order(ada: Person, make_task: Make) -> None:
    for title in TITLES:
        await make_task(ada, title=title)

    pages = [
        (await ada.client.get("/tasks", params={"sort": "title", "limit": 5, "page": n})).json() for n in (1, 2, 3)
    ]

    assert fold_equal([task["title"] for page in pages for task in page["items"]]) == fold_equal(ORDER)


@pytest.mark.spec("TXT-004")
async def test_order_follows_a_changed_title(ada: Person, make_task: Make) -> None:
    first, second = await make_task(ada, title="Äpfel"), await make_task(ada, title="Banane")

    await ada.client.patch(f"/tasks/{first['id']}", json={"title": "Çilek"})

    page = (await ada.client.get("/tasks", params={"sort": "title"})).json()
    assert [task["id"] for task in page["items"]] == [second["id"], first["id"]]


@pytest.mark.spec("TXT-004")
async def test_title_of_the_greatest_length_fits_into_the_index(ada: Person, make_task: Make) -> None:
    for title in ("\U0001f33f" * 200, "ΐ" * 200, "ﬃ" * 200, "ß" * 200):
        task = await make_task(ada, title=title)
        assert (await ada.client.get(f"/tasks/{task['id']}")).json()["title"] == title


@pytest.mark.spec("TXT-004")
async def test_tags_of_a_task_are_ordered_like_the_list_of_tags(ada: Person, make_task: Make, make_tag: Make) -> None:
    task = await make_task(ada)
    for name in ("Zebra", "Äpfel", "apple", "Éclair"):
        tag = await make_tag(ada, name=name)
        response = await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    names = [tag["name"] for tag in response.json()["tags"]]
    assert names == ["Äpfel", "apple", "Éclair", "Zebra"]
    assert names == [tag["name"] for tag in (await ada.client.get("/tags")).json()]
