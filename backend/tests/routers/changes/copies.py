"""A copy of an account, as a client keeps it with sync."""

from collections import defaultdict
from typing import Any

from httpx import Response

from tests.support import Json, Person


async def request_page(owner: Person, since: str | None = None, **query: object) -> Response:
    """Request a page of a sync."""
    parameters: dict[str, Any] = query if since is None else query | {"since": since}
    return await owner.client.get("/sync", params=parameters)


async def read_page(owner: Person, since: str | None = None, **query: object) -> Json:
    """Return a page of a sync."""
    response = await request_page(owner, since, **query)
    assert response.status_code == 200, response.text
    page: Json = response.json()
    assert page.keys() == {"items", "next", "has_more", "full"}
    return page


async def read_token(owner: Person) -> str:
    """Return the token after a full sync."""
    copy = Copy()
    await copy.update(owner)
    assert copy.next is not None
    return copy.next


def keys_of(page: Json) -> list[tuple[str, int | None]]:
    """Return the types and ids of the items of a page."""
    return [(item["type"], item["id"]) for item in page["items"]]


class Copy:
    """A copy of an account.

    Attributes:
        resources: the data by type and id.
        next: the token of the next request.
        is_consistent: whether the last page had no more pages after it.
    """

    def __init__(self) -> None:
        self.resources: dict[str, dict[int | None, Json]] = defaultdict(dict)
        self.next: str | None = None
        self.is_consistent = False

    async def read_page(self, owner: Person, **query: object) -> Json:
        """Request the next page and apply it. The first page of a full sync empties the copy."""
        page = await read_page(owner, self.next, **query)
        if self.next is None:
            self.resources.clear()
        for item in page["items"]:
            assert item["deleted"] == (item["data"] is None)
            if item["deleted"]:
                self.resources[item["type"]].pop(item["id"], None)
            else:
                self.resources[item["type"]][item["id"]] = item["data"]
        self.next, self.is_consistent = page["next"], not page["has_more"]
        return page

    async def update(self, owner: Person, **query: object) -> int:
        """Read pages until there are no more, and return how many."""
        pages = 0
        while pages == 0 or not self.is_consistent:
            await self.read_page(owner, **query)
            pages += 1
        return pages

    def tasks(self) -> dict[int | None, Json]:
        """Return the tasks with the current names of their tags, in their order."""
        tags = self.resources["tag"]
        shown = {
            id_: {name: tag[name] for name in ("id", "name", "color")}
            for id_, tag in sorted(tags.items(), key=lambda item: item[1]["name"])
        }
        return {
            id_: task
            | {"tags": [tag for tag_id, tag in shown.items() if tag_id in {old["id"] for old in task["tags"]}]}
            for id_, task in self.resources["task"].items()
        }


async def read_server(owner: Person) -> tuple[dict[int | None, Json], dict[int | None, Json], Json]:
    """Return the tasks, the tags and the account as their routes return them."""
    tasks: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await owner.client.get("/tasks", params={"limit": 100, "cursor": cursor})).json()
        tasks += page["items"]
        cursor = page["next_cursor"]
    tags: list[Json] = (await owner.client.get("/tags")).json()
    account: Json = (await owner.client.get("/auth/me")).json()
    return {task["id"]: task for task in tasks}, {tag["id"]: tag for tag in tags}, account


async def assert_equal(copy: Copy, owner: Person) -> None:
    """Check that a copy has what the server has."""
    tasks, tags, account = await read_server(owner)
    assert copy.tasks() == tasks
    assert copy.resources["tag"] == tags
    assert copy.resources["account"] == {None: account}
