"""Text is stored in Normalization Form C."""

import time
import unicodedata

import pytest

from tests.support import PASSWORD, Json, Make, Person, log_in

DECOMPOSED = "Zu\u0308rich"
COMPOSED = "Z\u00fcrich"


@pytest.mark.spec("TXT-001")
@pytest.mark.parametrize("field", ["title", "description", "external_id"])
async def test_field_of_a_task_is_returned_composed(ada: Person, make_task: Make, field: str) -> None:
    task = await make_task(ada, **{field: DECOMPOSED})

    assert (await ada.client.get(f"/tasks/{task['id']}")).json()[field] == COMPOSED


@pytest.mark.spec("TXT-001")
async def test_tag_of_the_same_look_exists_already(ada: Person, make_tag: Make) -> None:
    await make_tag(ada, name=DECOMPOSED)

    response = await ada.client.post("/tags", json={"name": COMPOSED})

    assert (response.status_code, response.json()["code"]) == (400, "TAG_ALREADY_EXISTS")


@pytest.mark.spec("TXT-001")
async def test_name_of_an_account_is_returned_composed(ada: Person) -> None:
    response = await ada.client.patch("/auth/me", json={"name": DECOMPOSED})

    assert response.json()["name"] == COMPOSED


@pytest.mark.spec("TXT-001")
@pytest.mark.parametrize("query", [DECOMPOSED, COMPOSED, DECOMPOSED.upper()])
async def test_search_finds_both_spellings(ada: Person, make_task: Make, query: str) -> None:
    tasks = [await make_task(ada, title=DECOMPOSED), await make_task(ada, description=COMPOSED)]

    page = (await ada.client.get("/tasks", params={"q": query})).json()

    assert {task["id"] for task in page["items"]} == {task["id"] for task in tasks}


@pytest.mark.spec("TXT-001")
async def test_filter_by_external_id_finds_both_spellings(ada: Person, make_task: Make) -> None:
    task = await make_task(ada, external_id=COMPOSED)

    page = (await ada.client.get("/tasks", params={"external_id": DECOMPOSED})).json()

    assert [item["id"] for item in page["items"]] == [task["id"]]


@pytest.mark.spec("TXT-001")
async def test_filter_by_tag_name_finds_both_spellings(ada: Person, make_task: Make, make_tag: Make) -> None:
    task, tag = await make_task(ada), await make_tag(ada, name=COMPOSED)
    await ada.client.post(f"/tasks/{task['id']}/tags/{tag['id']}")

    page = (await ada.client.get("/tasks", params={"tag": DECOMPOSED})).json()

    assert [item["id"] for item in page["items"]] == [task["id"]]


@pytest.mark.spec("TXT-001")
async def test_bulk_items_are_composed(ada: Person) -> None:
    items = [{"action": "create", "task": {"title": DECOMPOSED}}]

    results: Json = (await ada.client.post("/tasks/bulk", json={"items": items})).json()

    assert unicodedata.is_normalized("NFC", results["results"][0]["task"]["title"])


@pytest.mark.spec("TXT-003")
@pytest.mark.parametrize(
    ("registered", "other"),
    [
        ("jürgen@example.com", "JÜRGEN@EXAMPLE.COM"),
        ("ΓΟΝΕΙΣ@example.com", "γονεις@example.com"),
        ("ju\u0308rgen.decomposed@example.com", "J\u00dcRGEN.DECOMPOSED@example.com"),
    ],
)
async def test_address_that_differs_by_case_is_the_same_account(ada: Person, registered: str, other: str) -> None:
    first = await ada.client.post("/auth/register", json={"email": registered, "password": PASSWORD})
    second = await ada.client.post("/auth/register", json={"email": other, "password": PASSWORD})

    assert (first.status_code, second.json()["code"]) == (201, "EMAIL_ALREADY_EXISTS")
    assert (await log_in(ada.client, other)).status_code == 200


@pytest.mark.spec("TXT-001")
@pytest.mark.parametrize("marks", ["\u0301\u0327" * 50_000, "\u0301" * 50_000 + "\u0327" * 50_000])
async def test_many_combining_marks_are_rejected_at_once(ada: Person, marks: str) -> None:
    started = time.monotonic()

    responses = [
        await ada.client.post("/tasks", json={"title": "a" + marks}),
        await ada.client.post("/tasks", json={"title": "x", "description": "a" + marks}),
        await ada.client.post("/tags", json={"name": "a" + marks}),
        await ada.client.post("/auth/register", json={"email": f"a{marks}@example.com", "password": PASSWORD}),
        await ada.client.post("/auth/register", json={"email": "a@example.com", "password": "a" + marks}),
        await log_in(ada.client, f"a{marks}@example.com"),
        await log_in(ada.client, ada.email, "a" + marks),
        await ada.client.patch("/auth/me", json={"name": "a" + marks}),
    ]

    assert [response.status_code for response in responses] == [400, 400, 400, 400, 400, 401, 401, 400]
    assert time.monotonic() - started < 10


@pytest.mark.spec("TXT-001")
@pytest.mark.parametrize("parameter", ["q", "tag", "external_id", "cursor"])
async def test_many_combining_marks_in_a_query_are_handled_at_once(ada: Person, parameter: str) -> None:
    started = time.monotonic()

    response = await ada.client.get("/tasks", params={parameter: "a" + "\u0301\u0327" * 5_000})

    assert response.status_code < 500
    assert time.monotonic() - started < 5
