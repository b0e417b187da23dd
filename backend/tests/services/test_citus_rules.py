"""The rules of Citus, which every statement of the services keeps (ADR 0061). PostgreSQL's own parser reads them."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import pytest
from pglast import ast as typed_ast
from pglast import parse_sql
from pglast.enums import A_Expr_Kind, BoolExprType
from sqlalchemy import UniqueConstraint

from tests.services.plans import all_statements
from tests.services.test_statements import STATEMENTS
from todo.core.database.statement import Statement
from todo.models import Base
from todo.models.distribution import LOCAL_TABLES, REFERENCE_TABLES, distributed_tables
from todo.services.shared.log.writes import Write

ast: Any = typed_ast
"""The nodes, without the types of their fields: nearly all of them are optional."""
DISTRIBUTED = {table.name for table in distributed_tables()}
ACROSS_SHARDS = {
    "administration.statements.SELECT_ALL_SESSION_USES": "the operator lists all users",
    "events.statements.SELECT_CLOCKS": "a process compares the clocks of all users with listeners",
    "events.statements.SELECT_LIVE_LOGIN_SESSIONS": "a process checks the credentials of all streams",
    "idempotency.statements.SWEEP_SHARDS": "a sweep deletes the expired rows of all users",
    "login_sessions.statements.SWEEP_SHARDS": "a sweep deletes the expired rows of all users",
    "tasks.bulk_statements.INSERT_SEARCHES": "each row has the user",
    "tasks.bulk_statements.UPDATE_SEARCHES": "a join by a parameter for the user compares all items with all tasks",
    "tasks.bulk_statements.UPDATE_TASKS": "a join by a parameter for the user compares all items with all tasks",
    "trash.statements.SELECT_OLD_ENTRIES": "a sweep reads the old deletions of all users",
    "trash.statements.SELECT_OLD_CHANGES": "a sweep reads the old changes of all users",
}
"""Statements on several shards."""
ONE_SERVER = {
    "idempotency.statements.SWEEP": "SWEEP_SHARDS runs on a distributed database",
    "login_sessions.statements.SWEEP": "SWEEP_SHARDS runs on a distributed database",
}
"""Statements that never run on a distributed database."""
IMMUTABLE = {"cardinality", "coalesce", "greatest", "least", "timezone", "substring", "array_position", "max", "unnest"}
"""Functions that PostgreSQL marks as immutable for the arguments in the statements."""


class Level(NamedTuple):
    """A SELECT, INSERT, UPDATE or DELETE, or a subquery of one, without the subqueries in it.

    Attributes:
        node: the part of the statement.
        tables: the tables of the models in it, by alias.
        conditions: the conditions that each row meets.
    """

    node: Any
    tables: dict[str, str]
    conditions: list[Any]


def nodes_in(value: Any) -> Iterator[Any]:
    """Yield the nodes below a node, and the node itself first."""
    if isinstance(value, tuple):
        for item in value:
            yield from nodes_in(item)
    elif isinstance(value, ast.Node):
        yield value
        for name in value:
            yield from nodes_in(getattr(value, name))


def parse(statement: Statement) -> Any:
    [parsed] = parse_sql(statement.sql)
    return parsed.stmt


def levels_of(statement: Statement) -> list[Level]:
    """Return the levels of a statement."""
    parsed = parse(statement)
    kinds = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt)
    return [make_level(node) for node in nodes_in(parsed) if isinstance(node, kinds)]


def make_level(node: Any) -> Level:
    sources = [getattr(node, name, None) or () for name in ("fromClause", "usingClause")]
    target = () if isinstance(node, ast.SelectStmt) else (node.relation,)
    level = Level(node, {}, list(conjuncts(getattr(node, "whereClause", None))))
    for source in (*target, *chain(*sources)):
        add_source(level, source)
    return level


def add_source(level: Level, source: Any) -> None:
    if isinstance(source, ast.JoinExpr):
        level.conditions.extend(conjuncts(source.quals))
        add_source(level, source.larg)
        add_source(level, source.rarg)
    elif isinstance(source, ast.RangeVar) and source.relname in Base.metadata.tables:
        level.tables[source.alias.aliasname if source.alias else source.relname] = source.relname


def conjuncts(condition: Any) -> Iterator[Any]:
    if isinstance(condition, ast.BoolExpr) and condition.boolop == BoolExprType.AND_EXPR:
        for argument in condition.args:
            yield from conjuncts(argument)
    elif condition is not None:
        yield condition


def compared(value: Any) -> str | None:
    """Return the name of a column, or `$` and the number of a parameter."""
    while isinstance(value, ast.TypeCast):
        value = value.arg
    if isinstance(value, ast.A_ArrayExpr) and len(value.elements) == 1:
        return compared(value.elements[0])
    if isinstance(value, ast.ParamRef):
        return f"${value.number}"
    if isinstance(value, ast.ColumnRef) and all(isinstance(part, ast.String) for part in value.fields):
        return ".".join(part.sval for part in value.fields)
    return None


def user_parameter(statement: Statement) -> str:
    names = [name for name, _, _ in statement.numbered]
    return f"${names.index('user_id') + 1}" if "user_id" in names else ""


def is_equality(condition: Any) -> bool:
    """Return whether the condition compares two values, also one with a list of one."""
    is_list = condition.kind == A_Expr_Kind.AEXPR_OP_ANY and isinstance(condition.rexpr, ast.A_ArrayExpr)
    return condition.name[0].sval == "=" and (is_list or condition.kind == A_Expr_Kind.AEXPR_OP)


def equal_to(start: str, level: Level) -> set[str]:
    """Return the columns that the conditions of a level make equal to a parameter, also through another column."""
    pairs = [
        {compared(condition.lexpr), compared(condition.rexpr)}
        for condition in level.conditions
        if isinstance(condition, ast.A_Expr) and is_equality(condition)
    ]
    equal = {start}
    for _ in pairs:
        equal |= {name for pair in pairs if pair & equal for name in pair if name}
    return equal


def inserts_for_user(insert: Any, parameter: str, inserted: set[str]) -> bool:
    """Return whether an INSERT writes the parameter of the user to `user_id`, or a column that is equal to it.

    `inserted` are the columns `user_id` of the rows that other INSERTs of the statement return.
    """
    position = [column.name for column in insert.cols].index("user_id")
    query = insert.selectStmt
    if query.valuesLists:
        return compared(query.valuesLists[0][position]) == parameter
    return compared(query.targetList[position].val) in equal_to(parameter, make_level(query)) | inserted


def inserted_users(statement: Statement) -> set[str]:
    """Return the columns `user_id` of the rows that the INSERTs of a statement return."""
    clause = parse(statement).withClause
    expressions = clause.ctes if clause else ()
    return {f"{part.ctename}.user_id" for part in expressions if isinstance(part.ctequery, ast.InsertStmt)}


def written_values(node: Any) -> list[Any]:
    """Return the values and conditions of an UPDATE, a DELETE, or the conflict of an INSERT."""
    values = [] if isinstance(node, ast.DeleteStmt) else [target.val for target in node.targetList or ()]
    return [value for value in (*values, node.whereClause) if value is not None]


def has_column(value: Any) -> bool:
    return any(isinstance(node, ast.ColumnRef) for node in nodes_in(value))


def function_name(call: Any) -> str:
    name: str = call.funcname[-1].sval
    return name


def changing_functions(value: Any) -> set[str]:
    """Return the names of functions and operators that PostgreSQL does not mark as immutable."""
    found = {
        function_name(node)
        for node in nodes_in(value)
        if isinstance(node, ast.FuncCall) and function_name(node) not in IMMUTABLE
    }
    for node in nodes_in(value):
        is_interval = isinstance(node, ast.A_Expr) and any(
            isinstance(side, ast.TypeCast) and side.typeName.names[-1].sval == "interval"
            for side in (node.lexpr, node.rexpr)
        )
        # An instant without a time zone, and an interval: immutable.
        if is_interval and not any(
            isinstance(part, ast.FuncCall) and function_name(part) == "timezone" for part in (node.lexpr, node.rexpr)
        ):
            found.add("interval")
    return found


@cache
def run_on_citus() -> dict[str, Statement]:
    """Return the statements by name: those of the other rules, and a page for each filter of the lists."""
    lists = {name.partition(" PageShape")[0]: page for name, page in all_statements() if name.startswith("list ")}
    return {name: statement for name, statement in (STATEMENTS | lists).items() if name not in ONE_SERVER}


@cache
def levels_by_statement() -> dict[str, list[Level]]:
    return {name: levels_of(statement) for name, statement in run_on_citus().items()}


def every_level() -> Iterator[tuple[str, Level]]:
    for name, levels in levels_by_statement().items():
        yield from ((name, level) for level in levels)


@pytest.mark.spec("CIT-010")
def test_every_distributed_table_is_limited_to_the_user_at_its_level() -> None:
    unlimited = {
        (name, alias)
        for name, level in every_level()
        if name not in ACROSS_SHARDS
        for alias, table in level.tables.items()
        if table in DISTRIBUTED and not isinstance(level.node, ast.InsertStmt)
        if f"{alias}.user_id" not in equal_to(user_parameter(run_on_citus()[name]), level)
    }

    assert unlimited == set()


@pytest.mark.spec("CIT-010")
def test_every_new_row_of_a_distributed_table_gets_the_user_parameter() -> None:
    others = {
        name
        for name, level in every_level()
        if isinstance(level.node, ast.InsertStmt)
        if level.node.relation.relname in DISTRIBUTED and name not in ACROSS_SHARDS
        if not inserts_for_user(level.node, user_parameter(run_on_citus()[name]), inserted_users(run_on_citus()[name]))
    }

    assert others == set()


@pytest.mark.spec("CIT-011")
def test_no_update_or_deletion_computes_with_what_changes() -> None:
    changing = {}
    for name, level in every_level():
        node = level.node
        if isinstance(node, ast.InsertStmt):
            conflict = node.onConflictClause
            values = written_values(conflict) if conflict else []
        else:
            values = written_values(node) if isinstance(node, ast.UpdateStmt | ast.DeleteStmt) else []
            # now() by itself is computed once, on the coordinator.
            values = [value for value in values if has_column(value)]
        found = set().union(*(changing_functions(value) for value in values), *map(changing_functions, returned(node)))
        if found:
            changing[name] = found

    assert changing == {}


def returned(node: Any) -> Sequence[Any]:
    return getattr(node, "returningList", None) or ()


@pytest.mark.spec("CIT-012")
def test_no_insert_has_a_subquery_in_its_result() -> None:
    subqueries = {
        name
        for name, level in every_level()
        if isinstance(level.node, ast.InsertStmt)
        if any(isinstance(node, ast.SubLink) for node in nodes_in(tuple(returned(level.node))))
    }

    assert subqueries == set()


@pytest.mark.spec("CIT-013")
def test_no_statement_locks_rows_across_shards() -> None:
    locking = {
        name for name, level in every_level() if name in ACROSS_SHARDS and getattr(level.node, "lockingClause", None)
    }

    assert locking == set()


@pytest.mark.spec("CIT-014")
def test_no_statement_reads_the_coordinator_and_the_workers() -> None:
    mixed = {
        name
        for name, levels in levels_by_statement().items()
        if (tables := {table for level in levels for table in level.tables.values()}) & DISTRIBUTED
        and tables & LOCAL_TABLES
    }

    assert mixed == set()


@pytest.mark.spec("CIT-015")
def test_every_plan_of_a_write_comes_after_its_snapshot() -> None:
    planned = [write for write in run_on_citus().values() if isinstance(write, Write) and not write.always_changes]

    assert planned
    for write in planned:
        first = parse(write).withClause.ctes[0]
        assert first.ctename == "snapshot"
        assert first.ctematerialized.name == "CTEMaterializeAlways"


@pytest.mark.spec("CIT-015")
@pytest.mark.parametrize("kind", [ast.InsertStmt, ast.DeleteStmt])
def test_rows_are_written_after_the_rows_that_they_refer_to(kind: Any) -> None:
    for name, statement in run_on_citus().items():
        clause = getattr(parse(statement), "withClause", None)
        written = [
            cte.ctequery.relation.relname for cte in (clause.ctes if clause else ()) if isinstance(cte.ctequery, kind)
        ]
        written = written if kind is ast.InsertStmt else written[::-1]
        for position, table in enumerate(written):
            later = set(written[position + 1 :])
            keys = Base.metadata.tables[table].foreign_key_constraints
            assert not {key.referred_table.name for key in keys} & later, name


@pytest.mark.spec("CIT-016")
def test_every_table_has_a_place_in_a_cluster() -> None:
    assert REFERENCE_TABLES.isdisjoint(LOCAL_TABLES)
    assert Base.metadata.tables.keys() > REFERENCE_TABLES | LOCAL_TABLES
    for table in distributed_tables():
        unique: list[Any] = [
            table.primary_key,
            *(item for item in table.constraints if isinstance(item, UniqueConstraint)),
        ]
        unique += [index for index in table.indexes if index.unique]
        assert all("user_id" in item.columns for item in unique), table.name
        assert next(iter(table.primary_key)).name == "user_id", table.name
        for key in table.foreign_key_constraints:
            is_colocated = ("user_id", "user_id") in zip(
                key.column_keys, (element.column.name for element in key.elements), strict=True
            )
            assert is_colocated or key.referred_table.name in REFERENCE_TABLES, key.name
    for name in REFERENCE_TABLES | LOCAL_TABLES:
        for key in Base.metadata.tables[name].foreign_key_constraints:
            assert key.referred_table.name in REFERENCE_TABLES | LOCAL_TABLES, key.name
