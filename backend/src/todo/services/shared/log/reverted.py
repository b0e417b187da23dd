"""Changes that undo and the trash take back."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Reverted(NamedTuple):
    """A resource to put back, to change back or to remove again.

    Attributes:
        seq: the number of the change that is taken back; None if there is no single one.
        id: the id of the resource.
        fields: the fields to write, as the log stores them.
    """

    seq: int | None
    id: int
    fields: Mapping[str, Any]


def keys_of(resources: Iterable[Reverted]) -> dict[str, list[int | None]]:
    """Return the parameters `id` and `undoes` of a statement."""
    resources = [*resources]
    return {"id": [resource.id for resource in resources], "undoes": [resource.seq for resource in resources]}
