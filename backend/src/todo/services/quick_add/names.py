"""The projects and tags that a text names."""

from collections.abc import Sequence
from typing import NamedTuple

from todo.domain.quick_add.reading import Name, Part, Reading
from todo.services.authentication import InsufficientScopeError
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.quick_add.statements import SELECT_PROJECTS_BY_NAMES
from todo.services.shared.log.writer import Writer
from todo.services.tags.errors import TagNotFoundError, TooManyTagsError
from todo.services.tags.references import WRITE_SCOPE, TagLimits, find_tags, new_names
from todo.services.tasks.errors import TooManyTagsOnTaskError

READ_PROJECTS = "projects:read"


class Unresolved(NamedTuple):
    """A name that stays in the title.

    Attributes:
        part: the part of the text with the name.
        code: the code of the error.
    """

    part: Part
    code: str


class Names(NamedTuple):
    """The names of a text.

    Attributes:
        understood: the parts with the project and the tags of the task.
        unresolved: the other names.
        project_id: the project; None for the inbox.
    """

    understood: Sequence[Part]
    unresolved: Sequence[Unresolved]
    project_id: int | None


async def resolve_names(writer: Writer, reading: Reading, limits: TagLimits) -> Names:
    """Return the project and the tags that a text names, without a write.

    The last known project counts. A token without `projects:read` does not learn whether a project exists.

    Raises:
        TooManyTagsOnTaskError: the text has more tags than a task can have.
        TooManyTagsError: the user would have too many tags.
    """
    project, project_id, unknown = await _resolve_project(writer, reading.projects)
    tags, missing = await _resolve_tags(writer, reading.tags, limits)
    unresolved = sorted([*unknown, *missing], key=lambda name: name.part.start)
    return Names([*project, *tags], unresolved, project_id)


async def _resolve_project(
    writer: Writer, names: Sequence[Name]
) -> tuple[Sequence[Part], int | None, Sequence[Unresolved]]:
    parts = [name.part for name in names]
    if not parts:
        return [], None, []
    if not writer.principal.has_scope(READ_PROJECTS):
        return [], None, [Unresolved(part, InsufficientScopeError.code) for part in parts]
    rows = await writer.session.fetch_all(
        SELECT_PROJECTS_BY_NAMES, user_id=writer.user_id, names=[str(part.value) for part in parts]
    )
    ids = {row["name"]: row["id"] for row in reversed(rows)}
    known = [part for part in parts if part.value in ids]
    unknown = [Unresolved(part, ProjectNotFoundError.code) for part in parts if part.value not in ids]
    return known[-1:], ids[known[-1].value] if known else None, unknown


async def _resolve_tags(
    writer: Writer, names: Sequence[Name], limits: TagLimits
) -> tuple[Sequence[Part], Sequence[Unresolved]]:
    if not names:
        return [], []
    found = await find_tags(writer, [str(name.part.value) for name in names], limits.max_tags)
    can_create = writer.principal.has_scope(WRITE_SCOPE)
    understood: list[Part] = []
    unresolved: list[Unresolved] = []
    for name in names:
        if name.part.value in found.known or (name.can_be_new and can_create):
            understood.append(name.part)
        else:
            error = InsufficientScopeError if name.can_be_new else TagNotFoundError
            unresolved.append(Unresolved(name.part, error.code))
    references = {str(part.value) for part in understood}
    if len(references) > limits.max_tags_per_task:
        raise TooManyTagsOnTaskError
    if len(new_names(references, found.known)) > found.room:
        raise TooManyTagsError
    return understood, unresolved
