"""Violated constraints, also with the messages of Citus."""

import asyncpg
import pytest

from todo.core.database.driver_errors import translate
from todo.core.errors import ConflictError

VIOLATIONS = {"uq_tags_user_id_name": ConflictError}


@pytest.mark.spec("CIT-021")
@pytest.mark.parametrize(
    "message",
    [
        'duplicate key value violates unique constraint "uq_tags_user_id_name_102073"',
        'insert or update on table "tags_102073" violates foreign key constraint "uq_tags_user_id_name_102073"',
        'duplicate key value violates unique constraint "uq_tags_user_id_name"',
    ],
)
def test_name_of_a_constraint_is_read_from_the_message_without_the_shard(message: str) -> None:
    error = asyncpg.UniqueViolationError(message)

    assert error.constraint_name is None
    assert isinstance(translate(error, VIOLATIONS), ConflictError)


@pytest.mark.spec("CIT-021")
@pytest.mark.parametrize("name", ["uq_tags_user_id_name", "uq_tags_user_id_name_1020731"])
def test_name_of_a_constraint_is_that_of_the_field(name: str) -> None:
    error = asyncpg.UniqueViolationError('duplicate key value violates unique constraint "other"')
    error.constraint_name = name

    assert isinstance(translate(error, VIOLATIONS), ConflictError)


@pytest.mark.spec("CIT-021")
def test_violation_of_an_unknown_constraint_is_a_defect() -> None:
    assert translate(asyncpg.UniqueViolationError('violates unique constraint "other_102073"'), VIOLATIONS) is None
