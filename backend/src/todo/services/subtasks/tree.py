"""The tree of tasks: who is below whom, how deep, and what moves with a task."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from todo.core.database.session import Session
from todo.domain.task import SUBTASK_LEVELS_MAX
from todo.services.subtasks import statements
from todo.services.subtasks.errors import ParentNotFoundError, SubtaskCycleError, SubtasksTooDeepError


class Node(NamedTuple):
    """A task in the tree. A subtask has the project, the section and `archived` of its parent."""

    id: int
    parent_id: int | None
    project_id: int | None
    section_id: int | None
    archived: bool = False


class Tree:
    """Tasks with their ancestors, and moved tasks with their subtasks, as the writes of a request leave them.

    Attributes:
        followers: the subtasks that come into another project or section, because a task above them moves there.
    """

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self._nodes: dict[int, Node] = {}
        self._children: dict[int, set[int]] = defaultdict(set)
        self.followers: dict[int, Node] = {}
        for node in nodes:
            self.add(node)

    def add(self, node: Node) -> None:
        """Add a task, or set its parent and its place."""
        old = self._nodes.get(node.id)
        if old is not None and old.parent_id is not None:
            self._children[old.parent_id].discard(node.id)
        if node.parent_id is not None:
            self._children[node.parent_id].add(node.id)
        self._nodes[node.id] = node

    def find(self, task_id: int) -> Node | None:
        """Return a task, or None if it is not in the tree."""
        return self._nodes.get(task_id)

    def check(self, task_id: int | None, parent_id: int) -> None:
        """Check that a task can be below a parent, with all its subtasks.

        Args:
            task_id: the task, or None for a new one.
            parent_id: the parent.

        Raises:
            ParentNotFoundError: the parent is not in the tree.
            SubtaskCycleError: the parent is the task, or one of its subtasks.
            SubtasksTooDeepError: a subtask would be below the last level.
        """
        if parent_id not in self._nodes:
            raise ParentNotFoundError
        above = self.path(parent_id)
        if task_id in above:
            raise SubtaskCycleError
        height = 1 if task_id is None else len(self._levels(task_id))
        if len(above) + height > SUBTASK_LEVELS_MAX:
            raise SubtasksTooDeepError

    def path(self, task_id: int) -> list[int]:
        """Return the ids of a task and of all tasks above it."""
        path: list[int] = []
        next_id: int | None = task_id
        while next_id is not None and next_id not in path:
            path.append(next_id)
            node = self._nodes.get(next_id)
            next_id = None if node is None else node.parent_id
        return path

    def parents_of(self, ids: Iterable[int]) -> dict[int, int | None]:
        """Return the parent of each of these tasks that is in the tree."""
        return {task_id: self._nodes[task_id].parent_id for task_id in ids if task_id in self._nodes}

    def place(self, node: Node) -> None:
        """Set the parent and the place of a task. All its subtasks follow."""
        self.add(node)
        self.followers.pop(node.id, None)
        for task_id in self.below(node.id):
            old = self._nodes[task_id]
            new = old._replace(project_id=node.project_id, section_id=node.section_id, archived=node.archived)
            if new != old:
                self.add(new)
                self.followers[task_id] = new

    def below(self, task_id: int) -> list[int]:
        """Return the ids of all subtasks of a task at every level, parents before their subtasks."""
        return [below_id for level in self._levels(task_id)[1:] for below_id in sorted(level)]

    def _levels(self, task_id: int) -> list[set[int]]:
        """Return the ids of a task and of its subtasks by level."""
        levels = [{task_id}]
        seen = {task_id}
        while below := {child for parent in levels[-1] for child in self._children.get(parent, ())} - seen:
            levels.append(below)
            seen |= below
        return levels


async def read_nodes(
    session: Session, user_id: UUID, *, above: Iterable[int] = (), below: Iterable[int] = ()
) -> dict[int, Node]:
    """Return existing tasks by id.

    Args:
        session: runs at most two statements.
        user_id: the user.
        above: ids of tasks that are returned with all tasks above them.
        below: ids of tasks that are returned with all their subtasks.
    """
    nodes: dict[int, Node] = {}
    for ids, statement in ((above, statements.SELECT_ANCESTORS), (below, statements.SELECT_SUBTREES)):
        if ids := sorted({*ids}):
            rows = await session.fetch_all(statement, user_id=user_id, ids=ids)
            nodes |= {row["id"]: Node(**row) for row in rows}
    return nodes


def children_first(ids: Iterable[int], parents: Mapping[int, int]) -> list[int]:
    """Return ids of tasks in an order in which each comes after its subtasks.

    Args:
        ids: the tasks.
        parents: the parent of each of them that has one.
    """
    ids = sorted({*ids})
    levels: dict[int, int] = {}
    for task_id in ids:
        path = [task_id]
        while path[-1] not in levels and (parent := parents.get(path[-1])) is not None and parent not in path:
            path.append(parent)
        level = levels.get(path[-1], 0)
        for number, above_id in enumerate(reversed(path)):
            levels[above_id] = level + number
    return sorted(ids, key=lambda task_id: -levels[task_id])
