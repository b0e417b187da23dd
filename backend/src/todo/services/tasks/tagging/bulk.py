"""The tags that the items of a bulk write name: which exist, which are new, and which items have a problem."""

from collections.abc import Mapping

from todo.core.database.session import Row
from todo.core.errors import DomainError, Problem
from todo.schemas.tasks.bulk import CreateItem, UpdateItem
from todo.services.authentication import InsufficientScopeError
from todo.services.shared.log.writer import Writer
from todo.services.tags.errors import TagNotFoundError, TooManyTagsError
from todo.services.tags.references import WRITE_SCOPE, TagLimits, TagNames, create_tags, find_tags, new_names
from todo.services.tasks.errors import TooManyTagsOnTaskError
from todo.services.tasks.tagging.written import set_tags, shown_tags

Items = Mapping[int, object]
"""Items by their index in the request."""
Problems = dict[int, list[Problem]]
"""Problems of items by index; the first one decides the status."""
Outcomes = dict[int, tuple[int, int]]
"""Status and task id of items by index."""
CREATED = 201


def tag_references(item: object) -> list[int | str] | None:
    """Return the tags that an item sets; None if it leaves them as they are."""
    if isinstance(item, CreateItem):
        return item.task.tags or None
    if isinstance(item, UpdateItem):
        references: list[int | str] | None = item.changes.model_dump(include={"tags"}).get("tags")
        return references
    return None


async def read_tags(writer: Writer, items: Items, problems: Problems, limits: TagLimits) -> Mapping[int | str, Row]:
    """Return the existing tags that valid items name, and add the problems of items with tags that cannot be set."""
    valid = {index: item for index, item in items.items() if index not in problems}
    named = {index: tags for index, item in valid.items() if (tags := tag_references(item)) is not None}
    if not named:
        return {}
    found = await find_tags(writer, [tag for tags in named.values() for tag in tags], limits.max_tags)
    created: set[str] = set()
    for index, references in named.items():
        new = {*new_names(references, found.known)}
        error = _error_of(writer, references, new, created, found, limits)
        if error is None:
            created |= new
        else:
            field = "task.tags" if isinstance(items[index], CreateItem) else "changes.tags"
            problems[index] = [Problem.of(error, field)]
    return found.known


def _error_of(
    writer: Writer, references: list[int | str], new: set[str], created: set[str], found: TagNames, limits: TagLimits
) -> type[DomainError] | None:
    """Return the error of the tags of an item. `created` has the names that earlier items create."""
    distinct = len(shown_tags(references, found.known)) + len(new)
    if any(isinstance(reference, int) and reference not in found.known for reference in references):
        return TagNotFoundError
    if distinct > limits.max_tags_per_task:
        return TooManyTagsOnTaskError
    if new and not writer.principal.has_scope(WRITE_SCOPE):
        return InsufficientScopeError
    if new and len(created | new) > found.room:
        return TooManyTagsError
    return None


async def write_tags(writer: Writer, items: Items, outcomes: Outcomes, known: Mapping[int | str, Row]) -> None:
    """Create the new tags of valid items, and set the tags of their tasks. A task that existed keeps its tags."""
    named = {
        outcomes[index][1]: tags
        for index, item in items.items()
        if index in outcomes
        and (tags := tag_references(item)) is not None
        and (isinstance(item, UpdateItem) or outcomes[index][0] == CREATED)
    }
    if named:
        new = new_names([tag for tags in named.values() for tag in tags], known)
        rows = {**known, **await create_tags(writer, dict.fromkeys(new))}
        await set_tags(writer, {task_id: shown_tags(references, rows) for task_id, references in named.items()})
