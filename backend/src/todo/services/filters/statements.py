"""Statements on saved filters."""

from functools import cache

from sqlalchemy import ARRAY, BigInteger, Integer, any_, bindparam, func, select, true

from todo.core.database.statement import Statement
from todo.models import SavedFilter
from todo.models.saved_filter import OWNER_EXISTS
from todo.schemas.saved_filter import FilterFields, FilterPublic
from todo.services.authentication import InvalidTokenError
from todo.services.shared.log.row_writes import ROW_ID, RowWrites
from todo.services.shared.log.writes import USER_ID, Write
from todo.services.shared.positions import key_of
from todo.services.shared.tables import binds_of, columns_of, table_of

FILTERS = table_of(SavedFilter)
FILTER = "filter"
"""The type of saved filters in the change log."""
COLUMNS = columns_of(FILTERS, FilterPublic)
LOGGED_FIELDS = [*FilterFields.model_fields, "position"]
"""The fields in the log of a new and of a changed filter."""
IS_OWN = FILTERS.c.user_id == USER_ID
WRITES = RowWrites(
    table=FILTERS, entity=FILTER, columns=COLUMNS, fields=LOGGED_FIELDS, violations={OWNER_EXISTS: InvalidTokenError}
)
RESTORE_FILTERS, REVERT_FILTERS, REMOVE_FILTERS = WRITES.restore, WRITES.revert, WRITES.remove


def _insert_filter() -> Write:
    count = select(func.count()).select_from(FILTERS).where(IS_OWN).scalar_subquery()
    plan = select(true().label("is_changed")).where(count < bindparam("max_filters", type_=Integer)).cte("plan")
    return WRITES.insert(plan, binds_of(FILTERS, FilterFields.model_fields))


INSERT_FILTER = _insert_filter()
"""Returns no row if the user has `max_filters` filters."""


@cache
def update_filter(fields: frozenset[str], *, conditional: bool) -> Write:
    """Return the write of these fields of one filter; a conditional one has the parameter `entity_tags`."""
    return WRITES.update(fields, conditional=conditional)


SELECT_FILTER = Statement(select(*COLUMNS).where(IS_OWN, FILTERS.c.id == ROW_ID))
SELECT_FILTERS = Statement(select(*COLUMNS).where(IS_OWN).order_by(key_of(FILTERS.c), FILTERS.c.id))
SELECT_FILTERS_BY_IDS = Statement(
    select(*COLUMNS).where(IS_OWN, FILTERS.c.id == any_(bindparam("ids", type_=ARRAY(BigInteger))))
)
SELECT_FILTERS_AFTER = Statement(
    select(*COLUMNS)
    .where(IS_OWN, FILTERS.c.id > ROW_ID)
    .order_by(FILTERS.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)
