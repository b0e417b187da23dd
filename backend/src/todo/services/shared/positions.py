"""Positions in statements: the key of a row (ADR 0064)."""

from typing import Any

from sqlalchemy import ColumnElement, Text, func, literal_column

from todo.domain.projects.position import SIGN, key_of_id
from todo.services.shared.lists import Columns


def key_of(columns: Columns) -> ColumnElement[str]:
    """Return the key of a row, as `domain.projects.position.key_of_id` computes it for a row without a position."""
    digits = func.lpad(func.to_hex(columns["id"]), literal_column("16"), literal_column("'0'"))
    default = literal_column(f"'{SIGN[True]}'", Text).concat(digits)
    return func.coalesce(columns["position"], default, type_=Text).collate("C")


def public_position(row: dict[str, Any]) -> str:
    """Return the key of a row as clients read it."""
    position: str | None = row["position"]
    return key_of_id(row["id"]) if position is None else position
