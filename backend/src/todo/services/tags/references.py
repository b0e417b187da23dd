"""The tags that a write of tasks names, by id or by name."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, Text, any_, bindparam, func, insert, or_, select, true

from todo.core.config import Settings
from todo.core.database.session import Row
from todo.core.database.statement import Statement
from todo.domain.text import sort_key
from todo.services.shared.arrays import INDEX, unnest
from todo.services.shared.log.writer import Writer
from todo.services.shared.log.writes import Logged, Write, advance_clock, created_values, log_changes, written
from todo.services.tags.errors import TooManyTagsError
from todo.services.tags.statements import BY_NAME, PUBLIC_COLUMNS, TAG, TAGS, USER_ID, VIOLATIONS

WRITE_SCOPE = "tags:write"
REFERENCED_COLUMNS = (TAGS.c.id, TAGS.c.name, TAGS.c.color)

ARE_REFERENCED = (
    TAGS.c.user_id == USER_ID,
    or_(
        TAGS.c.id == any_(bindparam("tag_ids", type_=ARRAY(BigInteger))),
        TAGS.c.name == any_(bindparam("tag_names", type_=ARRAY(Text))),
    ),
)
SELECT_REFERENCED = Statement(select(*REFERENCED_COLUMNS).where(*ARE_REFERENCED).order_by(*BY_NAME))
COUNT_TAGS = Statement(select(func.count().label("number")).select_from(TAGS).where(TAGS.c.user_id == USER_ID))


def _insert_tags() -> Write:
    item = unnest(("name", Text()), ("name_key", Text()), ("color", Text()))
    plan = select(*item.c, true().label("is_changed")).cte("plan")
    clock = advance_clock(plan, many=True)
    columns = (plan.c.name, plan.c.name_key, plan.c.color)
    rows = select(USER_ID, *columns).select_from(plan.join(clock, true())).order_by(plan.c[INDEX])
    tag = (
        insert(TAGS)
        .from_select(["user_id", "name", "name_key", "color"], rows)
        .returning(*PUBLIC_COLUMNS, true().label("is_changed"))
        .cte("tag")
    )
    after = created_values({"name": tag.c.name, "color": tag.c.color})
    log = log_changes(clock, tag, Logged(TAG, "create", after=after), order=tag.c.id)
    return Write(written(tag, clock, tag.c.id, tag.c.name, tag.c.color).add_cte(log), VIOLATIONS)


INSERT_TAGS = _insert_tags()
"""Creates tags of these names, which are new and different from each other."""


class TagLimits(NamedTuple):
    """How many tags there can be.

    Attributes:
        max_tags: of a user.
        max_tags_per_task: on a task.
    """

    max_tags: int
    max_tags_per_task: int

    @classmethod
    def of(cls, settings: Settings) -> "TagLimits":
        """Return the limits of the settings."""
        return cls(settings.max_tags, settings.max_tags_per_task)


class TagNames(NamedTuple):
    """The tags of references.

    Attributes:
        known: the existing tags by reference, in the order of their names.
        room: how many tags can be created. Exact if a name is unknown, else 0.
    """

    known: Mapping[int | str, Row]
    room: int


def new_names(references: Iterable[int | str], known: Mapping[int | str, Row]) -> list[str]:
    """Return the names that no tag has, each once."""
    return [name for name in dict.fromkeys(references) if isinstance(name, str) and name not in known]


def reference_values(references: Collection[int | str]) -> dict[str, list[int] | list[str]]:
    """Return the parameters of `ARE_REFERENCED`."""
    return {
        "tag_ids": [reference for reference in references if isinstance(reference, int)],
        "tag_names": [reference for reference in references if isinstance(reference, str)],
    }


async def find_tags(writer: Writer, references: Collection[int | str], max_tags: int) -> TagNames:
    """Return the existing tags of references, and how many can be created. Call it in the writer's transaction."""
    rows = await writer.session.fetch_all(SELECT_REFERENCED, user_id=writer.user_id, **reference_values(references))
    known: dict[int | str, Row] = {}
    for row in rows:
        known |= {row["id"]: row, row["name"]: row}
    if not new_names(references, known):
        return TagNames(known, 0)
    count = await writer.session.fetch_one(COUNT_TAGS, user_id=writer.user_id)
    assert count is not None
    return TagNames(known, max_tags - count["number"])


async def create_tags(writer: Writer, colors: Mapping[str, str | None]) -> dict[int | str, Row]:
    """Create tags, and return them by name. Call it in the transaction that found the names to be new.

    Args:
        writer: runs the write.
        colors: the colours of the tags, by name.
    """
    if not colors:
        return {}
    keys = [sort_key(name) for name in colors]
    rows = await writer.write_all(INSERT_TAGS, name=[*colors], name_key=keys, color=[*colors.values()])
    return {row["name"]: row for row in rows}


async def resolve_tags(writer: Writer, references: Collection[int | str], max_tags: int) -> dict[int | str, Row]:
    """Return the tags by reference, and create those of new names; unknown ids are absent.

    Raises:
        InsufficientScopeError: a name is new, and the personal access token cannot create tags.
        TooManyTagsError: the user would have more than `max_tags` tags.
    """
    found = await find_tags(writer, references, max_tags)
    new = new_names(references, found.known)
    if new:
        writer.principal.require_scope(WRITE_SCOPE)
        if len(new) > found.room:
            raise TooManyTagsError
    return {**found.known, **await create_tags(writer, dict.fromkeys(new))}
