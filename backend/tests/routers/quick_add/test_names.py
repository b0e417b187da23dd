"""Projects and tags that a text names, and what a personal access token needs for them."""

import pytest

from tests.routers.quick_add.conftest import QuickAdd
from tests.support import Json, Make, MakeApp, MakePerson, MakeToken, Person, assert_error, authorize, make_client


def part(field: str, value: object, start: int, end: int, **more: object) -> Json:
    return {"field": field, "value": value, "start": start, "end": end, **more}


async def make_project(owner: Person, **fields: object) -> int:
    response = await owner.client.post("/projects", json=fields)
    assert response.status_code == 201, response.text
    project_id: int = response.json()["id"]
    return project_id


@pytest.mark.spec("QCK-010")
async def test_unknown_project_stays_in_the_title(berliner: Person, quick_add: QuickAdd) -> None:
    response = (await quick_add(berliner, "Dig #Garden p1")).json()

    assert (response["task"]["title"], response["task"]["project_id"]) == ("Dig #Garden", None)
    assert response["understood"] == [part("priority", "high", 12, 14)]
    assert response["unresolved"] == [part("project_id", "Garden", 4, 11, code="PROJECT_NOT_FOUND")]


@pytest.mark.spec("QCK-010")
async def test_project_is_found_by_its_exact_name(ada: Person, make_person: MakePerson, quick_add: QuickAdd) -> None:
    stranger = await make_person()
    await make_project(stranger, name="Foreign")
    await make_project(ada, name="Old", archived=True)
    home = await make_project(ada, name="New home")
    await make_project(ada, name="New home")

    found = (await quick_add(ada, 'x #"New home"')).json()
    others = [(await quick_add(ada, f"x #{name}")).json() for name in ('"new home"', "Foreign", "Old", str(home))]

    assert found["task"]["project_id"] == home, "the first in their order"
    assert found["understood"] == [part("project_id", home, 2, 13)]
    assert [other["task"]["project_id"] for other in others] == [None] * 4
    assert all(other["unresolved"][0]["code"] == "PROJECT_NOT_FOUND" for other in others)


@pytest.mark.spec("QCK-010", "QCK-016")
async def test_last_known_project_counts(berliner: Person, quick_add: QuickAdd) -> None:
    work = await make_project(berliner, name="Work")

    response = (await quick_add(berliner, "x #Home #Work #Garden")).json()

    assert (response["task"]["title"], response["task"]["project_id"]) == ("x #Home #Garden", work)
    assert [name["value"] for name in response["unresolved"]] == ["Garden"]


@pytest.mark.spec("QCK-011")
async def test_tags_are_found_or_created(ada: Person, make_tag: Make, quick_add: QuickAdd) -> None:
    money = await make_tag(ada, name="money")

    response = (await quick_add(ada, 'Pay @money @"am Haus" @5pm')).json()

    assert response["task"]["title"] == "Pay @5pm"
    assert {tag["name"]: tag["id"] == money["id"] for tag in response["task"]["tags"]} == {
        "am Haus": False,
        "money": True,
    }
    assert response["unresolved"] == [part("tags", "5pm", 22, 26, code="TAG_NOT_FOUND")]


@pytest.mark.spec("QCK-011")
async def test_existing_tag_may_begin_with_a_digit(ada: Person, make_tag: Make, quick_add: QuickAdd) -> None:
    await make_tag(ada, name="5s")

    response = (await quick_add(ada, "Tidy @5s")).json()

    assert [tag["name"] for tag in response["task"]["tags"]] == ["5s"]


@pytest.mark.spec("QCK-013")
async def test_token_needs_scopes_for_names(
    berliner: Person, make_tag: Make, make_token: MakeToken, quick_add: QuickAdd
) -> None:
    await make_tag(berliner, name="money")
    texts = "Pay #Home @money @new", "Pay #Garden @money @new"
    rights = {
        ("tasks:write",): ["INSUFFICIENT_SCOPE", "INSUFFICIENT_SCOPE"],
        ("tasks:write", "projects:read"): ["INSUFFICIENT_SCOPE"],
        ("tasks:write", "tags:write"): ["INSUFFICIENT_SCOPE"],
        ("tasks:write", "tags:write", "projects:read"): [],
    }

    for scopes, codes in rights.items():
        headers = authorize((await make_token(berliner, *scopes))["token"])
        for dry_run in (True, False):
            known, unknown = [(await quick_add(berliner, text, headers, dry_run=dry_run)).json() for text in texts]
            assert [name["code"] for name in known["unresolved"]] == codes, scopes
            if "projects:read" not in scopes:
                assert unknown["unresolved"][0]["code"] == known["unresolved"][0]["code"]
                assert unknown["task"]["project_id"] is known["task"]["project_id"] is None
        if "tags:write" not in scopes:
            assert [tag["name"] for tag in (await berliner.client.get("/tags")).json()] == ["money"]


@pytest.mark.spec("QCK-013")
async def test_token_needs_tasks_write(ada: Person, make_token: MakeToken, quick_add: QuickAdd) -> None:
    headers = authorize((await make_token(ada, "tasks:read", "tags:write", "projects:read"))["token"])

    assert_error(await quick_add(ada, "x", headers, dry_run=True), 403, "INSUFFICIENT_SCOPE")


@pytest.mark.spec("QCK-022")
@pytest.mark.parametrize("dry_run", [True, False])
async def test_limits_of_tags_hold(ada: Person, make_app: MakeApp, dry_run: bool) -> None:
    client = make_client(await make_app(max_tags=3, max_tags_per_task=2), headers=ada.client.headers)

    codes = []
    for text in ("x @a @b @a", "x @a @b @c", "x @c @d"):
        response = await client.post("/tasks/quick", json={"text": text, "dry_run": dry_run})
        codes.append(response.json().get("code", response.status_code))

    in_total = 200 if dry_run else "TOO_MANY_TAGS"
    assert codes == [200 if dry_run else 201, "TOO_MANY_TAGS_ON_TASK", in_total]


@pytest.mark.spec("QCK-014", "QCK-020")
async def test_name_without_letters_is_no_error(ada: Person, quick_add: QuickAdd) -> None:
    for text in ("# @ #\u00a0 @", '@"  "', "@\u200b", "#🏠 @🏠", '@"a', "x @" + "a" * 51, 'x #"' + "b" * 200 + '"'):
        response = await quick_add(ada, text)

        assert response.status_code in (201, 400), (text, response.text)
