"""The tags that writes of tasks set (ADR 0059)."""

from collections.abc import Collection, Mapping, Sequence

from pydantic_core import to_json

from todo.core.database.session import Row
from todo.domain.text import sort_key
from todo.schemas.tag import TagOfTask
from todo.services.shared.log.writer import Writer
from todo.services.tags.errors import TagNotFoundError
from todo.services.tags.references import TagLimits, resolve_tags
from todo.services.tasks.errors import TooManyTagsOnTaskError
from todo.services.tasks.restore_statements import SET_TAGS


def shown_tags(references: Collection[int | str], tags: Mapping[int | str, Row]) -> list[TagOfTask]:
    """Return the tags of references as a task shows them: each once, ordered by name. Unknown ones are left out."""
    rows = {tags[reference]["id"]: tags[reference] for reference in references if reference in tags}
    shown = [TagOfTask(id=row["id"], name=row["name"], color=row["color"]) for row in rows.values()]
    return sorted(shown, key=lambda tag: (sort_key(tag["name"]), tag["name"]))


async def resolve_tags_of_task(writer: Writer, references: Collection[int | str], limits: TagLimits) -> list[TagOfTask]:
    """Return the tags of a task by reference, and create those of new names. Call it in the writer's transaction.

    Raises:
        TagNotFoundError: no tag of the user has one of the ids.
        TooManyTagsOnTaskError: there are more than a task can have.
        TooManyTagsError: the user would have too many tags.
        InsufficientScopeError: a name is new, and the personal access token cannot create tags.
    """
    tags = await resolve_tags(writer, references, limits.max_tags)
    if not tags.keys() >= set(references):
        raise TagNotFoundError
    shown = shown_tags(references, tags)
    if len(shown) > limits.max_tags_per_task:
        raise TooManyTagsOnTaskError
    return shown


async def set_tags(writer: Writer, tags: Mapping[int, Sequence[TagOfTask]]) -> None:
    """Replace the tags of tasks by id, in one statement. A task that has these tags already is not changed."""
    ids = [sorted(tag["id"] for tag in of_task) for of_task in tags.values()]
    await writer.write_all(
        SET_TAGS, id=[*tags], undoes=[None] * len(tags), tag_ids=[to_json(some).decode() for some in ids]
    )
