"""The existing tags that a create names, read in its own statement."""

from typing import Any

from sqlalchemy import CTE, BigInteger, ColumnElement, bindparam, func, insert, select, true
from sqlalchemy.dialects.postgresql import JSONB

from todo.services.tags.references import ARE_REFERENCED
from todo.services.tasks.statements import LINKS, TAGS, USER_ID, tags_array


def named_tags() -> CTE:
    """Return the CTE of the tags with the ids `tag_ids` or the names `tag_names`."""
    return select(TAGS.c.id, TAGS.c.name, TAGS.c.name_key, TAGS.c.color).where(*ARE_REFERENCED).cte("tag")


def are_found(tag: CTE) -> ColumnElement[bool]:
    """Return whether there are `tag_count` such tags."""
    count = select(func.count()).select_from(tag).scalar_subquery()
    return count == bindparam("tag_count", type_=BigInteger)


def add_links(tag: CTE, task: CTE) -> CTE:
    """Return the CTE that puts the tags on a new task."""
    links = select(USER_ID, task.c.id, tag.c.id).select_from(task.join(tag, true()))
    return insert(LINKS).from_select(["user_id", "task_id", "tag_id"], links).cte("link")


def shown_array(tag: CTE) -> ColumnElement[str]:
    """Return the JSON array of the tags, as a task shows them."""
    return select(tags_array(tag.c)).select_from(tag).scalar_subquery()


def logged_ids(tag: CTE) -> ColumnElement[Any]:
    """Return the JSON array of the ids of the tags, as the log has them."""
    ids = select(tag.c.id).order_by(tag.c.id).scalar_subquery()
    return func.to_jsonb(func.array(ids), type_=JSONB)
