"""The parents of the tasks of a document: which exist, how deep they are, and where their subtasks are."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from todo.core.errors import DomainError
from todo.domain.task import SUBTASK_LEVELS_MAX
from todo.services.shared.log.writer import Writer
from todo.services.subtasks.errors import (
    ParentNotFoundError,
    SubtaskCycleError,
    SubtaskFollowsParentError,
    SubtasksTooDeepError,
)
from todo.services.subtasks.tree import Node, Tree, read_nodes
from todo.services.transfer.rows import Row


class RowPlace(NamedTuple):
    """The place of a new task.

    Attributes:
        level: its level in the tree, from 1.
        project_id: the id of its project in the document, or None.
        section_id: the id of its section in the document, or None.
        above: the existing task that it is below, at any distance. It decides the project and the section.
        parent_id: the id of its parent in the account, if the parent exists.
    """

    level: int
    project_id: int | None
    section_id: int | None
    above: Node | None = None
    parent_id: int | None = None


Problem = type[DomainError]


class Parents:
    """The places of the new tasks of a document.

    Args:
        rows: the new tasks.
        existing: by id in the document, the id of each existing task in the account.
        tree: the existing parents of new tasks, with the tasks above them.
        section_projects: the project of each section, both ids of the document.
    """

    def __init__(
        self, rows: Iterable[Row], existing: Mapping[int, int], tree: Tree, section_projects: Mapping[int, int]
    ) -> None:
        self._rows = {row.id: row for row in rows}
        self._existing = existing
        self._tree = tree
        self._section_projects = section_projects
        self.places: dict[int, RowPlace] = {}
        self.problems: dict[int, Problem] = {}
        for row_id in self._rows:
            self._resolve(row_id)

    def _resolve(self, row_id: int) -> None:
        """Find the place or the problem of a row, after those of the rows above it."""
        path: dict[int, None] = {}
        next_id: int | None = row_id
        while next_id in self._rows and next_id not in self.places and next_id not in self.problems:
            if next_id in path:
                above = [*path]
                self.problems |= dict.fromkeys(above[above.index(next_id) :], SubtaskCycleError)
                break
            path[next_id] = None
            next_id = self._rows[next_id].parent_id
        for id_ in reversed(path):
            if id_ not in self.problems:
                place = self._place(self._rows[id_])
                if isinstance(place, RowPlace):
                    self.places[id_] = place
                else:
                    self.problems[id_] = place

    def _place(self, row: Row) -> RowPlace | Problem:
        """Return the place of a row whose parent has one, or its problem."""
        if row.parent_id is None:
            project_id = row.project_id if row.section_id is None else self._section_projects[row.section_id]
            return RowPlace(1, project_id, row.section_id)
        if row.parent_id in self._existing:
            node = self._tree.find(self._existing[row.parent_id])
            if node is None:
                return ParentNotFoundError
            parent = RowPlace(len(self._tree.path(node.id)), row.project_id, row.section_id, node)
        elif row.parent_id in self.places:
            parent = self.places[row.parent_id]
        else:
            return ParentNotFoundError
        if parent.level == SUBTASK_LEVELS_MAX:
            return SubtasksTooDeepError
        if parent.above is None and any(
            own not in (None, of_parent)
            for own, of_parent in ((row.project_id, parent.project_id), (row.section_id, parent.section_id))
        ):
            return SubtaskFollowsParentError
        return parent._replace(level=parent.level + 1, parent_id=self._existing.get(row.parent_id))


async def read_parents(
    writer: Writer, rows: Iterable[Row], existing: Mapping[int, int], section_projects: Mapping[int, int]
) -> Parents:
    """Return the places of new tasks. A statement reads the existing tasks above them."""
    rows = [*rows]
    above = [existing[parent_id] for row in rows if (parent_id := row.parent_id) is not None and parent_id in existing]
    nodes = await read_nodes(writer.session, writer.user_id, above=above)
    return Parents(rows, existing, Tree(nodes.values()), section_projects)
