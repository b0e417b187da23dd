"""Many writes of tasks at once, as they travel."""

from typing import Annotated, Literal, NotRequired

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import TypedDict

from todo.core.errors import Refusal
from todo.domain.bulk import InvalidBulkSizeError
from todo.domain.identifiers import BIGINT_MAX, UNKNOWN_ID
from todo.schemas.error import FieldError, read_problem
from todo.schemas.tasks.task import TaskCreate, TaskPublic, TaskUpdate

BULK_ITEMS_MAX = 1000
ACTIONS = {"create", "update", "delete"}

TaskId = Annotated[int, Strict(), AfterValidator(lambda task_id: task_id if 1 <= task_id <= BIGINT_MAX else UNKNOWN_ID)]
Version = Annotated[
    int | None,
    Strict(),
    Field(description="The version that you read; changed since, it is 412. Without it: whichever there is."),
]


class CreateItem(BaseModel):
    """Create a task, as `POST /tasks` does."""

    action: Literal["create"]
    task: TaskCreate


class UpdateItem(BaseModel):
    """Change some fields of a task, as `PATCH /tasks/{id}` does."""

    action: Literal["update"]
    id: TaskId
    version: Version = None
    changes: TaskUpdate


class DeleteItem(BaseModel):
    """Delete a task, as `DELETE /tasks/{id}` does."""

    action: Literal["delete"]
    id: TaskId
    version: Version = None


class InvalidItem:
    """What stands in the place of an item that is not valid: what is wrong with it, the worst first."""

    def __init__(self, refusals: list[Refusal]) -> None:
        """Take at least one."""
        self.refusals = refusals


Item = CreateItem | UpdateItem | DeleteItem
OneItem = Annotated[Item, Field(discriminator="action")]
READER: TypeAdapter[Item] = TypeAdapter(OneItem)


def read_item(value: object) -> Item | InvalidItem:
    """Return an item, or what is wrong with it."""
    try:
        return READER.validate_python(value)
    except ValidationError as error:
        problems = [read_problem({**problem, "loc": _within_item(problem["loc"])}) for problem in error.errors()]
        return InvalidItem(sorted(problems, key=lambda refusal: -refusal.status))


def _within_item(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return where in an item something is, without the name of its kind; nowhere means that it is of no kind."""
    return loc[1:] if loc and loc[0] in ACTIONS else loc or ("action",)


def _check_size(value: object) -> object:
    if isinstance(value, list) and not 1 <= len(value) <= BULK_ITEMS_MAX:
        raise InvalidBulkSizeError
    return value


class TaskBulk(BaseModel):
    """Up to 1000 writes, each about a task of its own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "atomic": True,
                    "items": [
                        {"action": "create", "task": {"title": "Water the plants", "priority": "high"}},
                        {"action": "update", "id": 41, "changes": {"completed": True}},
                        {"action": "delete", "id": 42, "version": 3},
                    ],
                }
            ]
        }
    )

    atomic: Annotated[
        bool, Strict(), Field(description="Whether nothing is written unless all can be; else each item is on its own.")
    ] = True
    # Each is read by itself, when it has its turn.
    items: Annotated[
        list[object],
        BeforeValidator(
            _check_size,
            json_schema_input_type=Annotated[list[OneItem], Field(min_length=1, max_length=BULK_ITEMS_MAX)],
        ),
    ]


class ItemError(TypedDict):
    """Why an item was not done, as it would have been answered by itself."""

    detail: Annotated[str, Field(examples=["Task not found"])]
    code: Annotated[str, Field(examples=["TASK_NOT_FOUND"])]
    errors: NotRequired[list[FieldError]]


class ItemResult(TypedDict):
    """What became of one item: the status that it would have had by itself, and the task or the error.

    A deleted task is not there any more; with 412 it is, as it is now.
    """

    status: Annotated[int, Field(examples=[201])]
    task: TaskPublic | None
    error: ItemError | None


class TaskBulkPublic(TypedDict):
    """What became of each item, in the order of the items."""

    results: list[ItemResult]
