"""The plan of an import: which rows are new, which exist, and which refer to nothing."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from todo.core.config import Settings
from todo.core.errors import DomainError
from todo.domain.identifiers import BIGINT_MAX, UNKNOWN_ID
from todo.schemas.projects.project import ProjectPublic
from todo.schemas.projects.section import SectionPublic
from todo.services.projects.errors import ProjectNotFoundError, TooManyProjectsError
from todo.services.projects.service import list_projects
from todo.services.sections.containers import Container
from todo.services.sections.errors import SectionNotFoundError, TooManySectionsError
from todo.services.sections.service import list_sections_after
from todo.services.shared.batches import batched
from todo.services.shared.log.writer import Writer
from todo.services.tags.errors import TagNotFoundError, TooManyTagsError
from todo.services.tags.service import list_tags
from todo.services.tasks.bulk_statements import SELECT_TARGETS
from todo.services.tasks.errors import TooManyTagsOnTaskError
from todo.services.transfer.parents import RowPlace, read_parents
from todo.services.transfer.report import Report
from todo.services.transfer.rows import Occurrence, Row

TARGETS_AT_ONCE = 1000
NEW = UNKNOWN_ID
"""The id of a row that is not written yet."""


@dataclass
class Document:
    """The valid rows of a document by list."""

    tags: list[Row]
    projects: list[Row]
    sections: list[Row]
    tasks: list[Row]
    occurrences: list[Occurrence]


@dataclass
class Plan:
    """The rows to write, and what the ids of the document stand for.

    Attributes:
        tag_names: the name of each tag, by its id in the document.
        tag_ids: the id of each tag in the account by name; NEW before it is written.
        project_ids: the id of each project in the account, by its id in the document.
        archived: whether each project is archived, by its id in the document.
        containers: the project and the section in the account of each section, by its id in the document.
        task_ids: the id of each new task in the account, by its id in the document.
        section_projects: the id of the project of each section, both ids of the document.
        new_tags: the colours of new tags by name.
        new_projects: the rows of new projects.
        new_sections: the rows of new sections.
        new_tasks: the rows of new tasks.
        places: the place of each new task, by its id in the document.
        new_occurrences: the occurrences of new tasks.
    """

    tag_names: dict[int, str] = field(default_factory=dict)
    tag_ids: dict[str, int] = field(default_factory=dict)
    project_ids: dict[int, int] = field(default_factory=dict)
    archived: dict[int | None, bool] = field(default_factory=lambda: {None: False})
    containers: dict[int, Container] = field(default_factory=dict)
    task_ids: dict[int, int] = field(default_factory=dict)
    section_projects: dict[int, int] = field(default_factory=dict)
    new_tags: dict[str, str | None] = field(default_factory=dict)
    new_projects: list[Row] = field(default_factory=list)
    new_sections: list[Row] = field(default_factory=list)
    new_tasks: list[Row] = field(default_factory=list)
    places: dict[int, RowPlace] = field(default_factory=dict)
    new_occurrences: list[Occurrence] = field(default_factory=list)


class Existing:
    """The rows of an account that a list of the document can name: by external id, or by id in the same database."""

    def __init__(self, ids: Mapping[str, int], own_ids: Iterable[int]) -> None:
        self._ids = ids
        self._own_ids = frozenset(own_ids)

    def find(self, row: Row) -> int | None:
        """Return the id of the existing row, or None."""
        if (found := self._ids.get(row.key)) is not None:
            return found
        return row.id if not row.has_key and row.id in self._own_ids else None


async def make_plan(writer: Writer, document: Document, settings: Settings, report: Report, *, is_own: bool) -> Plan:
    """Return the plan of an import, and report all rows. Call it in the transaction that writes.

    Args:
        writer: reads what exists.
        document: the valid rows.
        settings: the limits of the account.
        report: gets the numbers and the problems.
        is_own: whether the document comes from this database, so that its ids are those of the account.
    """
    plan = Plan()
    await _plan_tags(writer, document, settings.max_tags, report, plan)
    projects = await list_projects(writer.session, writer.user_id, "all")
    sections = await list_sections_after(writer.session, writer.user_id, 0, BIGINT_MAX)
    _plan_projects(document, projects, settings.max_projects, report, plan, is_own=is_own)
    _plan_sections(document, sections, settings.max_sections_per_project, report, plan, is_own=is_own)
    known: dict[int, int] = {}
    for rows in batched(document.tasks, TARGETS_AT_ONCE):
        found = await writer.session.fetch_all(
            SELECT_TARGETS,
            user_id=writer.user_id,
            id=[row.id for row in rows if is_own and not row.has_key],
            external_id=[row.key for row in rows],
        )
        ids = {row["external_id"]: row["id"] for row in found if row["external_id"] is not None}
        existing = Existing(ids, (row["id"] for row in found) if is_own else ())
        for row in rows:
            if (found_id := existing.find(row)) is not None:
                report.existing["tasks"] += 1
                known[row.id] = found_id
            elif (problem := _find_problem(row, plan, settings.max_tags_per_task)) is not None:
                report.fail("tasks", row.place, *problem)
            else:
                plan.new_tasks.append(row)
    await _plan_parents(writer, known, report, plan)
    _plan_occurrences(document, known, report, plan)
    return plan


async def _plan_tags(writer: Writer, document: Document, max_tags: int, report: Report, plan: Plan) -> None:
    plan.tag_ids = {tag["name"]: tag["id"] for tag in await list_tags(writer.session, writer.user_id)}
    room = max_tags - len(plan.tag_ids)
    for row in document.tags:
        name, color = row.values
        assert isinstance(name, str)
        if name in plan.tag_ids:
            report.existing["tags"] += 1
        elif len(plan.new_tags) >= room:
            report.fail("tags", row.place, TooManyTagsError, "")
            continue
        else:
            assert color is None or isinstance(color, str)
            plan.new_tags[name] = color
            plan.tag_ids[name] = NEW
            report.created["tags"] += 1
        plan.tag_names[row.id] = name


def _plan_projects(
    document: Document, projects: list[ProjectPublic], maximum: int, report: Report, plan: Plan, *, is_own: bool
) -> None:
    ids = {project["external_id"]: project["id"] for project in projects if project["external_id"] is not None}
    existing = Existing(ids, (project["id"] for project in projects) if is_own else ())
    archived = {project["id"]: project["archived"] for project in projects}
    for row in document.projects:
        found = existing.find(row)
        if found is not None:
            plan.project_ids[row.id], plan.archived[row.id] = found, archived[found]
            report.existing["projects"] += 1
        elif len(projects) + len(plan.new_projects) >= maximum:
            report.fail("projects", row.place, TooManyProjectsError, "")
        else:
            _, _, is_archived, _ = row.values
            plan.project_ids[row.id], plan.archived[row.id] = NEW, bool(is_archived)
            plan.new_projects.append(row)
            report.created["projects"] += 1


def _plan_sections(
    document: Document, sections: list[SectionPublic], maximum: int, report: Report, plan: Plan, *, is_own: bool
) -> None:
    ids = {section["external_id"]: section["id"] for section in sections if section["external_id"] is not None}
    existing = Existing(ids, (section["id"] for section in sections) if is_own else ())
    projects = {section["id"]: section["project_id"] for section in sections}
    counts = Counter(projects.values())
    new: Counter[int] = Counter()
    for row in document.sections:
        found = existing.find(row)
        project_id = row.project_id
        if project_id not in plan.project_ids:
            report.fail("sections", row.place, ProjectNotFoundError, "project_id")
            continue
        assert project_id is not None
        if found is not None:
            plan.containers[row.id] = Container(projects[found], found)
            report.existing["sections"] += 1
        elif counts[plan.project_ids[project_id]] + new[project_id] >= maximum:
            report.fail("sections", row.place, TooManySectionsError, "")
            continue
        else:
            new[project_id] += 1
            plan.new_sections.append(row)
            report.created["sections"] += 1
        plan.section_projects[row.id] = project_id


async def _plan_parents(writer: Writer, known: Mapping[int, int], report: Report, plan: Plan) -> None:
    """Find the places of new tasks, and report tasks without a place."""
    parents = await read_parents(writer, plan.new_tasks, known, plan.section_projects)
    plan.places = parents.places
    for row in plan.new_tasks:
        if (problem := parents.problems.get(row.id)) is not None:
            report.fail("tasks", row.place, problem, "parent_id")
    plan.new_tasks = [row for row in plan.new_tasks if row.id in plan.places]
    report.created["tasks"] += len(plan.new_tasks)


def _plan_occurrences(document: Document, known: Collection[int], report: Report, plan: Plan) -> None:
    """Plan the occurrences of new tasks. A task that exists keeps its own."""
    for occurrence in document.occurrences:
        if occurrence.task_id in plan.places:
            plan.new_occurrences.append(occurrence)
            report.created["occurrences"] += 1
        elif occurrence.task_id in known:
            report.existing["occurrences"] += 1
        else:
            report.left_out += 1


def _find_problem(row: Row, plan: Plan, max_tags: int) -> tuple[type[DomainError], str] | None:
    """Return the error of a task whose references lead nowhere, and its field."""
    if row.project_id is not None and row.project_id not in plan.project_ids:
        return ProjectNotFoundError, "project_id"
    if row.section_id is not None and (
        row.section_id not in plan.section_projects
        or row.project_id not in (None, plan.section_projects[row.section_id])
    ):
        return SectionNotFoundError, "section_id"
    names = {plan.tag_names.get(tag) if isinstance(tag, int) else tag for tag in row.tags}
    if not names <= plan.tag_ids.keys():
        return TagNotFoundError, "tags"
    return (TooManyTagsOnTaskError, "tags") if len(names) > max_tags else None
