"""The projects of tasks: what a task gets from its project, and the place of a task that comes into another one."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, func, select

from todo.core.database.session import Session
from todo.core.database.statement import Statement
from todo.domain.projects.position import key_between
from todo.services.projects.errors import ProjectNotFoundError
from todo.services.projects.statements import PROJECTS, TASKS
from todo.services.shared.log.writer import Writer
from todo.services.shared.log.writes import USER_ID
from todo.services.shared.positions import key_of

PROJECT_IDS = bindparam("project_ids", type_=ARRAY(BigInteger))
SELECT_PROJECTS = Statement(
    select(PROJECTS.c.id, PROJECTS.c.archived).where(PROJECTS.c.user_id == USER_ID, PROJECTS.c.id == any_(PROJECT_IDS))
)
SELECT_LAST_KEYS = Statement(
    select(TASKS.c.project_id, func.max(key_of(TASKS.c)).label("key"))
    .where(TASKS.c.user_id == USER_ID, TASKS.c.project_id == any_(PROJECT_IDS))
    .group_by(TASKS.c.project_id)
)
SELECT_LAST_INBOX_KEY = Statement(
    select(func.max(key_of(TASKS.c)).label("key")).where(TASKS.c.user_id == USER_ID, TASKS.c.project_id.is_(None))
)


class Containers:
    """The projects that a request names; the inbox has the id None.

    Attributes:
        archived: whether each existing project is archived.
        last_keys: the key of the last task of each project that tasks come into.
    """

    def __init__(self, archived: Mapping[int | None, bool], last_keys: dict[int | None, str]) -> None:
        self.archived = archived
        self.last_keys = last_keys

    def values(self, project_id: int | None) -> dict[str, object]:
        """Return the columns of a task in a project that follow from the project."""
        return {"archived": self.archived[project_id]}

    def values_of_move(self, project_id: int | None) -> dict[str, object]:
        """Return the columns of a task that comes into a project from another one: its place is the last one.

        If the project is empty, the task keeps its key.
        """
        values = self.values(project_id)
        if project_id in self.last_keys:
            values["position"] = self.last_keys[project_id] = key_between(self.last_keys[project_id], None)
        return values


async def read_containers(session: Session, user_id: UUID, ids: Iterable[int | None], *, moves: bool) -> Containers:
    """Return the projects among these ids that exist.

    Args:
        session: runs at most three statements.
        user_id: the user.
        ids: the ids of projects; None for the inbox.
        moves: whether existing tasks come into these projects.
    """
    project_ids = {project_id for project_id in ids if project_id is not None}
    archived: dict[int | None, bool] = {None: False}
    last_keys: dict[int | None, str] = {}
    if project_ids:
        values = {"user_id": user_id, "project_ids": [*project_ids]}
        archived |= {row["id"]: row["archived"] for row in await session.fetch_all(SELECT_PROJECTS, **values)}
        if moves:
            last_keys = {row["project_id"]: row["key"] for row in await session.fetch_all(SELECT_LAST_KEYS, **values)}
    if moves and None in ids:
        row = await session.fetch_one(SELECT_LAST_INBOX_KEY, user_id=user_id)
        if row is not None and row["key"] is not None:
            last_keys[None] = row["key"]
    return Containers(archived, last_keys)


async def place_values(writer: Writer, stored_project_id: int | None, project_id: int | None) -> dict[str, object]:
    """Return the columns that a change of a task's project writes too; none if the project stays.

    Raises:
        ProjectNotFoundError: the user has no such project.
    """
    if project_id == stored_project_id:
        return {}
    containers = await read_containers(writer.session, writer.user_id, [project_id], moves=True)
    if project_id not in containers.archived:
        raise ProjectNotFoundError
    return containers.values_of_move(project_id)
