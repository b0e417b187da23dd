"""The resources that a request created and deleted. Their other changes in the request are merged into these."""

from collections.abc import Container
from typing import Any

from pydantic_core import from_json

from todo.core.database.session import Row
from todo.services.resources.access import ResourceKey

CHANGING = {"update", "complete", "skip"}
"""The actions that change a resource."""


def new_resources(changes: list[Row]) -> dict[ResourceKey, dict[str, Any]]:
    """Return the fields of the resources that the changes created or put back, after the last of the changes."""
    new: dict[ResourceKey, dict[str, Any]] = {}
    for change in sorted(changes, key=lambda change: change["seq"]):
        key = (change["type"], change["id"])
        if change["before"] is None:
            new[key] = from_json(change["after"])
        elif change["action"] == "update" and key in new:
            new[key] |= from_json(change["after"])
    return new


def deleted_resources(changes: list[Row]) -> dict[ResourceKey, dict[str, Any]]:
    """Return the fields of the resources that the changes deleted, before the first of the changes."""
    old: dict[ResourceKey, dict[str, Any]] = {}
    for change in sorted(changes, key=lambda change: -change["seq"]):
        key, before = (change["type"], change["id"]), from_json(change["before"] or "{}")
        if change["action"] == "delete":
            old[key] = before
        elif change["action"] in CHANGING and key in old:
            old[key] |= {name: value for name, value in before.items() if name != "occurrences"}
    return old


def without_merged(changes: list[Row], new: Container[ResourceKey], old: Container[ResourceKey]) -> list[Row]:
    """Return the changes without those of `new` and `old` that are merged into a creation or a deletion."""
    return [
        change
        for change in changes
        if not (change["action"] == "update" and (change["type"], change["id"]) in new)
        and not (change["action"] in CHANGING and (change["type"], change["id"]) in old)
    ]
