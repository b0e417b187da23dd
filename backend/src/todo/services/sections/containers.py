"""Where a task is: its project and section, what follows from them, and the place of a task that comes into others."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
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

CONTAINER_FIELDS = {"project_id", "section_id"}
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
    .where(TASKS.c.user_id == USER_ID, TASKS.c.project_id == any_(PROJECT_IDS))
    .group_by(TASKS.c.project_id, TASKS.c.section_id)
)
SELECT_LAST_INBOX_KEY = Statement(
    select(func.max(key_of(TASKS.c)).label("key")).where(TASKS.c.user_id == USER_ID, TASKS.c.project_id.is_(None))
)


class Container(NamedTuple):
    """The container of a task: a project or the inbox, and a section or none. It has one order of tasks."""

    project_id: int | None = None
    section_id: int | None = None


INBOX = Container()


class Containers:
    """The projects and sections that a request names.

    Attributes:
        archived: whether each existing project is archived; the inbox has the id None.
        sections: the project of each existing section.
        last_keys: the key of the last task of each container; read if tasks come into them.
    """

    def __init__(self) -> None:
        self.archived: dict[int | None, bool] = {None: False}
        self.sections: dict[int, int] = {}
        self.last_keys: dict[Container, str] = {}

    def resolve(self, fields: Mapping[str, object], stored: Container = INBOX) -> Container:
        """Return the container of a task after a write of fields.

        A section decides the project. Without a section in the fields, the task leaves its section if it leaves the
        project.

        Args:
            fields: can have `project_id` and `section_id`.
            stored: the container before.

        Raises:
            ProjectNotFoundError: the project does not exist.
            SectionNotFoundError: the section does not exist, or is in another project.
        """
        project_id, section_id = fields.get("project_id"), fields.get("section_id")
        if isinstance(section_id, int):
            if self.sections.get(section_id) is None or project_id not in (None, self.sections[section_id]):
                raise SectionNotFoundError
            return Container(self.sections[section_id], section_id)
        if "project_id" not in fields:
            return Container(stored.project_id)
        assert project_id is None or isinstance(project_id, int)
        if project_id not in self.archived:
            raise ProjectNotFoundError
        stays = project_id == stored.project_id and "section_id" not in fields
        return stored if stays else Container(project_id)

    def values(self, container: Container) -> dict[str, object]:
        """Return the columns of a task in a container."""
        return {**container._asdict(), "archived": self.archived[container.project_id]}

    def values_of_move(self, fields: Mapping[str, object], stored: Container) -> dict[str, object]:
        """Return the columns of an existing task after a write of fields. In another container its place is the last.

        If that container is empty, the task keeps its key.

        Raises:
            ProjectNotFoundError: the project does not exist.
            SectionNotFoundError: the section does not exist, or is in another project.
        """
        container = self.resolve(fields, stored)
        if container == stored:
            return dict(container._asdict())
        values = self.values(container)
        if container in self.last_keys:
            values["position"] = self.last_keys[container] = key_between(self.last_keys[container], None)
        return values


async def read_containers(
    session: Session,
    user_id: UUID,
    named: Iterable[Mapping[str, object]],
    *,
    moves: bool,
    stored: Iterable[int | None] = (),
) -> Containers:
    """Return the named projects and sections that exist.

    Args:
        session: runs at most four statements.
        user_id: the user.
        named: fields with `project_id` and `section_id`.
        moves: whether existing tasks come into these containers.
        stored: the projects of these tasks, in which a task stays that leaves its section.
    """
    containers, named = Containers(), [*named]
    section_ids = {section_id for fields in named if isinstance(section_id := fields.get("section_id"), int)}
    if section_ids:
        rows = await session.fetch_all(SELECT_SECTIONS, user_id=user_id, section_ids=[*section_ids])
        containers.sections = {row["id"]: row["project_id"] for row in rows}
    project_ids = {project_id for fields in named if isinstance(project_id := fields.get("project_id"), int)}
    project_ids |= {*containers.sections.values(), *(project_id for project_id in stored if project_id is not None)}
    if project_ids:
        values = {"user_id": user_id, "project_ids": [*project_ids]}
        containers.archived |= {
            row["id"]: row["archived"] for row in await session.fetch_all(SELECT_PROJECTS, **values)
        }
        if moves:
            for row in await session.fetch_all(SELECT_LAST_KEYS, **values):
                containers.last_keys[Container(row["project_id"], row["section_id"])] = row["key"]
    if moves and any(fields.get("project_id", 0) is None for fields in named):
        [last] = await session.fetch_all(SELECT_LAST_INBOX_KEY, user_id=user_id)
        if last["key"] is not None:
            containers.last_keys[INBOX] = last["key"]
    return containers
