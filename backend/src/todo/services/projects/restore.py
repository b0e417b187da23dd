"""Projects in undo and in the trash: put back, changed back, and removed again (ADR 0055)."""

from collections.abc import Sequence

from todo.services.projects import statements
from todo.services.shared.log.logged_values import stored_values
from todo.services.shared.log.reverted import Reverted, keys_of
from todo.services.shared.log.writer import Writer


async def restore_projects(writer: Writer, projects: Sequence[Reverted]) -> None:
    """Insert deleted projects with their ids, without tasks.

    Raises:
        ProjectExternalIdTakenError: another project has the external id.
    """
    rows = [stored_values(statements.PROJECTS, project.fields) for project in projects]
    rows = [{**row, "version": row["version"] + 1} for row in rows]
    arrays = {name: [row.get(name) for row in rows] for name in statements.WRITES.restored_columns}
    await writer.write_all(statements.RESTORE_PROJECTS, **keys_of(projects), **arrays)


async def revert_projects(writer: Writer, projects: Sequence[Reverted]) -> None:
    """Write all fields of existing projects."""
    rows = [stored_values(statements.PROJECTS, project.fields) for project in projects]
    arrays = {name: [row[name] for row in rows] for name in statements.LOGGED_FIELDS}
    await writer.write_all(statements.REVERT_PROJECTS, **keys_of(projects), **arrays)


async def remove_projects(writer: Writer, projects: Sequence[Reverted]) -> None:
    """Delete projects that have no tasks."""
    await writer.write_all(statements.REMOVE_PROJECTS, **keys_of(projects))
