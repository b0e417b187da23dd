"""Entity tags of resources (RFC 9110, section 8.8.3; ADR 0024)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

DIGEST_LENGTH = 12
DIGEST_OF_NO_TAGS = sha256(b"").hexdigest()[:DIGEST_LENGTH]
TAG_SEPARATOR, FIELD_SEPARATOR = "\x1e", "\x1f"


def entity_tag(resource: Mapping[str, Any]) -> str:
    """Return the entity tag of a resource, without quotes: its version and, if it shows tags, a digest of them.

    A task that shows the numbers of its subtasks also has them in its tag, so that a changed number is no 304. Without
    subtasks the tag is that of the response of a write. `services.tasks.statements.tags_digest` computes the same
    digest in SQL.
    """
    tag = str(resource["version"])
    if "tags" in resource:
        tag += f"-{tags_digest(resource['tags'])}"
    if (counts := resource.get("subtask_counts")) is not None:
        tag += f"-{counts['completed']}.{counts['total']}"
    return tag


def tags_digest(tags: list[Mapping[str, Any]]) -> str:
    """Return the digest of tags in their order: 12 hexadecimal characters."""
    if not tags:
        return DIGEST_OF_NO_TAGS
    shown = TAG_SEPARATOR.join(FIELD_SEPARATOR.join((str(tag["id"]), tag["name"], tag["color"] or "")) for tag in tags)
    return sha256(shown.encode()).hexdigest()[:DIGEST_LENGTH]
