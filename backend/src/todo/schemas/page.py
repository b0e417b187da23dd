"""A page of a longer list."""

from typing import Annotated, Generic, TypeVar

from pydantic import Field
from typing_extensions import TypedDict

Item = TypeVar("Item")


class Page(TypedDict, Generic[Item]):
    """The items of one page and how many there are in all; `pages` is 0 when `total` is."""

    items: list[Item]
    total: Annotated[int | None, Field(examples=[1], description="Null when it was not asked for.")]
    page: Annotated[int | None, Field(examples=[1], description="Null when the page was asked for by a cursor.")]
    limit: Annotated[int, Field(examples=[20])]
    pages: Annotated[int | None, Field(examples=[1], description="Null when the total is.")]
    next_cursor: Annotated[
        str | None, Field(examples=[None], description="What to send as `cursor` for what comes next, if any.")
    ]


def make_page(
    items: list[Item], *, total: int | None, page: int | None, limit: int, next_cursor: str | None
) -> Page[Item]:
    """Return the page, with the number of pages worked out."""
    pages = None if total is None else -(-total // limit)
    return Page(items=items, total=total, page=page, limit=limit, pages=pages, next_cursor=next_cursor)
