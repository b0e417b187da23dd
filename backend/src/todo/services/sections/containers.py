"""Where a task is: its project, section and parent, what follows from them, and its place if it comes into others."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, func, select

from todo.core.database.session import Session
from todo.core.database.statement import Statement
from todo.domain.projects.position import key_between
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.projects.statements import PROJECTS, TASKS
from todo.services.sections.errors import SectionNotFoundError
from todo.services.sections.statements import SECTIONS
from todo.services.shared.log.writes import USER_ID
from todo.services.shared.positions import key_of
from todo.services.subtasks import statements as subtasks
from todo.services.subtasks.errors import ParentNotFoundError, SubtaskFollowsParentError
from todo.services.subtasks.tree import Node, Tree, read_nodes

CONTAINER_FIELDS = {"project_id", "section_id", "parent_id"}
PROJECT_IDS = bindparam("project_ids", type_=ARRAY(BigInteger))
SELECT_PROJECTS = Statement(
    select(PROJECTS.c.id, PROJECTS.c.archived).where(PROJECTS.c.user_id == USER_ID, PROJECTS.c.id == any_(PROJECT_IDS))
)
SELECT_SECTIONS = Statement(
    select(SECTIONS.c.id, SECTIONS.c.project_id).where(
        SECTIONS.c.user_id == USER_ID, SECTIONS.c.id == any_(bindparam("section_ids", type_=ARRAY(BigInteger)))
    )
)
SELECT_LAST_KEYS = Statement(
    select(TASKS.c.project_id, TASKS.c.section_id, func.max(key_of(TASKS.c)).label("key"))
    .where(TASKS.c.user_id == USER_ID, TASKS.c.project_id == any_(PROJECT_IDS), TASKS.c.parent_id.is_(None))
    .group_by(TASKS.c.project_id, TASKS.c.section_id)
)
SELECT_LAST_INBOX_KEY = Statement(
    select(func.max(key_of(TASKS.c)).label("key")).where(
        TASKS.c.user_id == USER_ID, TASKS.c.project_id.is_(None), TASKS.c.parent_id.is_(None)
    )
)


class Container(NamedTuple):
    """The container of a task: a project or the inbox, and a section or none. A subtask is below its parent."""

    project_id: int | None = None
    section_id: int | None = None
    parent_id: int | None = None

    @property
    def list(self) -> "Container":
        """The list in which the task has its place: the subtasks of its parent, or the tasks without a parent."""
        return self if self.parent_id is None else Container(parent_id=self.parent_id)


INBOX = Container()


class Containers:
    """The projects, sections and parents that a request names.

    Attributes:
        archived: whether each existing project is archived; the inbox has the id None.
        sections: the project of each existing section.
        last_keys: the key of the last task of each list; read if tasks come into them.
        nodes: the named parents with the tasks above them, and the moved tasks with their subtasks.
        tree: the same tasks, as the writes of the request leave them.
    """

    def __init__(self, nodes: Mapping[int, Node] | None = None) -> None:
        self.archived: dict[int | None, bool] = {None: False}
        self.sections: dict[int, int] = {}
        self.last_keys: dict[Container, str] = {}
        self.nodes = {} if nodes is None else nodes
        self.tree = Tree(self.nodes.values())
        self.archived |= {node.project_id: node.archived for node in self.nodes.values()}

    def copy(self) -> Self:
        """Return the state before any task moved."""
        copied = type(self)(self.nodes)
        copied.archived, copied.sections = self.archived, self.sections
        copied.last_keys = {**self.last_keys}
        return copied

    def resolve(self, fields: Mapping[str, object], stored: Container = INBOX) -> Container:
        """Return the container of a task after a write of fields.

        A parent decides the project and the section. A section decides the project. Without a section in the fields,
        the task leaves its section if it leaves the project.

        Args:
            fields: can have `project_id`, `section_id` and `parent_id`.
            stored: the container before.

        Raises:
            ParentNotFoundError: the parent does not exist.
            SubtaskFollowsParentError: the project or the section is not that of the parent.
            ProjectNotFoundError: the project does not exist.
            SectionNotFoundError: the section does not exist, or is in another project.
        """
        parent_id = fields.get("parent_id", stored.parent_id)
        if isinstance(parent_id, int):
            return self._below(parent_id, fields, stored)
        project_id, section_id = fields.get("project_id"), fields.get("section_id")
        if isinstance(section_id, int):
            if self.sections.get(section_id) is None or project_id not in (None, self.sections[section_id]):
                raise SectionNotFoundError
            return Container(self.sections[section_id], section_id)
        if "project_id" not in fields:
            return Container(stored.project_id, None if "section_id" in fields else stored.section_id)
        assert project_id is None or isinstance(project_id, int)
        if project_id not in self.archived:
            raise ProjectNotFoundError
        stays = project_id == stored.project_id and "section_id" not in fields
        return Container(project_id, stored.section_id if stays else None)

    def _below(self, parent_id: int, fields: Mapping[str, object], stored: Container) -> Container:
        """Return the container of a subtask."""
        container = stored
        if parent_id != stored.parent_id:
            parent = self.tree.find(parent_id)
            if parent is None:
                raise ParentNotFoundError
            container = Container(parent.project_id, parent.section_id, parent_id)
        if any(name in fields and fields[name] != value for name, value in container._asdict().items()):
            raise SubtaskFollowsParentError
        return container

    def values(self, container: Container) -> dict[str, object]:
        """Return the columns of a task in a container."""
        return {**container._asdict(), "archived": self.archived[container.project_id]}

    def create(self, fields: Mapping[str, object]) -> dict[str, object]:
        """Return the columns of a new task with these fields. Its fields can be null as if they were absent.

        Raises:
            ParentNotFoundError, SubtaskFollowsParentError: as for `resolve`.
            ProjectNotFoundError, SectionNotFoundError: as for `resolve`.
            SubtasksTooDeepError: the task would be below the last level.
        """
        container = self.resolve({name: fields[name] for name in CONTAINER_FIELDS if fields.get(name) is not None})
        if container.parent_id is not None:
            self.tree.check(None, container.parent_id)
        return self.values(container)

    def move(self, task_id: int, fields: Mapping[str, object], stored: Container) -> dict[str, object]:
        """Return the columns of an existing task after a write of fields. Its subtasks follow in the tree.

        In another list its place is the last. If that list is empty, the task keeps its key.

        Raises:
            ParentNotFoundError, SubtaskFollowsParentError: as for `resolve`.
            ProjectNotFoundError, SectionNotFoundError: as for `resolve`.
            SubtaskCycleError: the parent is the task itself, or one of its subtasks.
            SubtasksTooDeepError: a subtask would be below the last level.
        """
        if (node := self.tree.find(task_id)) is not None:
            stored = Container(node.project_id, node.section_id, node.parent_id)
        container = self.resolve(fields, stored)
        if container == stored:
            return dict(container._asdict())
        self.enter(task_id, container, stored)
        values = self.values(container)
        if container.list != stored.list and container.list in self.last_keys:
            values["position"] = self.last_keys[container.list] = key_between(self.last_keys[container.list], None)
        return values

    def enter(self, task_id: int, container: Container, stored: Container) -> None:
        """Put a task into a container, together with its subtasks.

        Raises:
            SubtaskCycleError: the parent is the task itself, or one of its subtasks.
            SubtasksTooDeepError: a subtask would be below the last level.
        """
        if container.parent_id is not None and container.parent_id != stored.parent_id:
            self.tree.check(task_id, container.parent_id)
        project_id, section_id, parent_id = container
        archived = self.archived.get(project_id, False)
        self.tree.place(Node(task_id, parent_id, project_id, section_id, archived))


async def read_containers(
    session: Session,
    user_id: UUID,
    named: Iterable[Mapping[str, object]],
    *,
    moves: bool,
    stored: Iterable[int | None] = (),
    subtrees_of: Iterable[int] = (),
) -> Containers:
    """Return the named projects, sections and parents that exist.

    Args:
        session: runs at most seven statements, of which a request without subtasks needs four.
        user_id: the user.
        named: fields with `project_id`, `section_id` and `parent_id`.
        moves: whether existing tasks come into these containers.
        stored: the projects of these tasks, in which a task stays that leaves its section or its parent.
        subtrees_of: the moved or deleted tasks that can have subtasks.
    """
    named = [*named]
    parent_ids = {parent_id for fields in named if isinstance(parent_id := fields.get("parent_id"), int)}
    containers = Containers(await read_nodes(session, user_id, above=parent_ids, below=subtrees_of))
    section_ids = {section_id for fields in named if isinstance(section_id := fields.get("section_id"), int)}
    if section_ids:
        rows = await session.fetch_all(SELECT_SECTIONS, user_id=user_id, section_ids=[*section_ids])
        containers.sections = {row["id"]: row["project_id"] for row in rows}
    project_ids = {project_id for fields in named if isinstance(project_id := fields.get("project_id"), int)}
    project_ids |= {*containers.sections.values(), *(project_id for project_id in stored if project_id is not None)}
    if project_ids:
        rows = await session.fetch_all(SELECT_PROJECTS, user_id=user_id, project_ids=[*project_ids])
        containers.archived |= {row["id"]: row["archived"] for row in rows}
    if moves:
        comes_to_inbox = any(
            fields.get("project_id", 0) is None or fields.get("parent_id", 0) is None for fields in named
        )
        containers.last_keys = await _read_last_keys(session, user_id, project_ids, parent_ids, inbox=comes_to_inbox)
    return containers


async def _read_last_keys(
    session: Session, user_id: UUID, project_ids: Iterable[int], parent_ids: Iterable[int], *, inbox: bool
) -> dict[Container, str]:
    """Return the key of the last task of each list of some projects, of the subtasks of parents, and of the inbox."""
    keys: dict[Container, str] = {}
    if project_ids:
        for row in await session.fetch_all(SELECT_LAST_KEYS, user_id=user_id, project_ids=[*project_ids]):
            keys[Container(row["project_id"], row["section_id"])] = row["key"]
    if parent_ids:
        for row in await session.fetch_all(subtasks.SELECT_LAST_KEYS, user_id=user_id, ids=[*parent_ids]):
            keys[Container(parent_id=row["parent_id"])] = row["key"]
    if inbox:
        [last] = await session.fetch_all(SELECT_LAST_INBOX_KEY, user_id=user_id)
        if last["key"] is not None:
            keys[INBOX] = last["key"]
    return keys
