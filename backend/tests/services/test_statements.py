"""Rules that every statement of the services keeps (ADR 0006, ADR 0044)."""

import gc
import importlib
import itertools
import pkgutil
import re
import tracemalloc
from collections.abc import Callable, Iterator
from functools import _lru_cache_wrapper
from types import ModuleType
from typing import get_type_hints

import pytest
from sqlalchemy import ForeignKeyConstraint, Table, UniqueConstraint, bindparam, delete

import todo.services
from todo.core.database.statement import Statement
from todo.domain.filters.terms import Branch, Expression, Leaf
from todo.models import Base
from todo.schemas.projects.project import ProjectFields
from todo.schemas.projects.section import SectionFields
from todo.schemas.saved_filter import FilterFields
from todo.schemas.tasks.task import NewTask, TaskUpdate
from todo.services.shared.lists import Listing, PageShape
from todo.services.shared.log.writes import Write
from todo.services.tasks import write_statements as task_writes
from todo.services.tasks.bulk_statements import CREATED_COLUMNS
from todo.services.tasks.derived import PLACE, column_names
from todo.services.tasks.listing.expressions import CONDITIONS

TABLES = Base.metadata.tables
WITHOUT_USER = {
    "access_tokens.statements.SELECT_BY_HASH": "the hash of the token finds the user",
    "accounts.statements.INSERT_USER": "the user is new",
    "accounts.statements.SELECT_CREDENTIALS": "the e-mail address finds the user",
    "accounts.statements.SELECT_DISABLED": "a process reads the disabled users",
    "administration.statements.SELECT_ALL_SESSION_USES": "the operator lists all users",
    "administration.statements.SELECT_SUMMARIES": "the operator lists all users",
    "administration.statements.SELECT_SUMMARY": "the e-mail address finds the user",
    "diagnosis.SELECT_LOG": "the operator examines the tables",
    "diagnosis.SELECT_SERVER": "the operator examines the server",
    "diagnosis.SELECT_TABLES": "the operator examines the tables",
    "distribution.statements.SELECT_CITUS": "the operator distributes the tables",
    "distribution.statements.select_cluster[]": "the operator distributes the tables",
    "distribution.statements.SELECT_FIRST_USER": "the operator distributes the tables",
    "events.statements.SELECT_CLOCKS": "a process compares the clocks of all users with listeners",
    "events.statements.SELECT_LIVE_LOGIN_SESSIONS": "a process checks the credentials of all streams",
    "events.statements.SELECT_LIVE_TOKENS": "a process checks the credentials of all streams",
    "idempotency.statements.SWEEP": "a sweep deletes the expired rows of all users",
    "idempotency.statements.SWEEP_SHARDS": "a sweep deletes the expired rows of all users",
    "invitations.statements.DELETE_INVITATION": "an invitation belongs to no user",
    "invitations.statements.INSERT_INVITATION": "an invitation belongs to no user",
    "invitations.statements.SWEEP": "an invitation belongs to no user",
    "trash.statements.SELECT_OLD_ENTRIES": "a sweep reads the old deletions of all users",
    "trash.statements.SELECT_OLD_CHANGES": "a sweep reads the old changes of all users",
    "totp.statements.SELECT_OTHERWISE_SEALED": "a new secret seals the secrets of all users anew",
    "accounts.email_change_statements.SELECT_EXPIRED": "a sweep finds the expired addresses of all users",
    "login_sessions.statements.SWEEP": "a sweep deletes the expired rows of all users",
    "login_sessions.statements.SWEEP_SHARDS": "a sweep deletes the expired rows of all users",
    "mail.statements.CLAIM_MAIL": "a worker sends the mails of all users",
    "mail.statements.COUNT_MAILS": "a worker sends the mails of all users",
    "mail.statements.SWEEP": "a sweep deletes the expired rows of all users",
    "password_resets.statements.INSERT_REQUEST": "a request looks for no account",
    "password_resets.statements.LOCK_RECIPIENT": "the e-mail address finds the user",
    "password_resets.statements.SWEEP": "a sweep deletes the expired rows of all users",
    "password_resets.statements.SWEEP_REQUESTS": "a request has no user",
    "password_resets.statements.TAKE_REQUESTS": "a request has no user",
}
OF_NO_USER = {"deployment"}
"""Tables whose rows belong to no user."""
FRESH_KEYS = {
    *("pk_invitations", "pk_password_reset_requests", "pk_password_resets", "pk_recovery_codes", "pk_sessions"),
    *("idx_task_tag_link_task", "pk_changes", "pk_task_occurrences", "pk_task_search"),
    *("uq_access_tokens_token_hash", "uq_sections_user_id_project_id_id"),
}
"""Unique constraints on random values, on numbers of the locked clock, on the ids of new tasks, and on links that were
missing when the clock was locked. No request can violate them."""
WRITTEN_COLUMNS = {
    "update_filter": frozenset(FilterFields.model_fields),
    "insert_task": frozenset(column_names(NewTask.model_fields)),
    "insert_tasks": frozenset(CREATED_COLUMNS),
    "update_project": frozenset(ProjectFields.model_fields),
    "update_section": frozenset(SectionFields.model_fields),
    "update_task": frozenset({*column_names(TaskUpdate.model_fields), *PLACE}),
    "update_user": frozenset({"name", "email", "email_key", "pending_email"}),
}
"""By function, all columns that its statement can write."""
PAGING = [(False, False), (True, False), (False, True)]
INSERT = re.compile(r"INSERT INTO (\w+) \(([^)]*)\)")
UPDATE = re.compile(r"UPDATE (\w+) SET (.*?)(?: FROM | WHERE )", re.DOTALL)
DELETE = re.compile(r"DELETE FROM (\w+)")
READ = re.compile(rf"(?:FROM|JOIN|UPDATE|,) ({'|'.join(TABLES)})(?: AS (\w+))?\b(?!\.)")


def service_modules() -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages(todo.services.__path__, "todo.services."):
        yield importlib.import_module(module.name)


def statement_functions() -> Iterator[tuple[str, ModuleType, Callable[..., Statement]]]:
    """Yield the functions that return a statement, with their modules."""
    for module in service_modules():
        for name, value in vars(module).items():
            is_own = getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
            if is_own and getattr(value, "__annotations__", {}).get("return") in (Statement, Write):
                yield name, module, value


def arguments_of(function: str, annotation: object, module: ModuleType) -> list[object]:
    """Return the values of a parameter of such a function: all variants that change the statement."""
    if annotation is bool:
        return [False, True]
    if annotation is PageShape:
        [listing] = [value for value in vars(module).values() if isinstance(value, Listing)]
        sort = [*listing.orders][-1]
        return [PageShape(sort, skips=skips, continues=continues) for skips, continues in PAGING]
    if annotation == Expression:
        # Each kind of term, in a list that needs it and in one that does not.
        leaves = [Leaf(kind, index) for index, kind in enumerate(CONDITIONS)]
        return [*leaves, Branch("not", (Branch("or", tuple(leaves)),))]
    if annotation == frozenset[str]:
        return [WRITTEN_COLUMNS[function]]
    # A NamedTuple of filters.
    assert isinstance(annotation, type), f"{function}: add the values of {annotation}"
    every_filter = (True if hint is bool else "pending" for hint in get_type_hints(annotation).values())
    return [annotation(), annotation(*every_filter)]


def every_statement() -> Iterator[tuple[str, Statement]]:
    """Yield the statements of all modules, and all variants of each function that returns one."""
    for module in service_modules():
        name = module.__name__.removeprefix("todo.services.")
        yield from ((f"{name}.{key}", value) for key, value in vars(module).items() if isinstance(value, Statement))
    for name, module, function in statement_functions():
        hints = {key: hint for key, hint in get_type_hints(function).items() if key != "return"}
        values = [arguments_of(name, hint, module) for hint in hints.values()]
        for combination in itertools.product(*values):
            statement = function(**dict(zip(hints, combination, strict=True)))
            shown = [sorted(value) if isinstance(value, frozenset) else value for value in combination]
            yield f"{module.__name__.removeprefix('todo.services.')}.{name}{shown}", statement


STATEMENTS = dict(every_statement())
WRITES = [name for name, statement in STATEMENTS.items() if re.search("INSERT|UPDATE .* SET|DELETE", statement.sql)]


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - WITHOUT_USER.keys()))
def test_every_table_is_limited_to_the_user(name: str) -> None:
    sql = " ".join(STATEMENTS[name].sql.split())

    assert "user_id" in STATEMENTS[name].parameters
    for table, alias in READ.findall(sql):
        if table in OF_NO_USER:
            continue
        owner = f"{alias or table}.{'id' if table == 'users' else 'user_id'}"
        assert re.search(rf"\b{owner} = |= {owner}\b", sql), f"{owner} is not compared with the user in: {sql}"


def violable_constraints(table: Table, columns: set[str]) -> set[str]:
    """Return the unique and foreign key constraints that writing these columns can violate."""
    names = set()
    for constraint in table.constraints:
        if isinstance(constraint, ForeignKeyConstraint | UniqueConstraint):
            own = {column.name for column in constraint.columns}
            if own & columns:
                names.add(str(constraint.name))
    for index in table.indexes:
        if index.unique and any(
            re.search(rf"\b{column}\b", str(index.expressions)) for column in columns - {"user_id"}
        ):
            names.add(str(index.name))
    identity = next((column.name for column in table.primary_key if column.identity is not None), None)
    if identity is None and {column.name for column in table.primary_key} <= columns:
        names.add(str(table.primary_key.name))
    return names - FRESH_KEYS


@pytest.mark.spec("OPS-058")
@pytest.mark.parametrize("name", WRITES)
def test_every_write_names_the_constraints_that_it_can_violate(name: str) -> None:
    statement = STATEMENTS[name]
    sql = " ".join(statement.sql.split())
    violable: set[str] = set()
    for table, columns in INSERT.findall(sql):
        violable |= violable_constraints(TABLES[table], {column.strip() for column in columns.split(",")})
    for table, assignments in UPDATE.findall(sql):
        violable |= violable_constraints(TABLES[table], set(re.findall(r"(\w+)=", assignments)))
    if "ON CONFLICT" in sql:
        # The conflict clause handles the unique constraint itself.
        violable = {constraint for constraint in violable if constraint.startswith("fk_")}

    assert violable <= statement.violations.keys()


def test_every_deletion_cascades() -> None:
    deleted = {table for name in WRITES for table in DELETE.findall(STATEMENTS[name].sql)}
    references = [key for table in TABLES.values() for key in table.foreign_key_constraints]

    assert deleted
    assert {key.ondelete for key in references if key.referred_table.name in deleted} == {"CASCADE"}


@pytest.mark.spec("CHG-009")
def test_write_of_a_logged_table_must_log_it() -> None:
    tasks = TABLES["tasks"]

    with pytest.raises(TypeError, match="must be a Write"):
        _ = Statement(delete(tasks).where(tasks.c.user_id == bindparam("user_id"))).sql
    assert {name for name, table in TABLES.items() if table.info.get("is_logged")} == {
        *("tasks", "tags", "task_tag_link", "projects", "sections", "filters"),
    }
    logged_writes = [statement for statement in STATEMENTS.values() if isinstance(statement, Write)]
    assert logged_writes
    assert all("INSERT INTO changes" in statement.sql for statement in logged_writes)


@pytest.mark.spec("OPS-059")
def test_clients_cannot_fill_the_memory_with_statements() -> None:
    unbounded = {}
    for name, _, function in statement_functions():
        if isinstance(function, _lru_cache_wrapper) and function.cache_parameters()["maxsize"] is None:
            hints = [hint for key, hint in get_type_hints(function).items() if key != "return"]
            fields = len(WRITTEN_COLUMNS[name]) if frozenset[str] in hints else 0
            assert {*hints} <= {bool, frozenset[str]}, f"{name} needs a bounded cache"
            unbounded[name] = 2 ** (fields + hints.count(bool))

    assert unbounded["update_filter"] == 2**4
    assert max(unbounded.values()) <= 2**6


@pytest.mark.spec("OPS-059")
def test_compiled_statement_takes_a_few_kilobytes() -> None:
    fields = sorted(WRITTEN_COLUMNS["update_task"])
    update_task = task_writes.update_task.__wrapped__
    _ = update_task(frozenset(fields), conditional=True).sql
    tracemalloc.start()

    statements = [update_task(frozenset(fields[number:]), conditional=True) for number in range(4)]
    assert all(statement.sql and statement.parameters for statement in statements)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size < 4 * 50_000
