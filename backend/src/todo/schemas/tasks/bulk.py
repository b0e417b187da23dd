"""Bulk writes of tasks in requests and responses."""

from collections.abc import Callable
from typing import Annotated, Literal, NotRequired

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import TypedDict

from todo.core.errors import Problem
from todo.domain.bulk import BULK_ITEMS_MAX, InvalidBulkSizeError, Ref
from todo.domain.changes import ChangeBaseNumber
from todo.domain.identifiers import BodyId
from todo.domain.rules import COMPONENT, Raises, errors_of
from todo.schemas.error import PROBLEMS_MAX, ErrorCode, FieldError, field_name, problem_of
from todo.schemas.request import RequestModel
from todo.schemas.tasks.task import TaskCreate, TaskPublic, TaskUpdate

ACTIONS = {"create", "update", "delete"}
Location = tuple[int | str, ...]
"""The path of a field as pydantic has it."""

Version = Annotated[
    int | None,
    Strict(),
    Field(description="The version that you read. If the task has another one, the item fails with 412. Null: any."),
]


Base = Annotated[
    ChangeBaseNumber | None,
    Field(
        description="The `Change-Seq` that your copy is based on. If a field that the item writes was changed after "
        "it, the item fails with 409. Null: the last write of a field stays."
    ),
]


class CreateItem(RequestModel):
    """Create a task, as `POST /tasks` does. Its result is that of the task, without its subtasks."""

    action: Literal["create"]
    ref: Annotated[
        Ref | None,
        Field(description="Names the task for later items of the request. Unique among the items.", examples=["house"]),
    ] = None
    parent_ref: Annotated[
        Ref | None,
        Field(
            description="The `ref` of an item before this one, whose task is the parent. Not beside `parent_id`.",
            examples=["house"],
        ),
    ] = None
    task: TaskCreate


class UpdateItem(RequestModel):
    """Change some fields of a task, as `PATCH /tasks/{id}` does."""

    action: Literal["update"]
    id: BodyId
    version: Version = None
    base: Base = None
    changes: TaskUpdate


class DeleteItem(RequestModel):
    """Delete a task, as `DELETE /tasks/{id}` does."""

    action: Literal["delete"]
    id: BodyId
    version: Version = None
    base: Base = None


class InvalidItem:
    """An item that is not valid.

    Attributes:
        problems: at least one; the greatest status comes first.
        ref: the name of the item for later items, or None.
    """

    def __init__(self, problems: list[Problem], ref: str | None = None) -> None:
        self.problems = problems
        self.ref = ref


Item = CreateItem | UpdateItem | DeleteItem
DiscriminatedItem = Annotated[Item, Field(discriminator="action", json_schema_extra={COMPONENT: "BulkItem"})]
ITEM_ADAPTER: TypeAdapter[Item] = TypeAdapter(DiscriminatedItem)


def read_item(value: object) -> Item | InvalidItem:
    """Return the validated item, or its problems."""
    try:
        return ITEM_ADAPTER.validate_python(value)
    except ValidationError as error:
        ref = value.get("ref") if isinstance(value, dict) else None
        return InvalidItem(_problems_of(error, _within_item), ref if isinstance(ref, str) else None)


def read_subtask(value: object) -> TaskCreate | InvalidItem:
    """Return the validated subtask of a new task, or its problems."""
    try:
        return TaskCreate.model_validate(value)
    except ValidationError as error:
        return InvalidItem(_problems_of(error, lambda location: location))


def _problems_of(error: ValidationError, locate: Callable[[Location], Location]) -> list[Problem]:
    found = error.errors(include_url=False, include_input=False)[:PROBLEMS_MAX]
    problems = [problem_of(problem, field_name(locate(problem["loc"]))) for problem in found]
    return sorted(problems, key=lambda problem: -problem.status)


def _within_item(loc: Location) -> Location:
    """Return the location without the action; an empty location means that the action itself is invalid."""
    return loc[1:] if loc and loc[0] in ACTIONS else loc or ("action",)


def _check_size(value: object) -> object:
    if isinstance(value, list) and not 1 <= len(value) <= BULK_ITEMS_MAX:
        raise InvalidBulkSizeError
    return value


class TaskBulk(RequestModel):
    """Up to 1000 writes, each of a different task."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "atomic": True,
                    "items": [
                        {"action": "create", "ref": "plants", "task": {"title": "Care for the plants"}},
                        {"action": "create", "parent_ref": "plants", "task": {"title": "Water", "priority": "high"}},
                        {"action": "update", "id": 41, "changes": {"completed": True}},
                        {"action": "delete", "id": 42, "version": 3},
                    ],
                }
            ]
        }
    )

    atomic: Annotated[
        bool,
        Strict(),
        Field(
            description="Whether one invalid item prevents all writes. If false, valid items are written. "
            "`true` if absent."
        ),
    ] = True
    # The service validates the items later, in batches.
    items: Annotated[
        list[object],
        BeforeValidator(
            _check_size,
            json_schema_input_type=Annotated[list[DiscriminatedItem], Field(min_length=1, max_length=BULK_ITEMS_MAX)],
        ),
        Raises(InvalidBulkSizeError, *errors_of(DiscriminatedItem)),
    ]


class ItemError(TypedDict):
    """The error of an item, as a single request would get it."""

    detail: Annotated[str, Field(examples=["Task not found"])]
    code: Annotated[ErrorCode, Field(examples=["TASK_NOT_FOUND"])]
    errors: NotRequired[list[FieldError]]


class ItemResult(TypedDict):
    """The result of an item: the status of a single request, and the task or the error.

    The task is null after a delete. With status 412 it is the current state.
    """

    status: Annotated[int, Field(examples=[201])]
    task: TaskPublic | None
    error: ItemError | None


class TaskBulkPublic(TypedDict):
    """The results of all items, in the order of the items."""

    results: list[ItemResult]
