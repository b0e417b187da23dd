"""Statements: the names of their parameters, and the order of their arguments."""

import pytest
from sqlalchemy import bindparam, column, select, table

from todo.core.database.statement import Statement

TASKS = table("tasks", column("title"), column("priority"), column("completed"))
SELECT_TASKS = Statement(
    select(TASKS.c.title).where(
        TASKS.c.priority == "high", TASKS.c.title == bindparam("title"), TASKS.c.completed == bindparam("completed")
    )
)


@pytest.mark.spec("OPS-057")
def test_unknown_parameter_raises_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"missing \[\], unknown \['color'\]"):
        SELECT_TASKS.arguments({"title": "Water the plants", "completed": True, "color": "red"})


def test_missing_parameter_raises_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"missing \['completed'\], unknown \[\]"):
        SELECT_TASKS.arguments({"title": "Water the plants"})


def test_literals_keep_their_values() -> None:
    assert SELECT_TASKS.parameters == {"title", "completed"}
    assert SELECT_TASKS.arguments({"completed": True, "title": "Ferns"}) == ["high", "Ferns", True]


def test_parameters_are_numbered_in_the_order_of_the_arguments() -> None:
    condition = SELECT_TASKS.sql.partition("WHERE")[2]

    assert [position for position in ("$1", "$2", "$3") if position in condition] == ["$1", "$2", "$3"]
    assert condition.index("priority = $1") < condition.index("title = $2") < condition.index("completed = $3")
