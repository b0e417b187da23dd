"""The syntax of `If-Match`."""

import pytest
from httpx import AsyncClient

from tests.support import Make, Person, assert_error

MALFORMED = [
    "1",
    "",
    " ",
    ",",
    '"1',
    '1"',
    '"1" "2"',
    '"1"; x',
    'w/"1"',
    "W/1",
    '*, "1"',
    '"1", *',
    '"a b"',
    "'1'",
    "null",
]
DETAIL = 'If-Match must be the ETag that you read, with its quotes, such as "3", a list of such tags, or *'


@pytest.mark.spec("REQ-005")
@pytest.mark.parametrize("if_match", MALFORMED)
async def test_malformed_if_match_is_a_400(ada: Person, make_tag: Make, if_match: str) -> None:
    tag = await make_tag(ada)

    response = await ada.client.put(f"/tags/{tag['id']}", json={"name": "x"}, headers={"If-Match": if_match})

    assert_error(response, 400, "INVALID_IF_MATCH", DETAIL)
    assert response.json()["errors"][0]["field"] == "If-Match"


@pytest.mark.spec("REQ-005")
@pytest.mark.parametrize("path", ["/tasks", "/tags"])
async def test_malformed_if_match_prevents_a_deletion(ada: Person, make_task: Make, make_tag: Make, path: str) -> None:
    resource = await (make_task if path == "/tasks" else make_tag)(ada)

    response = await ada.client.delete(f"{path}/{resource['id']}", headers={"If-Match": "1"})

    assert_error(response, 400, "INVALID_IF_MATCH")
    assert (await ada.client.get(f"{path}/{resource['id']}")).status_code == 200


@pytest.mark.spec("REQ-005")
@pytest.mark.parametrize("if_match", ['"x"', '"1,2"', '"7", ,"8",', '"é"'])
async def test_list_of_other_tags_is_a_412(ada: Person, make_task: Make, if_match: str) -> None:
    task = await make_task(ada)

    response = await ada.client.patch(
        f"/tasks/{task['id']}", json={"title": "x"}, headers=[(b"If-Match", if_match.encode("latin-1"))]
    )

    assert_error(response, 412, "PRECONDITION_FAILED")


@pytest.mark.spec("REQ-005")
async def test_malformed_if_match_without_a_token_is_a_401(client: AsyncClient) -> None:
    response = await client.delete("/tasks/1", headers={"If-Match": "1"})

    assert_error(response, 401, "MISSING_TOKEN")


@pytest.mark.spec("REQ-006")
@pytest.mark.parametrize("if_match", ['W/"1"', '"7", W/"1"', 'W/"1",W/"7"'])
async def test_weak_tag_of_the_version_writes(ada: Person, make_task: Make, if_match: str) -> None:
    task = await make_task(ada)

    response = await ada.client.patch(f"/tasks/{task['id']}", json={"title": "x"}, headers={"If-Match": if_match})

    assert response.status_code == 200


@pytest.mark.spec("REQ-006")
async def test_weakened_etag_of_a_task_writes(ada: Person, make_task: Make) -> None:
    path = f"/tasks/{(await make_task(ada))['id']}"
    etag = (await ada.client.get(path)).headers["ETag"]

    response = await ada.client.delete(path, headers={"If-Match": f"W/{etag}"})

    assert response.status_code == 204


@pytest.mark.spec("REQ-006")
async def test_outdated_weak_tag_is_a_412(ada: Person, make_tag: Make) -> None:
    path = f"/tags/{(await make_tag(ada))['id']}"
    await ada.client.put(path, json={"name": "changed"})

    response = await ada.client.put(path, json={"name": "lost"}, headers={"If-Match": 'W/"1"'})

    assert_error(response, 412, "PRECONDITION_FAILED")
