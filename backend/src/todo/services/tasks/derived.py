"""Values that the service derives from the fields of a task and stores beside them (ADR 0045)."""

from collections.abc import Iterable, Mapping

from todo.domain.text import fold, sort_key

SEARCHED_FIELDS = {"title": "search_title", "description": "search_description"}
"""By field, the parameter for its folded text in the search table."""


def column_values(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the values of the columns of `tasks`: the fields, and the sort key of a title among them."""
    title = fields.get("title")
    return {**fields, "title_key": sort_key(title)} if isinstance(title, str) else {**fields}


def search_values(fields: Mapping[str, object]) -> dict[str, str]:
    """Return the folded texts for the search table, of the fields that searches look in."""
    return {
        parameter: fold(str(fields[field] or "")) for field, parameter in SEARCHED_FIELDS.items() if field in fields
    }


def column_names(fields: Iterable[str]) -> list[str]:
    """Return the names of the columns that `column_values` writes for these fields."""
    names = list(fields)
    return [*names, "title_key"] if "title" in names else names
