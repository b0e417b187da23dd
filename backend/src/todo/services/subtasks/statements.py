"""Statements on the tree of tasks. A UNION without duplicates would end even in a cycle."""

from typing import Any

from sqlalchemy import ARRAY, CTE, BigInteger, Boolean, Column, Select, all_, any_, bindparam, func, select, true

from todo.core.database.statement import Statement
from todo.services.projects.statements import TASKS
from todo.services.shared.lists import FIRST, ONE
from todo.services.shared.log.writes import USER_ID
from todo.services.shared.positions import key_of

IDS = bindparam("ids", type_=ARRAY(BigInteger))
NODE = (TASKS.c.id, TASKS.c.parent_id, TASKS.c.project_id, TASKS.c.section_id, TASKS.c.archived)
NAMED = select(*NODE).where(TASKS.c.user_id == USER_ID, TASKS.c.id == any_(IDS))
CHILDREN = (TASKS.c.user_id == USER_ID, TASKS.c.parent_id == any_(IDS))


def _ancestors() -> Select[Any]:
    tree = NAMED.cte("ancestors", recursive=True)
    # The limit makes PostgreSQL look up each parent by its key. It would otherwise read all tasks of the user.
    parent = (
        select(*NODE).where(TASKS.c.user_id == USER_ID, TASKS.c.id == tree.c.parent_id).limit(ONE).lateral("parent")
    )
    return select(tree.union(select(*parent.c).select_from(tree.join(parent, true()))))


def _subtrees(*columns: Column[Any]) -> CTE:
    named = select(*columns).where(TASKS.c.user_id == USER_ID, TASKS.c.id == any_(IDS))
    tree = named.cte("subtrees", recursive=True)
    # With an offset PostgreSQL looks up the subtasks of each task. It would otherwise read all subtasks of the user.
    is_child = (TASKS.c.user_id == USER_ID, TASKS.c.parent_id == tree.c.id)
    child = select(*columns).where(*is_child).offset(FIRST).lateral("child")
    return tree.union(select(*child.c).select_from(tree.join(child, true())))


def _below() -> Select[Any]:
    tree = _subtrees(TASKS.c.id, TASKS.c.completed)
    is_wanted = (tree.c.id != all_(IDS), tree.c.completed == bindparam("completed", type_=Boolean))
    return select(tree.c.id).where(*is_wanted).order_by(tree.c.id)


SELECT_ANCESTORS = Statement(_ancestors())
"""Returns some tasks, their parents, and the parents of these up to the top level."""
SELECT_SUBTREES = Statement(select(_subtrees(*NODE)))
"""Returns some tasks with all their subtasks at every level."""
SELECT_BELOW = Statement(_below())
"""Returns the ids of the subtasks of some tasks at every level: the completed ones, or the open ones."""
SELECT_CHILDREN = Statement(select(TASKS.c.id, TASKS.c.parent_id).where(*CHILDREN).order_by(TASKS.c.id))
"""Returns the direct subtasks of some tasks."""
SELECT_LAST_KEYS = Statement(
    select(TASKS.c.parent_id, func.max(key_of(TASKS.c)).label("key")).where(*CHILDREN).group_by(TASKS.c.parent_id)
)
"""Returns the key of the last subtask of each parent that has some."""
