"""The tags, projects, sections and parents of restored and reverted tasks, and whether they exist."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic_core import from_json

from todo.core.database.session import Row
from todo.services.projects import service as project_service
from todo.services.projects.statements import PROJECT
from todo.services.sections.containers import CONTAINER_FIELDS
from todo.services.sections.statements import SECTION, SELECT_IDS
from todo.services.shared.log.writer import Writer
from todo.services.subtasks.tree import Tree, read_nodes
from todo.services.tags import service as tag_service
from todo.services.tags.statements import TAG
from todo.services.tasks.write_statements import TASK


class Existing(NamedTuple):
    """The resources that tasks can refer to.

    Attributes:
        tags: the ids.
        projects: the ids.
        sections: by id, the project.
        tree: the parents that tasks come back to, and the tasks that change, with their subtasks.
    """

    tags: set[int]
    projects: set[int]
    sections: dict[int, int]
    tree: Tree


async def read_existing(writer: Writer, changes: list[Row]) -> Existing:
    """Return what exists, or what taking these changes back restores. Projects are read for changes of tasks alone."""
    tags = await tag_service.list_tags(writer.session, writer.user_id)
    deleted = [change for change in changes if change["action"] == "delete"]
    existing = Existing(
        tags={tag["id"] for tag in tags} | {change["id"] for change in deleted if change["type"] == TAG},
        projects={change["id"] for change in deleted if change["type"] == PROJECT},
        sections={
            change["id"]: from_json(change["before"])["project_id"] for change in deleted if change["type"] == SECTION
        },
        tree=await _read_tree(writer, changes),
    )
    if any(change["type"] == TASK for change in changes):
        projects = await project_service.list_projects(writer.session, writer.user_id, "all")
        existing.projects.update(project["id"] for project in projects)
        sections = await writer.session.fetch_all(SELECT_IDS, user_id=writer.user_id)
        existing.sections.update((row["id"], row["project_id"]) for row in sections)
    return existing


def find_gone(task: Mapping[str, Any], existing: Existing) -> dict[str, str]:
    """Return what a task would be in but cannot, by field: a project that is gone, or a section of another project."""
    gone = {}
    project_id, section_id = task.get("project_id"), task.get("section_id")
    if project_id is not None and project_id not in existing.projects:
        gone["project_id"] = f"{PROJECT}.{project_id}"
    if section_id is not None and (gone or existing.sections.get(section_id) != project_id):
        gone["section_id"] = f"{SECTION}.{section_id}"
    return gone


async def _read_tree(writer: Writer, changes: list[Row]) -> Tree:
    """Return the parents that taking these changes back needs, and the tasks that it moves."""
    moved: set[int] = set()
    parents: set[int] = set()
    for change in changes:
        if change["type"] == TASK and change["before"] is not None:
            before = from_json(change["before"])
            if change["action"] != "delete" and not CONTAINER_FIELDS.isdisjoint(before):
                moved.add(change["id"])
            if before.get("parent_id") is not None:
                parents.add(before["parent_id"])
    nodes = await read_nodes(writer.session, writer.user_id, above=moved | parents, below=moved)
    return Tree(nodes.values())
