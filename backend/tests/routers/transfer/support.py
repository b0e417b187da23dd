"""Documents, and requests that import them."""

from typing import Any
from uuid import uuid4

from httpx import Response

from tests.support import Json, Person

NOTHING = {"tags": 0, "projects": 0, "sections": 0, "tasks": 0, "occurrences": 0}
WRITTEN_ANEW = ("id", "user_id", "version", "updated_at", "external_id", "position", "project_id", "section_id")
"""Fields of rows that differ after an import."""


def make_document(**lists: Any) -> Json:
    """Return a document with these lists."""
    return {"format": "todo-export", "version": 1, "epoch": str(uuid4()), **lists}


async def export_account(owner: Person) -> Json:
    """Return the export of a user."""
    response = await owner.client.get("/auth/me/export")
    assert response.status_code == 200, response.text
    document: Json = response.json()
    return document


async def send(owner: Person, document: object, **query: Any) -> Response:
    """Import a document."""
    return await owner.client.post("/import", json=document, params=query)


async def import_into(owner: Person, document: object, **query: Any) -> Json:
    """Import a document, and return the report."""
    response = await send(owner, document, **query)
    assert response.status_code == 200, response.text
    report: Json = response.json()
    return report


def content_of(document: Json) -> Json:
    """Return what an import keeps of a document: rows in their order, with names instead of ids."""
    names = {kind: {row["id"]: row["name"] for row in document[kind]} for kind in ("tags", "projects", "sections")}

    def content(row: Json) -> Json:
        kept = {name: value for name, value in row.items() if name not in WRITTEN_ANEW}
        if "tags" in row:
            kept["tags"] = [(tag["name"], tag["color"]) for tag in row["tags"]]
        for kind, field in (("projects", "project_id"), ("sections", "section_id")):
            if field in row:
                kept[field] = names[kind].get(row[field])
        return kept

    titles = {row["id"]: row["title"] for row in document["tasks"]}
    occurrences = [
        row | {"task_id": titles[row["task_id"]]} for row in document["occurrences"] if row["task_id"] in titles
    ]
    return {"occurrences": occurrences} | {
        kind: [content(row) for row in sorted(document[kind], key=lambda row: row.get("position", row.get("name")))]
        for kind in ("tags", "projects", "sections", "tasks")
    }
