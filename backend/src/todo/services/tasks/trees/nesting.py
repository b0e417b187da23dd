"""Which new tasks of a request come below others: the subtasks in a body, and the items with a `parent_ref`."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from todo.core.errors import Problem
from todo.domain.bulk import BULK_ITEMS_MAX, ConflictingParentsError, DuplicateRefError, RefNotFoundError
from todo.schemas.error import PROBLEMS_MAX
from todo.schemas.tasks.bulk import CreateItem, InvalidItem, read_subtask
from todo.services.subtasks.errors import TooManySubtasksError
from todo.services.tasks.tagging.bulk import Problems

REF, PARENT_REF = "ref", "parent_ref"
VALIDATED_AT_ONCE = 50
"""Tasks validated before other requests run: a long recurrence rule takes a millisecond."""


class Place(NamedTuple):
    """The place of a subtask in the body of an item.

    Attributes:
        item: the index of the item.
        path: the path of the subtask within the item, such as `task.subtasks.0`.
    """

    item: int
    path: str


class Nesting:
    """The parents of new tasks within a request.

    Attributes:
        parents: by item, the index of the item before it whose task is the parent.
        places: the subtasks in bodies, which are items after all others.
    """

    def __init__(self) -> None:
        self.parents: dict[int, int] = {}
        self.places: dict[int, Place] = {}

    @property
    def named(self) -> set[int]:
        """The indexes of the items whose tasks are parents."""
        return {*self.parents.values()}

    def settle(self, problems: Problems) -> None:
        """Move the problems of subtasks to the items that have them in their bodies. These fail as a whole."""
        for index, place in self.places.items():
            found = [problem._replace(field=_join(place.path, problem.field)) for problem in problems.pop(index, ())]
            if found:
                problems.setdefault(place.item, []).extend(found)


async def read_nesting(items: dict[int, object], problems: Problems) -> Nesting:
    """Return the parents of new tasks, and add an item for each subtask in a body. Add the problems of refs.

    Raises:
        TooManySubtasksError: the request has more than BULK_ITEMS_MAX tasks.
    """
    nesting = Nesting()
    _read_refs(items, problems, nesting)
    bodies = {index: item for index, item in items.items() if isinstance(item, CreateItem) and item.task.subtasks}
    if len(items) + _count(item.task.subtasks for item in bodies.values()) > BULK_ITEMS_MAX:
        raise TooManySubtasksError
    queue = [(index, Place(index, "task"), item.task) for index, item in bodies.items()]
    read = 0
    for parent, above, task in queue:
        for number, value in enumerate(task.subtasks):
            place = Place(above.item, f"{above.path}.subtasks.{number}")
            subtask = read_subtask(value)
            read += 1
            if read % VALIDATED_AT_ONCE == 0:
                await asyncio.sleep(0)
            if isinstance(subtask, InvalidItem):
                found = [problem._replace(field=_join(place.path, problem.field)) for problem in subtask.problems]
                _add_problems(problems, place.item, found)
                continue
            index = len(items)
            items[index] = CreateItem(action="create", task=subtask)
            nesting.parents[index], nesting.places[index] = parent, place
            queue.append((index, place, subtask))
    return nesting


def _read_refs(items: dict[int, object], problems: Problems, nesting: Nesting) -> None:
    """Add the parents of items with a `parent_ref`, and the problems of refs."""
    refs: dict[str, int] = {}
    for index, item in items.items():
        if isinstance(item, CreateItem) and item.parent_ref is not None:
            if item.task.parent_id is not None:
                problems[index] = [Problem.of(ConflictingParentsError, PARENT_REF)]
            elif item.parent_ref not in refs:
                problems[index] = [Problem.of(RefNotFoundError, PARENT_REF)]
            else:
                nesting.parents[index] = refs[item.parent_ref]
        if isinstance(item, CreateItem | InvalidItem) and item.ref is not None:
            if item.ref in refs:
                _add_problems(problems, index, [Problem.of(DuplicateRefError, REF)])
            else:
                refs[item.ref] = index


def _count(bodies: Iterable[object]) -> int:
    """Return the number of subtasks in bodies that are not validated. It counts no further than BULK_ITEMS_MAX."""
    number = 0
    queue = [*bodies]
    for subtasks in queue:
        if isinstance(subtasks, list) and number <= BULK_ITEMS_MAX:
            number += len(subtasks)
            queue += [value.get("subtasks") for value in subtasks[:BULK_ITEMS_MAX] if isinstance(value, dict)]
    return number


def _add_problems(problems: Problems, index: int, found: list[Problem]) -> None:
    """Add problems to those of an item; the greatest status comes first."""
    joined = sorted([*problems.get(index, ()), *found], key=lambda problem: -problem.status)
    problems[index] = joined[:PROBLEMS_MAX]


def _join(path: str, field: str) -> str:
    """Return the path of a field of a subtask. A problem of its place is one of the subtask as a whole."""
    return f"{path}.{field.removeprefix('task.').removeprefix(PARENT_REF)}".removesuffix(".")
