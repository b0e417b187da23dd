"""Statements on the history: pages of changes, whole batches, and marks of undone changes."""

from functools import cache

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    any_,
    bindparam,
    func,
    literal_column,
    null,
    select,
    update,
)

from todo.core.database.statement import Statement
from todo.models import AccessToken, LoginSession
from todo.services.shared.log.writes import CHANGES, USER_ID
from todo.services.shared.tables import table_of

LOGIN_SESSIONS, TOKENS = table_of(LoginSession), table_of(AccessToken)
SEQ = bindparam("seq", type_=BigInteger)
TYPES = bindparam("types", type_=ARRAY(Text))
LIMIT = bindparam("limit", type_=BigInteger)
BIGINT_END: ColumnElement[int] = literal_column("9223372036854775807")


def _entries() -> Select[tuple[object, ...]]:
    """Return the changes of a user with the names of their login sessions and personal access tokens."""
    user_agent = (
        select(LOGIN_SESSIONS.c.user_agent)
        .where(LOGIN_SESSIONS.c.user_id == USER_ID, LOGIN_SESSIONS.c.id == CHANGES.c.login_session_id)
        .scalar_subquery()
    )
    token_name = (
        select(TOKENS.c.name)
        .where(TOKENS.c.user_id == USER_ID, TOKENS.c.id == CHANGES.c.access_token_id)
        .scalar_subquery()
    )
    return select(*CHANGES.c, func.coalesce(user_agent, token_name).label("actor_name")).where(
        CHANGES.c.user_id == USER_ID, CHANGES.c.seq < SEQ
    )


SELECT_CHANGES = Statement(_entries().where(CHANGES.c.type == any_(TYPES)).order_by(CHANGES.c.seq.desc()).limit(LIMIT))
SELECT_CHANGES_OF = Statement(
    _entries()
    .where(CHANGES.c.type == bindparam("type", type_=Text), CHANGES.c.id == bindparam("id", type_=BigInteger))
    .order_by(CHANGES.c.seq.desc())
    .limit(LIMIT)
)
"""Both return the changes with a number below `seq`, the newest first."""


@cache
def select_batch() -> Statement:
    """Return the statement that reads the changes of a batch, whose numbers are consecutive."""
    later = CHANGES.alias("later")
    batch = bindparam("batch", type_=BigInteger)
    end = (
        select(later.c.seq)
        .where(later.c.user_id == USER_ID, later.c.seq > batch, later.c.batch != batch)
        .order_by(later.c.seq)
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    return Statement(
        select(*CHANGES.c)
        .where(CHANGES.c.user_id == USER_ID, CHANGES.c.seq >= batch, CHANGES.c.seq < func.coalesce(end, BIGINT_END))
        .order_by(CHANGES.c.seq)
    )


SELECT_CHANGE = Statement(select(*CHANGES.c).where(CHANGES.c.user_id == USER_ID, CHANGES.c.seq == SEQ))
MARK_DELETIONS = Statement(
    update(CHANGES)
    .where(
        CHANGES.c.user_id == USER_ID,
        CHANGES.c.type == bindparam("type", type_=Text),
        CHANGES.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger))),
        CHANGES.c.action == literal_column("'delete'"),
        CHANGES.c.undone_by.is_(None),
    )
    .values(undone_by=bindparam("undone_by", type_=BigInteger))
)
"""Marks all deletions of resources that exist again."""
SET_UNDONE_BY = Statement(
    update(CHANGES)
    .where(CHANGES.c.user_id == USER_ID, CHANGES.c.seq == any_(bindparam("seqs", type_=ARRAY(BigInteger))))
    .values(undone_by=bindparam("undone_by", type_=BigInteger))
)
CLEAR_UNDONE_BY = Statement(
    update(CHANGES)
    .where(CHANGES.c.user_id == USER_ID, CHANGES.c.seq == any_(bindparam("seqs", type_=ARRAY(BigInteger))))
    .values(undone_by=null(), deleted_again=CHANGES.c.action == literal_column("'delete'"))
)
"""Reopens changes whose undo was undone. Their deletions are marked, because the resource was deleted again."""
